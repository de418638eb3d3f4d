import { buildModel, type Graph } from '../../scripts/onnx-builder.ts';
import { changeModel, moveToFile } from '../support/models.ts';
import { model } from '../support/node.ts';
import { attr, graphDef, placeholder } from '../support/tensorflow-graphs.ts';

const weights: Graph = {
  name: 'weights',
  inputs: [{ name: 'x', type: 'float', shape: [2] }],
  outputs: [{ name: 'y', type: 'float', shape: [2] }],
  operators: [{ type: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
  initializers: [{ name: 'w', shape: [2], data: Float32Array.of(1, 2) }],
};
const five: Graph = {
  name: 'five',
  inputs: [{ name: '0', type: 'float', shape: [5] }],
  outputs: [{ name: '1', type: 'float', shape: [5] }],
  operators: [{ type: 'Neg', inputs: ['0'], outputs: ['1'] }],
};
/** What the words of a table in angle brackets stand for. */
export const BYTES: Record<string, string | Uint8Array> = {
  '<>': '',
  '<nul>': 'a\0b',
  '<mul>': model('mul'),
  '<external>': changeModel(buildModel(weights), ({ graph }) => moveToFile(graph.initializer[0])),
  '<tf>': graphDef(placeholder('a'), placeholder('b'), {
    name: 'mul',
    op: 'Mul',
    input: ['a', 'b'],
    attr: { T: attr.type('float') },
  }),
  '<script>': 'def bar(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[0]\n',
  '<plain>': 'def bar(a, b):\n    return a + b\n',
  '<untyped>': 'def bar(tensors: Tensor, keys: List[str], args: List[str]):\n    return tensors\n',
};

/** Puts values of each kind under the keys that the tables of errors name. */
export const PREPARE: (string | number | Uint8Array)[][] = [
  ['SET', 's', 'v'],
  ['AI.TENSORSET', 'a', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4],
  ['AI.TENSORSET', 'b', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4],
  ['AI.TENSORSET', 'i', 'INT32', 2, 2],
  ['AI.TENSORSET', 'one', 'FLOAT', 1],
  ['AI.TENSORSET', 'three', 'FLOAT', 3],
  ['AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul')],
  ['AI.MODELSTORE', 'rows', 'ONNX', 'CPU', 'BATCHSIZE', 4, 'MINBATCHSIZE', 4, 'BLOB', model('sum_rows')],
  ['AI.MODELSTORE', 'five', 'ONNX', 'CPU', 'BLOB', buildModel(five)],
  ['AI.MODELSTORE', 'loop', 'ONNX', 'CPU:1', 'BLOB', model('endless_loop')],
  ['AI.SCRIPTSTORE', 'sc', 'CPU', 'ENTRY_POINTS', 1, 'bar', 'SOURCE', BYTES['<script>'] as string],
  ['AI.SCRIPTSET', 'old', 'CPU', 'SOURCE', BYTES['<plain>'] as string],
];
