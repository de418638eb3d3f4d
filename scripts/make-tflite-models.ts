// Writes the TensorFlow Lite models of the tests, test/models/*.tflite.
import { writeFileSync } from 'node:fs';
import { buildTflite, bytesOf, type Tensor, TYPES } from './tflite-builder.ts';

const ROWS = { shape: [1, 2], signature: [-1, 2] };
const float = (name: string, more: Partial<Tensor> = {}): Tensor => ({
  name,
  type: 'float',
  shape: [1, 2],
  ...more,
});
const pair = (type: 'add' | 'mul') => ({
  tensors: [float('a', ROWS), float('b', ROWS), float('c', ROWS)],
  inputs: ['a', 'b'],
  outputs: ['c'],
  operators: [{ type, inputs: ['a', 'b'], outputs: ['c'] }],
});

/** Gives back what it gets, one tensor of each type. */
function copies(): Buffer {
  const types = Object.keys(TYPES) as (keyof typeof TYPES)[];
  const rows: Tensor = { name: 'rows', type: 'int32', shape: [2], data: bytesOf(Int32Array.of(-1, 2)) };
  const input = (type: keyof typeof TYPES): Tensor => ({ name: `${type}_in`, type, ...ROWS });
  const output = (type: keyof typeof TYPES): Tensor => ({ name: `${type}_out`, type, ...ROWS });
  return buildTflite([
    {
      tensors: [rows, ...types.map(input), ...types.map(output)],
      inputs: types.map((type) => `${type}_in`),
      outputs: types.map((type) => `${type}_out`),
      operators: types.map((type) => ({
        type: 'reshape',
        inputs: [`${type}_in`, 'rows'],
        outputs: [`${type}_out`],
      })),
    },
  ]);
}

/** Adds its input to a state that begins at zero. */
const running = buildTflite([
  {
    tensors: [
      float('x', { shape: [1, 1] }),
      float('w', { shape: [1, 1], data: bytesOf(Float32Array.of(1)) }),
      float('r', { shape: [1, 1], data: bytesOf(Float32Array.of(1)) }),
      float('bias', { shape: [1], data: bytesOf(Float32Array.of(0)) }),
      float('state', { shape: [1, 1], isVariable: true }),
      float('y', { shape: [1, 1] }),
    ],
    inputs: ['x'],
    outputs: ['y'],
    operators: [
      {
        type: 'rnn',
        inputs: ['x', 'w', 'r', 'bias', 'state'],
        outputs: ['y'],
        options: { type: 6, fields: {} },
      },
    ],
  },
]);

/** Where a condition is true: as many rows as that is. */
const where = buildTflite([
  {
    tensors: [
      { name: 'condition', type: 'bool', shape: [4] },
      { name: 'places', type: 'int64', shape: [1, 1] },
    ],
    inputs: ['condition'],
    outputs: ['places'],
    operators: [{ type: 'where', inputs: ['condition'], outputs: ['places'] }],
  },
]);

/** Takes two rows, whatever it gets. */
const fixed = buildTflite([
  {
    tensors: [
      float('x', { shape: [1, 2] }),
      { name: 'shape', type: 'int32', shape: [2], data: bytesOf(Int32Array.of(2, 1)) },
      float('y', { shape: [2, 1] }),
    ],
    inputs: ['x'],
    outputs: ['y'],
    operators: [{ type: 'reshape', inputs: ['x', 'shape'], outputs: ['y'] }],
  },
]);

/** The sum of two bytes: one unsigned 8-bit operator, of those that run faster in WASM. */
const unsigned = buildTflite([
  {
    tensors: [
      { name: 'x', type: 'uint8', shape: [1, 2], signature: [-1, 2], scale: 1 },
      { name: 'w', type: 'uint8', shape: [1, 2], data: Uint8Array.of(1, 1), scale: 1 },
      { name: 'bias', type: 'int32', shape: [1], data: bytesOf(Int32Array.of(0)), scale: 1 },
      { name: 'y', type: 'uint8', shape: [1, 1], signature: [-1, 1], scale: 2 },
    ],
    inputs: ['x'],
    outputs: ['y'],
    operators: [
      {
        type: 'fullyConnected',
        inputs: ['x', 'w', 'bias'],
        outputs: ['y'],
        options: { type: 8, fields: {} },
      },
    ],
  },
]);

const models = {
  add: buildTflite([pair('add')]),
  mul: buildTflite([pair('mul')]),
  two_signatures: buildTflite(
    [pair('add'), pair('mul')],
    [
      ['product', 1],
      ['sum', 0],
    ],
  ),
  copies: copies(),
  running,
  where,
  fixed,
  unsigned,
};
for (const [name, bytes] of Object.entries(models)) {
  writeFileSync(new URL(`../test/models/${name}.tflite`, import.meta.url), bytes);
}
