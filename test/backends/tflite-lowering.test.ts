import { expect, test } from 'vitest';
import {
  buildTflite,
  bytesOf,
  type Tensor as ModelTensor,
  type Operator,
} from '../../scripts/tflite-builder.ts';
import type { Session } from '../../src/backends/backend.ts';
import { lowerQuantized } from '../../src/backends/tflite/lowering/lower-quantized.ts';
import { openLoweredSession } from '../../src/backends/tflite/lowering/lowered-session.ts';
import { openNativeRuntime } from '../../src/backends/tflite/native/native-runtime.ts';
import { openTfliteSession } from '../../src/backends/tflite/tflite-session.ts';
import { allocateShared } from '../../src/tensors/shared-memory.ts';
import { elementCount, type Tensor, tensorBytes } from '../../src/tensors/tensor.ts';
import { randomFrom } from '../faults/writers.ts';

const ONE_THREAD = { intraOpParallelism: 1, interOpParallelism: 1 };
const random = randomFrom(5);

const bytes = (count: number) => Uint8Array.from({ length: count }, () => random(256));
const activations = (name: string, shape: readonly number[], scale = 0.05, zeroPoint = 120): ModelTensor => ({
  ...{ name, type: 'uint8', shape, signature: [-1, ...shape.slice(1)], scale, zeroPoint },
});
const weights = (name: string, shape: readonly number[], scale = 0.01): ModelTensor => ({
  ...{ name, type: 'uint8', shape, data: bytes(elementCount(shape)), scale, zeroPoint: 131 },
});
const bias = (count: number, scale: number): ModelTensor => ({
  ...{ name: 'bias', type: 'int32', shape: [count], scale },
  data: bytesOf(Int32Array.from({ length: count }, () => random(2000) - 1000)),
});
const integers = (name: string, shape: readonly number[], elements: readonly number[]): ModelTensor => ({
  ...{ name, type: 'int32', shape, data: bytesOf(Int32Array.from(elements)) },
});

interface Case {
  readonly name: string;
  readonly type: Operator['type'];
  readonly inputs: readonly ModelTensor[];
  readonly output: ModelTensor;
  readonly options?: Operator['options'];
}

const image = activations('x', [1, 9, 7, 4]);
const i32 = (value: number) => ({ i32: value });
const u8 = (value: number) => ({ u8: value });
const [SAME, VALID] = [0, 1];
const [NONE, RELU, RELU6] = [0, 1, 3];

function conv(
  name: string,
  padding: number,
  stride: number,
  dilation: number,
  activation: number,
  out: number[],
): Case {
  return {
    name: `conv ${name}`,
    type: 'conv',
    inputs: [image, weights('w', [5, 3, 2, 4]), bias(5, 0.05 * 0.01)],
    output: activations('y', out, 0.03, 90),
    options: {
      type: 1,
      fields: {
        ...{
          0: u8(padding),
          1: i32(stride),
          2: i32(stride),
          3: u8(activation),
          4: i32(dilation),
          5: i32(dilation),
        },
      },
    },
  };
}

function pool(type: 'averagePool' | 'maxPool', padding: number, out: number[]): Case {
  const fields = { 0: u8(padding), 1: i32(2), 2: i32(1), 3: i32(3), 4: i32(2), 5: u8(NONE) };
  return {
    name: `${type} ${padding}`,
    type,
    inputs: [image],
    output: activations('y', out),
    options: { type: 5, fields },
  };
}

const other = activations('z', [1, 9, 7, 4], 0.02, 30);
const half = { 0: u8(NONE) };
const CASES: readonly Case[] = [
  conv('same', SAME, 2, 1, NONE, [1, 5, 4, 5]),
  conv('valid', VALID, 1, 1, RELU, [1, 7, 6, 5]),
  conv('dilated', SAME, 1, 2, RELU6, [1, 9, 7, 5]),
  {
    name: 'depthwise conv, two channels of each',
    type: 'depthwiseConv',
    inputs: [image, weights('w', [1, 3, 3, 8]), bias(8, 0.05 * 0.01)],
    output: activations('y', [1, 5, 4, 8], 0.03),
    options: {
      type: 2,
      fields: { 0: u8(SAME), 1: i32(2), 2: i32(2), 3: i32(2), 4: u8(RELU6), 5: i32(1), 6: i32(1) },
    },
  },
  pool('averagePool', SAME, [1, 9, 4, 4]),
  pool('averagePool', VALID, [1, 8, 3, 4]),
  pool('maxPool', SAME, [1, 9, 4, 4]),
  {
    name: 'dense',
    type: 'fullyConnected',
    inputs: [activations('x', [1, 30]), weights('w', [6, 30]), bias(6, 0.05 * 0.01)],
    output: activations('y', [1, 6], 0.1),
    options: { type: 8, fields: half },
  },
  {
    name: 'dense of an image',
    type: 'fullyConnected',
    inputs: [activations('x', [1, 3, 5, 2]), weights('w', [6, 30]), bias(6, 0.05 * 0.01)],
    output: activations('y', [1, 6], 0.1),
    options: { type: 8, fields: { 0: u8(RELU) } },
  },
  ...(['add', 'sub', 'mul'] as const).map((type, i) => ({
    ...{ name: type, type, inputs: [image, other], output: activations('y', [1, 9, 7, 4], 0.09, 100) },
    options: { type: [11, 28, 21][i] as number, fields: { 0: u8([NONE, RELU, RELU6][i] as number) } },
  })),
  ...[3, -1, 1].map((axis) => ({
    name: `concatenation ${axis}`,
    type: 'concatenation' as const,
    inputs: [image, { ...other, scale: 0.05, zeroPoint: 120 }],
    output: activations('y', axis === 1 ? [1, 18, 7, 4] : [1, 9, 7, 8]),
    options: { type: 10, fields: { 0: i32(axis), 1: u8(NONE) } },
  })),
  {
    name: 'reshape',
    type: 'reshape',
    inputs: [image, integers('shape', [2], [1, 252])],
    output: activations('y', [1, 252]),
  },
  {
    name: 'squeeze',
    type: 'squeeze',
    inputs: [activations('x', [1, 1, 1, 9])],
    output: activations('y', [1, 9]),
    options: { type: 30, fields: { 0: Int32Array.of(1, 2) } },
  },
  {
    name: 'softmax',
    type: 'softmax',
    inputs: [activations('x', [1, 20])],
    output: activations('y', [1, 20], 1 / 256, 0),
    options: { type: 9, fields: { 0: { f32: 1 } } },
  },
  { name: 'logistic', type: 'logistic', inputs: [image], output: activations('y', [1, 9, 7, 4], 1 / 256, 0) },
  { name: 'relu', type: 'relu', inputs: [image], output: activations('y', [1, 9, 7, 4], 0.03, 10) },
  {
    name: 'pad',
    type: 'pad',
    inputs: [image, integers('pads', [4, 2], [0, 0, 1, 2, 0, 1, 0, 0])],
    output: activations('y', [1, 12, 8, 4]),
  },
  ...[1, 0].map((keepDims) => ({
    name: `mean ${keepDims}`,
    type: 'mean' as const,
    inputs: [image, integers('axes', [2], [1, 2])],
    output: activations('y', keepDims ? [1, 1, 1, 4] : [1, 4], 0.04, 117),
    options: { type: 27, fields: { 0: u8(keepDims) } },
  })),
  { name: 'quantize', type: 'quantize', inputs: [image], output: activations('y', [1, 9, 7, 4], 0.1, 64) },
];

function modelOf({ type, inputs, output, options }: Case): Buffer {
  const names = inputs.map(({ name }) => name);
  return buildTflite([
    {
      tensors: [...inputs, output],
      inputs: inputs.filter(({ data }) => data === undefined).map(({ name }) => name),
      outputs: [output.name],
      operators: [{ type, inputs: names, outputs: [output.name], ...(options && { options }) }],
    },
  ]);
}

function someTensor(shape: readonly number[]): Tensor {
  const byteLength = elementCount(shape);
  const buffer = allocateShared(byteLength);
  new Uint8Array(buffer).set(bytes(byteLength));
  return { dtype: 'UINT8', shape, buffer, byteOffset: 0, byteLength };
}

async function compare(lowered: Session, library: Session, inputs: readonly Tensor[]): Promise<void> {
  const [own, reference] = await Promise.all([lowered.run(inputs), library.run(inputs)]);
  expect(own.map(({ dtype, shape }) => [dtype, shape])).toEqual(
    reference.map(({ dtype, shape }) => [dtype, shape]),
  );
  const [a, b] = [own, reference].map(([tensor]) => tensorBytes(tensor as Tensor)) as [
    Uint8Array,
    Uint8Array,
  ];
  expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))))).toBeLessThanOrEqual(1);
}

test.each(CASES)('$name is the same as in the library, within a step', async (one) => {
  const model = modelOf(one);
  const lowered = await openLoweredSession(model, ONE_THREAD);
  const library = await openTfliteSession(openNativeRuntime(), model, 1);
  if (lowered === null) throw new Error('it is not lowered');
  const shapes = one.inputs.filter(({ data }) => data === undefined).map(({ shape }) => shape);
  await compare(lowered, library, shapes.map(someTensor));
  const resizes = one.name !== 'reshape';
  if (resizes)
    await compare(
      lowered,
      library,
      shapes.map(([, ...others]) => someTensor([3, ...others])),
    );
  expect((await lowered.run(shapes.map(([, ...others]) => someTensor([2, ...others]))))[0]?.shape[0]).toBe(2);
  await Promise.all([lowered.close(), library.close()]);
});

test('what is not covered is not lowered', () => {
  const rows: Case = {
    name: 'rows',
    type: 'concatenation',
    inputs: [image, other],
    output: activations('y', [2, 9, 7, 4]),
    options: { type: 10, fields: { 0: i32(0) } },
  };
  const tanh = conv('tanh', SAME, 1, 1, 4, [1, 9, 7, 5]);
  const bytes8 = { ...activations('x', [1, 4]), type: 'int8' as const };
  for (const one of [rows, tanh, { ...rows, inputs: [bytes8, bytes8] }])
    expect(lowerQuantized(modelOf(one))).toBeNull();
  expect(lowerQuantized(Buffer.alloc(64, 3))).toBeNull();
  const cut = modelOf(CASES[0] as Case);
  for (let length = 0; length < cut.length; length += 37) lowerQuantized(cut.subarray(0, length));
});
