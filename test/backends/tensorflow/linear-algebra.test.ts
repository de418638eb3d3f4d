import { describe, expect, test } from 'vitest';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import { attr, fixed, tensor } from '../../support/tensorflow-graphs.ts';
import { kernel } from '../../support/tfjs.ts';

const f = (shape: number[], values: number[]) => tensor('FLOAT', shape, values);
const i = (...values: number[]) => tensor('INT32', [values.length], values);
const s = (value: number) => tensor('INT32', [], [value]);
const count = (...shape: number[]) =>
  f(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, x) => x + 1),
  );
const ALIGNMENTS = ['RIGHT_LEFT', 'LEFT_RIGHT', 'LEFT_LEFT', 'RIGHT_RIGHT'] as const;

/** Where the element of diagonal `d` in the given column of the matrix stands in its row, as TensorFlow's documentation defines it. */
function place(
  align: string,
  [rows, columns]: readonly [number, number],
  d: number,
  j: number,
  longest: number,
) {
  const length = Math.min(columns - Math.max(d, 0), rows + Math.min(d, 0));
  const right = (d >= 0 && align.startsWith('RIGHT')) || (d <= 0 && align.endsWith('RIGHT'));
  return j - Math.max(d, 0) + (right ? longest - length : 0);
}

describe('diagonals', () => {
  test('a matrix of each vector, and back', async () => {
    const x = count(2, 3);
    const matrices = await oneOutput('MatrixDiag', [x]);
    expect(matrices).toEqual({
      dtype: 'FLOAT',
      shape: [2, 3, 3],
      values: [1, 0, 0, 0, 2, 0, 0, 0, 3, 4, 0, 0, 0, 5, 0, 0, 0, 6],
    });
    const back = await oneOutput('MatrixDiagPart', [f([2, 3, 3], matrices.values as number[])]);
    expect(back).toEqual({ dtype: 'FLOAT', shape: [2, 3], values: [1, 2, 3, 4, 5, 6] });
    const oblong = await oneOutput('MatrixDiagPart', [count(2, 3)]);
    expect(oblong).toEqual({ dtype: 'FLOAT', shape: [2], values: [1, 5] });
  });

  const V2 = { part: 'MatrixDiagPartV2', diag: 'MatrixDiagV2', set: 'MatrixSetDiagV2', aligns: false };
  const V3 = { part: 'MatrixDiagPartV3', diag: 'MatrixDiagV3', set: 'MatrixSetDiagV3', aligns: true };
  const bands = [
    ...ALIGNMENTS.map((align) => [V3, align, -1, 2] as const),
    ...ALIGNMENTS.map((align) => [V3, align, -2, -1] as const),
    ...ALIGNMENTS.map((align) => [V3, align, 0, 3] as const),
    [V2, 'LEFT_LEFT', -1, 2] as const,
    [V2, 'LEFT_LEFT', -2, 0] as const,
    [V2, 'LEFT_LEFT', -1, -1] as const,
    [V3, 'RIGHT_LEFT', 1, 1] as const,
  ];
  test.each(bands)('a band of diagonals, %o %s from %i to %i', async (version, align, low, high) => {
    const size = [3, 4] as const;
    const [rows, columns] = size;
    const longest = Math.min(rows + Math.min(high, 0), columns - Math.max(low, 0));
    const matrix = Array.from({ length: rows * columns }, (_, x) => x + 1);
    const parts = new Array<number>((high - low + 1) * longest).fill(-9);
    const band = matrix.map((x, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const d = column - row;
      if (d < low || d > high) return -7;
      parts[(high - d) * longest + place(align, size, d, column, longest)] = x;
      return x;
    });
    const partShape = low === high ? [longest] : [high - low + 1, longest];
    const attributes = version.aligns ? { align: attr.text(align) } : {};
    const k = fixed(low === high ? s(low) : i(low, high));
    const seen = await oneOutput(version.part, [f([rows, columns], matrix), k, f([], [-9])], attributes);
    expect(seen).toEqual({ dtype: 'FLOAT', shape: partShape, values: parts });
    const diagonal = f(partShape, parts);
    const made = await oneOutput(
      version.diag,
      [diagonal, k, fixed(s(rows)), fixed(s(columns)), f([], [-7])],
      attributes,
    );
    expect(made).toEqual({ dtype: 'FLOAT', shape: [rows, columns], values: band });
    const zeros = f([rows, columns], new Array(rows * columns).fill(-7));
    const set = await oneOutput(version.set, [zeros, diagonal, k], attributes);
    expect(set.values).toEqual(band);
  });

  // The examples of TensorFlow's documentation of MatrixDiagV3.
  test.each([
    [s(1), f([3], [1, 2, 3]), [-1, -1], [4, 4], [0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0]],
    [s(-1), f([2], [1, 2]), [3, -1], [3, 2], [0, 0, 1, 0, 0, 2]],
    [s(-1), f([2], [1, 2]), [3, 4], [3, 4], [0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0]],
  ])(
    'sizes that are told or as small as can be',
    async (k, diagonal, [rows = 0, columns = 0], shape, values) => {
      const inputs = [diagonal, fixed(k), fixed(s(rows)), fixed(s(columns)), f([], [0])];
      expect(await oneOutput('MatrixDiagV3', inputs)).toEqual({ dtype: 'FLOAT', shape, values });
    },
  );

  test('the main diagonal of matrices is set', async () => {
    const seen = await oneOutput('MatrixSetDiag', [count(1, 2, 3), f([1, 2], [8, 9])]);
    expect(seen).toEqual({ dtype: 'FLOAT', shape: [1, 2, 3], values: [8, 2, 3, 4, 9, 6] });
  });

  test('Diag of a matrix, and back', async () => {
    const seen = await oneOutput('Diag', [count(1, 2)]);
    expect(seen).toEqual({ dtype: 'FLOAT', shape: [1, 2, 1, 2], values: [1, 0, 0, 2] });
    const back = await oneOutput('DiagPart', [f([1, 2, 1, 2], seen.values as number[])]);
    expect(back).toEqual({ dtype: 'FLOAT', shape: [1, 2], values: [1, 2] });
  });

  test.each([
    [0, -1, [1, 2, 3, 0, 5, 6, 0, 0, 9]],
    [1, 0, [1, 0, 0, 4, 5, 0, 0, 8, 9]],
    [-1, 1, [1, 2, 0, 4, 5, 6, 7, 8, 9]],
  ])('a band with %i below and %i above', async (lower, upper, values) => {
    for (const bound of [s, (n: number) => fixed(s(n))]) {
      const seen = await oneOutput('MatrixBandPart', [count(3, 3), bound(lower), bound(upper)]);
      expect(seen).toEqual({ dtype: 'FLOAT', shape: [3, 3], values });
    }
  });

  test('Cross and the determinant', async () => {
    const cross = await oneOutput('Cross', [f([2, 3], [1, 0, 0, 1, 2, 3]), f([2, 3], [0, 1, 0, 4, 5, 6])]);
    expect(cross.values).toEqual([0, 0, 1, -3, 6, -3]);
    const det = await oneOutput('MatrixDeterminant', [f([2, 2, 2], [1, 2, 3, 4, 2, 0, 0, 2])]);
    expectClose(det, { shape: [2], values: [-2, 4] });
  });
});

describe('running results', () => {
  const x = f([2, 3, 2], [1, 2, 3, -4, 5, 6, 7, 8, -9, 10, 0.5, 12]);
  const options = [false, true].flatMap((exclusive) =>
    [false, true].map((reverse) => ({ exclusive, reverse })),
  );
  const cases = options.flatMap((o) => [0, 1, -1].map((axis) => [axis, o.exclusive, o.reverse] as const));
  test.each(cases)('along axis %i, exclusive %s, reverse %s', async (axis, exclusive, reverse) => {
    const attributes = { exclusive: attr.bool(exclusive), reverse: attr.bool(reverse) };
    const along = axis < 0 ? axis + 3 : axis;
    const values = Array.from({ length: 12 }, (_, at) => at);
    const strides = [6, 2, 1];
    const stride = strides[along] as number;
    const size = [2, 3, 2][along] as number;
    const numbers = [1, 2, 3, -4, 5, 6, 7, 8, -9, 10, 0.5, 12];
    const upTo = (at: number) => {
      const position = Math.floor(at / stride) % size;
      const all = Array.from({ length: size }, (_, p) => p);
      const taken = all.filter(
        (p) => (reverse ? p > position : p < position) || (p === position && !exclusive),
      );
      const ordered = reverse ? taken.reverse() : taken;
      return ordered.map((p) => numbers[at + (p - position) * stride] as number);
    };
    const sums = await oneOutput('Cumsum', [x, fixed(s(axis))], attributes);
    expect(sums.values).toEqual(values.map((at) => upTo(at).reduce((a, b) => a + b, 0)));
    const products = await oneOutput('Cumprod', [x, fixed(s(axis))], attributes);
    const expected = values.map((at) => upTo(at).reduce((a, b) => a * b, 1));
    expect(products).toEqual({ dtype: 'FLOAT', shape: [2, 3, 2], values: expected });
    const logs = await oneOutput('CumulativeLogsumexp', [x, fixed(s(axis))], attributes);
    const logSums = values.map((at) => {
      const terms = upTo(at);
      const sum = terms.reduce((a, b) => a + Math.exp(b), 0);
      return terms.length === 0 ? -3.4028234663852886e38 : Math.log(sum);
    });
    expectClose(logs, { shape: [2, 3, 2], values: logSums });
  });

  test('Cumsum along an axis that only a run tells, as TensorFlow.js has it', async () => {
    const oracle = await kernel('Cumsum', { x }, { axis: 1, exclusive: true, reverse: true });
    const attributes = { exclusive: attr.bool(true), reverse: attr.bool(true) };
    expect(await oneOutput('Cumsum', [x, s(1)], attributes)).toEqual({ dtype: 'FLOAT', ...oracle });
  });

  test.each(['INT8', 'UINT8', 'INT16', 'INT64', 'DOUBLE'] as const)('%s', async (dtype) => {
    const numbers = tensor(dtype, [3], [2, 3, 4]);
    expect(await oneOutput('Cumsum', [numbers, s(0)])).toEqual({ dtype, shape: [3], values: [2, 5, 9] });
    const products = await oneOutput('Cumprod', [numbers, fixed(s(0))]);
    expect(products).toEqual({ dtype, shape: [3], values: [2, 6, 24] });
  });

  test('nothing, and large numbers', async () => {
    expect((await oneOutput('Cumprod', [f([0, 2], []), fixed(s(0))])).shape).toEqual([0, 2]);
    const large = await oneOutput('CumulativeLogsumexp', [f([2], [1000, 1000]), fixed(s(0))]);
    expectClose(large, { shape: [2], values: [1000, 1000 + Math.LN2] }, 3);
  });
});
