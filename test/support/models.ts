import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { buildModel } from '../../scripts/onnx-builder.ts';

const schema = protobuf.parse(
  readFileSync(new URL('../../src/backends/onnx-graph/onnx.proto', import.meta.url), 'utf8'),
).root;

/** A message of onnx.proto by name, such as TensorProto. */
export function onnxMessage(name: string): protobuf.Type {
  return schema.lookupType(`onnx.${name}`);
}

/** A ModelProto as protobufjs gives it, as far as tests change it. */
export interface ModelMessage {
  opsetImport: { domain: string; version: number }[];
  graph: GraphMessage;
}

export interface GraphMessage {
  node: { opType: string; input: string[]; output: string[]; attribute: object[] }[];
  initializer: TensorMessage[];
}

export interface TensorMessage {
  name: string;
  rawData?: Uint8Array;
  dataLocation?: number;
  externalData?: { key: string; value: string }[];
}

/** The model with a change that the builder would not make. */
export function changeModel(bytes: Uint8Array, change: (model: ModelMessage) => void): Uint8Array {
  const ModelProto = onnxMessage('ModelProto');
  const message = ModelProto.toObject(ModelProto.decode(bytes)) as ModelMessage;
  change(message);
  return ModelProto.encode(ModelProto.fromObject(message)).finish();
}

/** Makes the tensor one whose bytes lie in a file of the folder that the tests run in. */
export function moveToFile(tensor: TensorMessage | undefined): void {
  if (tensor === undefined) throw new Error('no such tensor');
  delete tensor.rawData;
  tensor.dataLocation = 1;
  tensor.externalData = [
    { key: 'location', value: 'package.json' },
    { key: 'length', value: '8' },
  ];
}

/** A model of one operator such as Neg: input `x` FLOAT [N, 2], output `y` of the same shape. */
export function oneOperator(type: string): Uint8Array {
  return buildModel({
    name: type,
    inputs: [{ name: 'x', type: 'float', shape: ['N', 2] }],
    outputs: [{ name: 'y', type: 'float', shape: ['N', 2] }],
    operators: [{ type, inputs: ['x'], outputs: ['y'] }],
  });
}

/**
 * A model that takes as long as its input says: inputs `x` FLOAT [N] and `rounds` INT64 [1], output `y` = `x` with its sign changed that
 * often. About 1 us a round.
 */
export function countedLoop(): Uint8Array {
  return buildModel({
    name: 'counted_loop',
    inputs: [
      { name: 'x', type: 'float', shape: ['N'] },
      { name: 'rounds', type: 'int64', shape: [1] },
    ],
    outputs: [{ name: 'y', type: 'float', shape: ['N'] }],
    initializers: [{ name: 'go', shape: [], data: true }],
    operators: [
      {
        type: 'Loop',
        inputs: ['rounds', 'go', 'x'],
        outputs: ['y'],
        attributes: {
          body: {
            name: 'body',
            inputs: [
              { name: 'round', type: 'int64', shape: [] },
              { name: 'go_in', type: 'bool', shape: [] },
              { name: 'value_in', type: 'float', shape: ['N'] },
            ],
            outputs: [
              { name: 'go_out', type: 'bool', shape: [] },
              { name: 'value_out', type: 'float', shape: ['N'] },
            ],
            operators: [
              { type: 'Identity', inputs: ['go_in'], outputs: ['go_out'] },
              { type: 'Neg', inputs: ['value_in'], outputs: ['value_out'] },
            ],
          },
        },
      },
    ],
  });
}
