import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { seededRandom } from './onnx-builder.ts';

const schema = protobuf.parse(
  readFileSync(new URL('../src/backends/tensorflow/graph.proto', import.meta.url), 'utf8'),
).root;
const GraphDef = schema.lookupType('tensorflow.GraphDef');

const FLOAT = 1;
const INT32 = 3;
const [INPUTS, UNITS] = [8, 32];
const float = { T: { type: FLOAT } };

interface Node {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: object;
}

/**
 * The bytes of a GraphDef of about this many nodes: an LSTM of 32 units whose loop was unrolled, as TensorFlow 1's static_rnn writes it. Takes
 * `x`, [any, steps, 8] floats, and gives `y`, the last output.
 */
export function buildUnrolledLstm(nodes: number): Buffer {
  const steps = Math.max(1, Math.round(nodes / step('', '', '').length));
  const graph: Node[] = [
    { name: 'x', op: 'Placeholder', attr: { dtype: { type: FLOAT }, shape: shape(-1, steps, INPUTS) } },
    floats('w', [INPUTS + UNITS, 4 * UNITS]),
    floats('b', [4 * UNITS]),
    floats('zeros', [1, UNITS], 0),
    int('axis', 1),
    { name: 'parts', op: 'Unpack', input: ['x'], attr: { ...float, axis: { i: 1 }, num: { i: steps } } },
    { name: 'first', op: 'Slice', input: ['parts', 'begin', 'size'], attr: float },
    ints('begin', [0, 0]),
    ints('size', [-1, 1]),
    { name: 'nothing', op: 'ZerosLike', input: ['first'], attr: float },
    { name: 'state', op: 'AddV2', input: ['nothing', 'zeros'], attr: float },
  ];
  for (let t = 0; t < steps; t++) {
    const before = t === 0 ? ['state', 'state'] : [`cell_${t - 1}/c`, `cell_${t - 1}/h`];
    graph.push(...step(`cell_${t}/`, `parts:${t}`, ...(before as [string, string])));
  }
  graph.push({ name: 'y', op: 'Identity', input: [`cell_${steps - 1}/h`], attr: float });
  const message = GraphDef.fromObject({ node: graph, versions: { producer: 1395 } });
  return Buffer.from(GraphDef.encode(message).finish());
}

function step(at: string, x: string, c: string, h = c): Node[] {
  const node = (name: string, op: string, ...input: string[]): Node => ({
    ...{ name: `${at}${name}`, op, input },
    attr: float,
  });
  return [
    { ...node('both', 'ConcatV2', x, h, 'axis'), attr: { ...float, N: { i: 2 } } },
    node('dense', 'MatMul', `${at}both`, 'w'),
    node('gates', 'BiasAdd', `${at}dense`, 'b'),
    { ...node('split', 'Split', 'axis', `${at}gates`), attr: { ...float, num_split: { i: 4 } } },
    int(`${at}one`, 1),
    { ...node('bias', 'Cast', `${at}one`), attr: { SrcT: { type: INT32 }, DstT: { type: FLOAT } } },
    node('forget', 'AddV2', `${at}split:2`, `${at}bias`),
    node('f', 'Sigmoid', `${at}forget`),
    node('i', 'Sigmoid', `${at}split`),
    node('j', 'Tanh', `${at}split:1`),
    node('o', 'Sigmoid', `${at}split:3`),
    node('kept', 'Mul', c, `${at}f`),
    node('new', 'Mul', `${at}i`, `${at}j`),
    node('c', 'AddV2', `${at}kept`, `${at}new`),
    node('tanh', 'Tanh', `${at}c`),
    node('h', 'Mul', `${at}tanh`, `${at}o`),
  ];
}

function shape(...sizes: number[]): object {
  return { shape: { dim: sizes.map((size) => ({ size })) } };
}

function constant(name: string, dtype: number, sizes: readonly number[], values: object): Node {
  const tensor = { dtype, tensorShape: { dim: sizes.map((size) => ({ size })) }, ...values };
  return { name, op: 'Const', attr: { dtype: { type: dtype }, value: { tensor } } };
}

function floats(name: string, sizes: readonly number[], scale = 0.2): Node {
  const random = seededRandom(sizes.length);
  const count = sizes.reduce((a, b) => a * b, 1);
  return constant(name, FLOAT, sizes, {
    floatVal: Array.from({ length: count }, () => scale * (random() - 0.5)),
  });
}

function int(name: string, value: number): Node {
  return constant(name, INT32, [], { intVal: [value] });
}

function ints(name: string, values: readonly number[]): Node {
  return constant(name, INT32, [values.length], { intVal: values });
}
