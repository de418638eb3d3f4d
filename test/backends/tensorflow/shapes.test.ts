import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../scripts/onnx-builder.ts';
import type { Dtype } from '../../../src/tensors/dtype.ts';
import type { Tensor } from '../../../src/tensors/tensor.ts';
import { oneOutput } from '../../support/tensor-values.ts';
import { type Attr, attr, fixed, runOp, type Seen, tensor } from '../../support/tensorflow-graphs.ts';

const { NaN: NAN, NEGATIVE_INFINITY: LOW } = Number;
const ints = (...values: number[]): Tensor => tensor('INT32', [values.length], values);
const scalar = (value: number): Tensor => tensor('INT32', [], [value]);
const count = (...shape: number[]): Tensor =>
  tensor(
    'INT32',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );

/** One entry of an index, as in x[..., 0, 1:3, None]. */
type Entry = number | { from?: number; to?: number; step?: number } | 'new' | 'rest';

/** What NumPy gives for x[entries] where x counts from 0 in row-major order. */
function indexed(shape: readonly number[], entries: readonly Entry[]): Pick<Seen, 'shape' | 'values'> {
  const taken = entries.filter((e) => e !== 'new' && e !== 'rest').length;
  const rest = new Array<Entry>(shape.length - taken).fill({});
  const all = entries.includes('rest') ? entries : [...entries, 'rest' as const];
  const full = all.flatMap((e) => (e === 'rest' ? rest : [e]));
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
  let axis = 0;
  let at = [0];
  const out: number[] = [];
  for (const entry of full) {
    if (entry === 'new') {
      out.push(1);
      continue;
    }
    const size = shape[axis] as number;
    const picked =
      typeof entry === 'number' ? [entry < 0 ? entry + size : entry] : positions(entry as object, size);
    if (typeof entry !== 'number') out.push(picked.length);
    const stride = strides[axis] as number;
    at = at.flatMap((base) => picked.map((i) => base + i * stride));
    axis++;
  }
  return { shape: out, values: at };
}

function positions(
  { from, to, step = 1 }: { from?: number; to?: number; step?: number },
  size: number,
): number[] {
  const clamp = (i: number, low: number, high: number) => Math.min(Math.max(i < 0 ? i + size : i, low), high);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const start = from === undefined ? (step > 0 ? 0 : size - 1) : clamp(from, low, high);
  const end = to === undefined ? (step > 0 ? size : -1) : clamp(to, low, high);
  const found: number[] = [];
  for (let i = start; step > 0 ? i < end : i > end; i += step) found.push(i);
  return found;
}

/** The operands and attributes of StridedSlice for an index. */
function sliceOf(entries: readonly Entry[]) {
  const masks = { begin: 0, end: 0, ellipsis: 0, new_axis: 0, shrink_axis: 0 };
  const [begin, end, strides]: [number[], number[], number[]] = [[], [], []];
  entries.forEach((entry, i) => {
    const { from, to, step = 1 } = typeof entry === 'object' ? entry : {};
    if (entry === 'rest') masks.ellipsis |= 1 << i;
    else if (entry === 'new') masks.new_axis |= 1 << i;
    else if (typeof entry === 'number') masks.shrink_axis |= 1 << i;
    else {
      if (from === undefined) masks.begin |= 1 << i;
      if (to === undefined) masks.end |= 1 << i;
    }
    begin.push(typeof entry === 'number' ? entry : (from ?? 0));
    end.push(typeof entry === 'number' ? entry + 1 : (to ?? 0));
    strides.push(step);
  });
  const attributes = Object.fromEntries(
    Object.entries(masks).map(([name, bits]) => [`${name}_mask`, attr.int(bits)]),
  );
  return { begin: ints(...begin), end: ints(...end), strides: ints(...strides), attributes };
}

describe('StridedSlice', () => {
  const shape = [3, 4, 5, 2];
  const x = count(...shape);
  test.each<[string, Entry[]]>([
    ['a point', [1]],
    ['a point from the end', [-1]],
    ['ranges', [{ from: 1 }, { to: -1 }, { from: 1, to: 4, step: 2 }]],
    ['negative strides', [{ step: -1 }, { from: 3, to: 0, step: -2 }, { from: -1, step: -3 }]],
    [
      'past the ends',
      [
        { from: -9, to: 9 },
        { from: 9, to: -9, step: -1 },
      ],
    ],
    ['nothing left', [{ from: 2, to: 1 }]],
    ['an ellipsis first', ['rest', 1]],
    ['an ellipsis between', [0, 'rest', { to: 3 }, 1]],
    ['an ellipsis that stands for nothing', [0, 1, 'rest', 2, 1]],
    ['new dimensions', ['new', 1, 'new', { from: 1 }]],
    ['new dimensions after an ellipsis', ['rest', 'new', { step: -1 }, 'new']],
    ['all of it', ['new', 0, 'rest', 'new', -1, { step: -1 }]],
  ])('%s, with bounds in the graph and with bounds that only a run tells', async (_, entries) => {
    const { begin, end, strides, attributes } = sliceOf(entries);
    const expected = { dtype: 'INT32', ...indexed(shape, entries) };
    const constant = await oneOutput(
      'StridedSlice',
      [x, fixed(begin), fixed(end), fixed(strides)],
      attributes,
    );
    expect(constant).toEqual(expected);
    const dynamic = await oneOutput('StridedSlice', [x, begin, end, fixed(strides)], attributes);
    expect(dynamic).toEqual(expected);
    expect(
      await oneOutput('StridedSlice', [fixed(x), fixed(begin), fixed(end), fixed(strides)], attributes),
    ).toEqual(expected);
  });

  test('100 random indices', async () => {
    const random = seededRandom(11);
    const below = (n: number) => Math.floor(random() * n);
    for (let round = 0; round < 100; round++) {
      const entries: Entry[] = shape.slice(0, 1 + below(4)).map((size): Entry => {
        // In range of whatever dimension an ellipsis before it makes it: the smallest has two elements.
        if (below(4) === 0) return below(4) - 2;
        const step = below(3) === 0 ? -1 - below(2) : 1 + below(2);
        const bound = () => below(2 * size + 4) - size - 2;
        return { step, ...(below(2) === 0 && { from: bound() }), ...(below(2) === 0 && { to: bound() }) };
      });
      if (below(2) === 0) entries.splice(below(entries.length + 1), 0, 'new');
      if (below(2) === 0) entries.splice(below(entries.length + 1), 0, 'rest');
      const { begin, end, strides, attributes } = sliceOf(entries);
      const actual = await oneOutput(
        'StridedSlice',
        [x, fixed(begin), fixed(end), fixed(strides)],
        attributes,
      );
      expect([entries, actual]).toEqual([entries, { dtype: 'INT32', ...indexed(shape, entries) }]);
    }
  }, 30_000);
});

/** Each: the op, its operands, its attributes, and what comes out: shape and values. */
type Case = [
  string,
  string,
  (Tensor | { constant: Tensor })[],
  Record<string, Attr>,
  number[],
  (number | string)[],
];

const axis = (i: number) => ({ axis: attr.int(i) });
const x6 = count(2, 3);

describe('shapes, by hand', () => {
  test.each<Case>([
    ['Shape', 'is int32', [x6], {}, [2], [2, 3]],
    ['Size', 'counts', [x6], {}, [], [6]],
    ['Rank', 'counts dimensions', [x6], {}, [], [2]],
    ['Reshape', 'to what is left', [x6, fixed(ints(3, -1))], {}, [3, 2], [0, 1, 2, 3, 4, 5]],
    ['Reshape', 'to a shape that only a run tells', [x6, ints(-1)], {}, [6], [0, 1, 2, 3, 4, 5]],
    ['Reshape', 'to nothing', [count(0, 3), fixed(ints(0, 5))], {}, [0, 5], []],
    ['Reshape', 'to a scalar', [count(1), fixed(tensor('INT32', [0], []))], {}, [], [0]],
    ['ExpandDims', 'from the end', [x6, fixed(scalar(-1))], {}, [2, 3, 1], [0, 1, 2, 3, 4, 5]],
    ['Squeeze', 'all ones', [count(1, 3, 1)], {}, [3], [0, 1, 2]],
    ['Squeeze', 'one of them', [count(1, 3, 1)], { squeeze_dims: attr.ints(-1) }, [1, 3], [0, 1, 2]],
    ['Transpose', 'rows and columns', [x6, fixed(ints(1, 0))], {}, [3, 2], [0, 3, 1, 4, 2, 5]],
    ['ConcatV2', 'columns', [x6, x6, fixed(scalar(-1))], {}, [2, 6], [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]],
    [
      'Concat',
      'rows',
      [fixed(scalar(0)), count(1, 2), count(2, 2)],
      { T: attr.type('int32') },
      [3, 2],
      [0, 1, 0, 1, 2, 3],
    ],
    ['Pack', 'on a new last axis', [ints(1, 2), ints(3, 4)], axis(-1), [2, 2], [1, 3, 2, 4]],
    ['Pack', 'scalars', [scalar(4), scalar(5)], {}, [2], [4, 5]],
    [
      'Tile',
      'twice and thrice',
      [count(1, 2), fixed(ints(2, 3))],
      {},
      [2, 6],
      [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1],
    ],
    [
      'Fill',
      'with one value',
      [fixed(ints(2, 2)), scalar(7)],
      { T: attr.type('int32') },
      [2, 2],
      [7, 7, 7, 7],
    ],
    ['Range', 'downwards', [scalar(5), scalar(0), scalar(-2)], {}, [3], [5, 3, 1]],
    ['BroadcastTo', 'more rows', [ints(1, 2), fixed(ints(2, 2))], {}, [2, 2], [1, 2, 1, 2]],
    ['ZerosLike', 'of the same shape', [x6], {}, [2, 3], [0, 0, 0, 0, 0, 0]],
    ['Slice', 'with -1 to the end', [x6, fixed(ints(0, 1)), fixed(ints(1, -1))], {}, [1, 2], [1, 2]],
    ['Slice', 'that only a run tells', [x6, ints(1, 0), ints(-1, 2)], {}, [1, 2], [3, 4]],
    ['Pad', 'with zeros', [ints(1, 2), fixed(tensor('INT32', [1, 2], [1, 2]))], {}, [5], [0, 1, 2, 0, 0]],
    [
      'PadV2',
      'with a value',
      [ints(1, 2), fixed(tensor('INT32', [1, 2], [2, 0])), scalar(9)],
      {},
      [4],
      [9, 9, 1, 2],
    ],
    [
      'MirrorPad',
      'without the edge',
      [ints(1, 2, 3), fixed(tensor('INT32', [1, 2], [2, 1]))],
      { mode: attr.text('REFLECT') },
      [6],
      [3, 2, 1, 2, 3, 2],
    ],
    [
      'MirrorPad',
      'with the edge',
      [ints(1, 2, 3), fixed(tensor('INT32', [1, 2], [2, 3]))],
      { mode: attr.text('SYMMETRIC') },
      [8],
      [2, 1, 1, 2, 3, 3, 2, 1],
    ],
    ['Gather', 'rows', [x6, ints(1, 1)], {}, [2, 3], [3, 4, 5, 3, 4, 5]],
    ['GatherV2', 'columns', [x6, tensor('INT64', [2], [2, 0]), fixed(scalar(1))], {}, [2, 2], [2, 0, 5, 3]],
    [
      'GatherV2',
      'of each row its own',
      [x6, tensor('INT32', [2, 1], [2, 0]), fixed(scalar(1))],
      { batch_dims: attr.int(1) },
      [2, 1],
      [2, 3],
    ],
    ['GatherNd', 'points', [x6, tensor('INT32', [2, 2], [0, 2, 1, 0])], {}, [2], [2, 3]],
    ['ReverseV2', 'columns', [x6, fixed(ints(-1))], {}, [2, 3], [2, 1, 0, 5, 4, 3]],
    ['Where', 'of a condition', [tensor('BOOL', [2, 2], [1, 0, 1, 1])], {}, [3, 2], [0, 0, 1, 0, 1, 1]],
    [
      'OneHot',
      'outside is all off',
      [tensor('INT32', [3], [1, -1, 3]), scalar(3), scalar(5), scalar(0)],
      { T: attr.type('int32') },
      [3, 3],
      [0, 5, 0, 0, 0, 0, 0, 0, 0],
    ],
    [
      'OneHot',
      'on the first axis',
      [tensor('INT32', [2], [1, 0]), fixed(scalar(2)), scalar(1), scalar(0)],
      { ...axis(0), T: attr.type('int32') },
      [2, 2],
      [0, 1, 1, 0],
    ],
  ])('%s %s', async (op, _, operands, attributes, shape, values) => {
    const { shape: actual, values: found } = await oneOutput(op, operands, attributes);
    expect({ shape: actual, values: found }).toEqual({ shape, values });
  });

  test('parts of a split and an unpacked tensor', async () => {
    const split = await runOp(
      'Split',
      [fixed(scalar(1)), count(2, 4)],
      { num_split: attr.int(2), T: attr.type('int32') },
      2,
    );
    expect(split.map((t) => t.values)).toEqual([
      [0, 1, 4, 5],
      [2, 3, 6, 7],
    ]);
    const sizes = fixed(ints(1, -1, 1));
    const splitV = await runOp('SplitV', [count(5), sizes, fixed(scalar(0))], { num_split: attr.int(3) }, 3);
    expect(splitV.map((t) => t.values)).toEqual([[0], [1, 2, 3], [4]]);
    const unpacked = await runOp('Unpack', [x6], { num: attr.int(3), axis: attr.int(1) }, 3);
    expect(unpacked.map((t) => [t.shape, t.values])).toEqual([
      [[2], [0, 3]],
      [[2], [1, 4]],
      [[2], [2, 5]],
    ]);
  });

  test('a rank that only a run tells is no hindrance where it does not matter', async () => {
    const texts = tensor('STRING', [2, 1], ['a', 'b']);
    expect(await oneOutput('ReverseV2', [texts, fixed(ints(0))])).toEqual({
      ...{ dtype: 'STRING', shape: [2, 1], values: ['b', 'a'] },
    });
  });
});

describe('reductions', () => {
  const reduce = (op: string, dtype: Dtype, values: number[], axes: number[], keep = false) =>
    oneOutput(op, [tensor(dtype, [2, 3], values), fixed(ints(...axes))], { keep_dims: attr.bool(keep) });
  const x = [1, -2, 3, 4, 5, -6];

  // By hand.
  test.each([
    ['Sum', [0], [5, 3, -3]],
    ['Mean', [1], [2 / 3, 1]],
    ['Max', [-1], [3, 5]],
    ['Min', [0, 1], [-6]],
    ['Prod', [0], [4, -10, -18]],
    [
      'EuclideanNorm',
      [0],
      [Math.fround(Math.sqrt(17)), Math.fround(Math.sqrt(29)), Math.fround(Math.sqrt(45))],
    ],
  ])('%s over %j', async (op, axes, values) => {
    const { values: found } = await reduce(op, 'FLOAT', x, axes);
    for (const [i, v] of found.entries()) expect(v).toBeCloseTo(values[i] as number, 5);
    expect(found.length).toBe(values.length);
  });

  test('keep their dimensions where they are told to, and reduce nothing over no axes', async () => {
    expect((await reduce('Sum', 'INT64', x, [1], true)).shape).toEqual([2, 1]);
    expect(await reduce('Sum', 'INT64', x, [])).toEqual({ dtype: 'INT64', shape: [2, 3], values: x });
  });

  test('of whole numbers: a mean goes towards zero, a sum of bytes wraps', async () => {
    expect((await reduce('Mean', 'INT32', x, [1])).values).toEqual([0, 1]);
    expect((await reduce('Sum', 'UINT8', [200, 0, 0, 100, 1, 2], [0])).values).toEqual([44, 1, 2]);
  });

  test('of bools', async () => {
    expect((await reduce('All', 'BOOL', [1, 1, 1, 0, 1, 1], [1])).values).toEqual([1, 0]);
    expect((await reduce('Any', 'BOOL', [0, 0, 1, 0, 0, 0], [1])).values).toEqual([1, 0]);
  });

  test('axes that only a run tells', async () => {
    const out = await oneOutput('Sum', [tensor('INT32', [2, 3], x), ints(1)]);
    expect(out.values).toEqual([2, 3]);
  });

  test('ArgMax passes over NaN, takes the first of equals, and is int64 unless told otherwise', async () => {
    const rows = tensor('FLOAT', [3, 3], [NAN, 1, 2, 5, 5, 1, LOW, NAN, 0]);
    const [max] = await runOp('ArgMax', [rows, fixed(scalar(1))]);
    expect(max).toEqual({ dtype: 'INT64', shape: [3], values: [2, 0, 2] });
    const [min] = await runOp('ArgMin', [rows, fixed(scalar(1))], { output_type: attr.type('int32') });
    expect(min).toEqual({ dtype: 'INT32', shape: [3], values: [1, 2, 0] });
  });
});
