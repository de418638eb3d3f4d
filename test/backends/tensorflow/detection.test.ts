import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../scripts/onnx-builder.ts';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import { attr, fixed, runOp, tensor } from '../../support/tensorflow-graphs.ts';
import { kernel } from '../../support/tfjs.ts';

type Box = readonly number[];

const random = seededRandom(11);
const i = (value: number) => tensor('INT32', [], [value]);
const f = (value: number) => tensor('FLOAT', [], [value]);
const vector = (values: readonly number[]) => tensor('FLOAT', [values.length], values);
const matrix = (rows: readonly Box[]) => tensor('FLOAT', [rows.length, 4], rows.flat());

/** Boxes that overlap a lot; some are given by their other corners. */
function randomBoxes(count: number): Box[] {
  return Array.from({ length: count }, (_, n) => {
    const [y, x, h, w] = [random(), random(), 0.3 + random(), 0.3 + random()].map(Math.fround) as [
      number,
      number,
      number,
      number,
    ];
    const box = [y, x, Math.fround(y + h), Math.fround(x + w)];
    return n % 5 === 0 ? [...box.slice(2), ...box.slice(0, 2)] : box;
  });
}

function shared(a: Box, b: Box): number {
  const edges = (box: Box, d: number) =>
    [box[d] as number, box[d + 2] as number].sort((p, q) => p - q) as [number, number];
  const area = (box: Box) => [0, 1].reduce((all, d) => all * (edges(box, d)[1] - edges(box, d)[0]), 1);
  if (area(a) <= 0 || area(b) <= 0) return 0;
  const common = [0, 1].reduce((all, d) => {
    const [from, to] = [Math.max(edges(a, d)[0], edges(b, d)[0]), Math.min(edges(a, d)[1], edges(b, d)[1])];
    return all * Math.max(0, to - from);
  }, 1);
  return common / (area(a) + area(b) - common);
}

interface Options {
  readonly most: number;
  readonly overlap: number;
  readonly threshold?: number;
  readonly sigma?: number;
}

/** The definition of (soft) suppression, independent of ONNX Runtime: the best of what is left, again and again. */
function suppressed(share: (a: number, b: number) => number, given: readonly number[], options: Options) {
  const { most, overlap, threshold = Number.NEGATIVE_INFINITY, sigma = 0 } = options;
  const scores = [...given];
  const left = new Set(scores.keys());
  const out: { index: number; score: number }[] = [];
  while (out.length < most) {
    const best = [...left]
      .filter((n) => (scores[n] as number) > threshold)
      .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)[0];
    if (best === undefined) return out;
    out.push({ index: best, score: scores[best] as number });
    left.delete(best);
    for (const n of left) {
      const both = share(n, best);
      if (sigma > 0) scores[n] = (scores[n] as number) * Math.exp((-0.5 / sigma) * both * both);
      else if (both > overlap) left.delete(n);
    }
  }
  return out;
}

const boxes = randomBoxes(24);
const scores = Array.from({ length: 24 }, () => Math.fround(random()));
const byBoxes = (a: number, b: number) => shared(boxes[a] as Box, boxes[b] as Box);
const indicesOf = (found: readonly { index: number }[]) => found.map(({ index }) => index);

describe('NonMaxSuppression', () => {
  test.each([
    [24, 0.3],
    [3, 0.3],
    [24, 1],
    [24, 0],
    [0, 0.5],
  ])('the first versions: at most %i, overlap %f', async (most, overlap) => {
    const values = indicesOf(suppressed(byBoxes, scores, { most, overlap }));
    const expected = { dtype: 'INT32', shape: [values.length], values };
    const inputs = [matrix(boxes), vector(scores), i(most)];
    expect(await oneOutput('NonMaxSuppression', inputs, { iou_threshold: attr.float(overlap) })).toEqual(
      expected,
    );
    expect(await oneOutput('NonMaxSuppressionV2', [...inputs, f(overlap)])).toEqual(expected);
    const constants = [matrix(boxes), vector(scores), fixed(i(most)), fixed(f(overlap))];
    expect(await oneOutput('NonMaxSuppressionV2', constants)).toEqual(expected);
  });

  test('the third leaves out what has too low a score, as TensorFlow.js does', async () => {
    const options = { maxOutputSize: 24, iouThreshold: 0.4, scoreThreshold: 0.5 };
    const inputs = [matrix(boxes), vector(scores), i(24), f(0.4), f(0.5)];
    const seen = await oneOutput('NonMaxSuppressionV3', inputs);
    const values = indicesOf(suppressed(byBoxes, scores, { most: 24, overlap: 0.4, threshold: 0.5 }));
    expect(seen).toEqual({ dtype: 'INT32', shape: [values.length], values });
    const oracle = await kernel(
      'NonMaxSuppressionV3',
      { boxes: matrix(boxes), scores: vector(scores) },
      options,
    );
    expect(oracle.values).toEqual(values);
  });

  test('of equal scores the first box stays; a score of NaN never does', async () => {
    const same = matrix([
      [0, 0, 1, 1],
      [0, 0, 1, 1],
      [2, 2, 3, 3],
      [4, 4, 5, 5],
    ]);
    const inputs = [same, vector([0.5, 0.5, 0.5, Number.NaN]), i(9), f(0.5)];
    expect((await oneOutput('NonMaxSuppressionV2', inputs)).values).toEqual([0, 2]);
    expect((await oneOutput('NonMaxSuppressionV3', [...inputs, f(0.5)])).values).toEqual([]);
  });

  test('the fourth pads indices, and says how many are valid', async () => {
    const values = indicesOf(suppressed(byBoxes, scores, { most: 20, overlap: 0.3 }));
    const inputs = [matrix(boxes), vector(scores), i(20), f(0.3), f(0)];
    const pads = { pad_to_max_output_size: attr.bool(true) };
    const [indices, valid] = await runOp('NonMaxSuppressionV4', inputs, pads, 2);
    expect(valid).toEqual({ dtype: 'INT32', shape: [], values: [values.length] });
    const all = [...values, ...new Array(20 - values.length).fill(0)];
    expect(indices).toEqual({ dtype: 'INT32', shape: [20], values: all });
    const [bare] = await runOp('NonMaxSuppressionV4', inputs, {}, 2);
    expect(bare?.values).toEqual(values);
  });

  test.each([
    [0, 24, 0],
    [0.5, 24, 0.2],
    [0.1, 24, 0],
    [0.5, 4, 0],
  ])('the fifth with sigma %f, at most %i, threshold %f', async (sigma, most, threshold) => {
    const found = suppressed(byBoxes, scores, { most, overlap: 0.5, threshold, sigma });
    const inputs = [matrix(boxes), vector(scores), i(most), f(0.5), f(threshold), fixed(f(sigma))];
    const [indices, kept, valid] = await runOp('NonMaxSuppressionV5', inputs, {}, 3);
    expect(indices).toEqual({ dtype: 'INT32', shape: [found.length], values: indicesOf(found) });
    expect(valid?.values).toEqual([found.length]);
    expectClose(kept as never, { shape: [found.length], values: found.map(({ score }) => score) });
    const pads = { pad_to_max_output_size: attr.bool(true) };
    const [padded, paddedScores] = await runOp('NonMaxSuppressionV5', inputs, pads, 3);
    expect(padded?.shape).toEqual([most]);
    expect(paddedScores?.values.slice(found.length)).toEqual(new Array(most - found.length).fill(0));
  });

  test('no boxes', async () => {
    const inputs = [tensor('FLOAT', [0, 4], []), tensor('FLOAT', [0], []), i(5), f(0.5), f(0)];
    expect(await oneOutput('NonMaxSuppressionV3', inputs)).toEqual({
      dtype: 'INT32',
      shape: [0],
      values: [],
    });
    const soft = await oneOutput('NonMaxSuppressionV5', [...inputs, fixed(f(0.5))]);
    expect(soft).toEqual({ dtype: 'INT32', shape: [0], values: [] });
  });

  test('overlaps that are given', async () => {
    const count = 8;
    const shares = Array.from({ length: count ** 2 }, (_, n) =>
      Math.fround(byBoxes(Math.floor(n / count), n % count)),
    );
    const negative = scores.slice(0, count).map((x) => Math.fround(x - 0.5));
    const options = { most: 6, overlap: 0.3, threshold: -0.4 };
    const values = indicesOf(suppressed((a, b) => shares[a * count + b] as number, negative, options));
    const inputs = [tensor('FLOAT', [count, count], shares), vector(negative), i(6), f(0.3), f(-0.4)];
    const seen = await oneOutput('NonMaxSuppressionWithOverlaps', inputs);
    expect(seen).toEqual({ dtype: 'INT32', shape: [values.length], values });
  });
});

describe('CombinedNonMaxSuppression', () => {
  const [batch, count, classes] = [2, 10, 3];
  const table = Array.from({ length: batch * count * classes }, () => Math.fround(random()));
  const scoreOf = (b: number, n: number, c: number) => table[(b * count + n) * classes + c] as number;

  /** Suppression in each class, and the best of all. */
  function reference(boxOf: (b: number, n: number, c: number) => Box, options: Options, total: number) {
    return Array.from({ length: batch }, (_, b) =>
      Array.from({ length: classes }, (_, c) => {
        const ofClass = Array.from({ length: count }, (_, n) => scoreOf(b, n, c));
        const share = (x: number, y: number) => shared(boxOf(b, x, c), boxOf(b, y, c));
        return suppressed(share, ofClass, options).map((found) => ({
          ...found,
          c,
          box: boxOf(b, found.index, c),
        }));
      })
        .flat()
        .sort((x, y) => y.score - x.score)
        .slice(0, total),
    );
  }

  const clip = (x: number) => Math.min(Math.max(x, 0), 1);
  test.each([
    ['boxes that classes share', 1, 4, 7, false, true],
    ['boxes of each class', classes, 4, 7, false, false],
    ['more room than boxes', 1, 20, 40, false, true],
    ['no more room than classes have', 1, 2, 40, true, true],
  ])('%s', async (_, sharing, perClass, total, padPerClass, clips) => {
    const all = randomBoxes(batch * count * sharing);
    const boxOf = (b: number, n: number, c: number) =>
      all[(b * count + n) * sharing + (sharing === 1 ? 0 : c)] as Box;
    const expected = reference(boxOf, { most: perClass, overlap: 0.4, threshold: 0.3 }, total);
    const size = padPerClass ? Math.min(total, perClass * classes) : total;
    const inputs = [
      tensor('FLOAT', [batch, count, sharing, 4], all.flat()),
      tensor('FLOAT', [batch, count, classes], table),
      i(perClass),
      i(total),
      f(0.4),
      f(0.3),
    ];
    const attributes = { pad_per_class: attr.bool(padPerClass), clip_boxes: attr.bool(clips) };
    const shaped = inputs.map((input, n) => (n === 0 ? fixed(input) : input));
    const [boxesSeen, scoresSeen, classesSeen, valid] = await runOp(
      'CombinedNonMaxSuppression',
      shaped,
      attributes,
      4,
    );
    const fill = <T>(list: readonly T[], zero: T): T[] => [
      ...list,
      ...new Array<T>(size - list.length).fill(zero),
    ];
    expect(valid).toEqual({ dtype: 'INT32', shape: [batch], values: expected.map((list) => list.length) });
    expectClose(scoresSeen as never, {
      shape: [batch, size],
      values: expected.flatMap((list) =>
        fill(
          list.map(({ score }) => score),
          0,
        ),
      ),
    });
    expectClose(classesSeen as never, {
      shape: [batch, size],
      values: expected.flatMap((list) =>
        fill(
          list.map(({ c }) => c),
          0,
        ),
      ),
    });
    const found = expected.flatMap((list) =>
      fill(
        list.map(({ box }) => (clips ? box.map(clip) : box)),
        [0, 0, 0, 0],
      ).flat(),
    );
    expectClose(boxesSeen as never, { shape: [batch, size, 4], values: found });
  });
});
