import { expect, test } from 'vitest';
import { compareOutputs } from '../../src/experiments/agreement.ts';
import type { Dtype } from '../../src/tensors/dtype.ts';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { tensorFromValues } from '../../src/tensors/text-codec.ts';

const tensor = (dtype: Dtype, shape: readonly number[], ...values: (string | number | bigint)[]): Tensor =>
  tensorFromValues(
    dtype,
    shape,
    values.map((value) => Buffer.from(String(value))),
  );

/** A FLOAT tensor of any values, also such as no text can give. */
function floats(shape: readonly number[], values: ArrayLike<number>): Tensor {
  const buffer = new SharedArrayBuffer(values.length * 4);
  new Float32Array(buffer).set(values);
  return { dtype: 'FLOAT', shape, buffer, byteOffset: 0, byteLength: buffer.byteLength };
}

test('rows lie along the last axis, and their first choice is the largest', async () => {
  const expected = [tensor('FLOAT', [2, 3], 0.5, 0.25, 0.25, 0, 1, 0)];
  const actual = [tensor('FLOAT', [2, 3], 0.25, 0.5, 0.25, 0, 1, 0.125)];
  expect(await compareOutputs(expected, actual, 0.2)).toEqual({
    ...{ elements: 6, maxDifference: 0.25, sumOfDifferences: 0.625 },
    ...{ rows: 2, rowsOverTolerance: 1, ranked: 2, sameTop1: 1 },
  });
});

test('labels are compared as such, single floats have no first choice', async () => {
  const expected = [tensor('INT64', [3], 1, 2, 3), tensor('FLOAT', [3], 1, 2, 3), tensor('BOOL', [], 1)];
  const actual = [tensor('INT64', [3], 1, 2, 4), tensor('FLOAT', [3], 1, 2, 3), tensor('BOOL', [], 1)];
  expect(await compareOutputs(expected, actual, 0)).toMatchObject({
    ...{ rows: 7, rowsOverTolerance: 1, ranked: 4, sameTop1: 3, maxDifference: 1 },
  });
});

test('large integers are told apart that are the same as doubles', async () => {
  const [one, other] = [tensor('INT64', [1], 2n ** 53n), tensor('INT64', [1], 2n ** 53n + 1n)];
  expect(await compareOutputs([one], [other], 0.5)).toMatchObject({ maxDifference: 1, sameTop1: 0 });
});

test('texts are the same or not', async () => {
  const agreement = await compareOutputs(
    [tensor('STRING', [2], 'a', 'größe')],
    [tensor('STRING', [2], 'b', 'größe')],
    1,
  );
  expect(agreement).toMatchObject({ elements: 0, rows: 2, rowsOverTolerance: 1, ranked: 2, sameTop1: 1 });
});

test('not-a-number and the infinities agree with themselves alone', async () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  expect(await compareOutputs([floats([3], values)], [floats([3], values)], 0)).toMatchObject({
    ...{ rowsOverTolerance: 0, maxDifference: 0 },
  });
  for (const other of [1, Number.NaN]) {
    const agreement = await compareOutputs(
      [floats([1], [Number.POSITIVE_INFINITY])],
      [floats([1], [other])],
      1e9,
    );
    expect(agreement).toMatchObject({ rowsOverTolerance: 1, maxDifference: Number.POSITIVE_INFINITY });
  }
});

test('a row that begins with not-a-number has the largest of its numbers as its first choice', async () => {
  const [one, other] = [floats([1, 3], [Number.NaN, 1, 2]), floats([1, 3], [0, 1, 2])];
  expect(await compareOutputs([one], [other], 0)).toMatchObject({ ranked: 1, sameTop1: 1 });
});

test('floats of other widths are compared, other shapes and texts with numbers are not', async () => {
  const one = tensor('FLOAT', [2], 1, 2);
  expect(await compareOutputs([one], [tensor('DOUBLE', [2], 1, 2.5)], 0)).toMatchObject({
    maxDifference: 0.5,
  });
  for (const other of [
    [tensor('FLOAT', [1, 2], 1, 2)],
    [tensor('FLOAT', [3], 1, 2, 3)],
    [tensor('STRING', [2], 'a', 'b')],
    [],
    [one, one],
  ]) {
    expect(await compareOutputs([one], other, 0)).toBeUndefined();
  }
});

test('bytes at an odd address are read as well, and no elements are no rows', async () => {
  const buffer = new SharedArrayBuffer(9);
  new Uint8Array(buffer).set(new Uint8Array(Float32Array.of(1, 2).buffer), 1);
  const odd: Tensor = { dtype: 'FLOAT', shape: [2], buffer, byteOffset: 1, byteLength: 8 };
  expect(await compareOutputs([odd], [tensor('FLOAT', [2], 1, 2)], 0)).toMatchObject({
    elements: 2,
    rowsOverTolerance: 0,
  });
  const empty = floats([0, 3], []);
  expect(await compareOutputs([empty], [empty], 0)).toMatchObject({ elements: 0, rows: 0, ranked: 0 });
});

test('others have their turn between the parts of a large output', async () => {
  const count = 200_000;
  const large = floats(
    [1, count],
    Float32Array.from({ length: count }, (_, i) => i),
  );
  let turns = 0;
  let isDone = false;
  const countTurns = () => {
    turns++;
    if (!isDone) setImmediate(countTurns);
  };
  setImmediate(countTurns);
  const agreement = await compareOutputs([large], [large], 0);
  isDone = true;
  expect(agreement).toMatchObject({ elements: count, rows: 1, sameTop1: 1 });
  expect(turns).toBeGreaterThanOrEqual(5);
});
