import { expect, test } from 'vitest';
import { tensor } from '../../src/client/index.ts';

test('a tensor has the dtype of its array, and the array itself', () => {
  const data = Float64Array.of(1, 2);
  expect(tensor(data, [2, 1])).toEqual({ dtype: 'DOUBLE', shape: [2, 1], data });
  expect(tensor(data).data).toBe(data);
  expect(tensor(Buffer.from([1])).dtype).toBe('UINT8');
});

test('nested arrays say the shape', () => {
  expect(tensor('INT64', [[[1n], [2]]])).toEqual({
    ...{ dtype: 'INT64', shape: [1, 2, 1], data: BigInt64Array.of(1n, 2n) },
  });
  expect(tensor('STRING', [['a'], ['b']]).shape).toEqual([2, 1]);
  expect(tensor('FLOAT', 3)).toEqual({ dtype: 'FLOAT', shape: [], data: Float32Array.of(3) });
  expect(tensor('FLOAT', [1, 2, 3, 4], [2, 2]).shape).toEqual([2, 2]);
});

test.each([
  ['ragged arrays', () => tensor('FLOAT', [[1, 2], [3]])],
  ['a number out of range', () => tensor('UINT8', [256])],
  ['a fraction as an integer', () => tensor('INT32', [1.5])],
  ['a bigint out of range', () => tensor('INT64', [2n ** 63n])],
  ['a BOOL that is neither', () => tensor('BOOL', [2 as 1])],
  ['a shape of another size', () => tensor(new Float32Array(3), [2, 2])],
  ['a shape with a fraction', () => tensor(new Float32Array(3), [1.5, 2])],
])('%s is a RangeError', (_, make) => {
  expect(make).toThrow(RangeError);
});

test('an array of another dtype is a TypeError', () => {
  // @ts-expect-error the compiler says so, too
  expect(() => tensor('DOUBLE', new Float32Array(1))).toThrow(
    'DOUBLE takes Float64Array, not a Float32Array',
  );
  // @ts-expect-error no dtype has such elements
  expect(() => tensor(new Uint32Array(1))).toThrow(TypeError);
});
