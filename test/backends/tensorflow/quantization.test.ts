import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../scripts/onnx-builder.ts';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import {
  type Attr,
  attr,
  constant,
  fixed,
  placeholder,
  runGraph,
  runOp,
  type TfNode,
  tensor,
} from '../../support/tensorflow-graphs.ts';

const random = seededRandom(3);
const f = (...values: number[]) => tensor('FLOAT', [values.length], values);
const s = (value: number) => tensor('FLOAT', [], [value]);
/** TensorFlow's numbers of the quantized dtypes. */
const Q = { qint8: 11, quint8: 12, qint32: 13, qint16: 15, quint16: 16 } as const;
const RANGE = { qint8: [-128, 127], quint8: [0, 255], qint16: [-32768, 32767], quint16: [0, 65535] } as const;
type Quantized = keyof typeof RANGE;
const away = (x: number) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
const toEven = (x: number) => {
  const near = Math.round(x);
  return Math.abs(x % 1) === 0.5 && near % 2 !== 0 ? near - 1 : near;
};
const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const values = [...Array.from({ length: 20 }, () => random() * 9 - 4), 0, -9, 9, 6.5];

describe('fake quantization', () => {
  /** The definition in TensorFlow's documentation: zero becomes a step, and the range moves with it. */
  function fake(x: number, low: number, high: number, bits = 8, narrow = false): number {
    const [first, last] = [narrow ? 1 : 0, 2 ** bits - 1];
    const scale = (high - low) / (last - first);
    const zero = clamp(away(first - low / scale), first, last);
    const [from, to] = [(first - zero) * scale, (last - zero) * scale];
    return Math.floor((clamp(x, from, to) - from) / scale + 0.5) * scale + from;
  }

  test.each([
    [-6, 6, 8, false],
    [-1, 3.3, 8, true],
    [0, 6, 4, false],
    [1, 3, 8, false],
    [-3, -1, 2, true],
  ])('between %f and %f with %i bits, narrow %s', async (low, high, bits, narrow) => {
    const options = { num_bits: attr.int(bits), narrow_range: attr.bool(narrow) };
    const expected = { shape: [values.length], values: values.map((x) => fake(x, low, high, bits, narrow)) };
    const args = { ...options, min: attr.float(low), max: attr.float(high) };
    expectClose(await oneOutput('FakeQuantWithMinMaxArgs', [f(...values)], args), expected);
    expectClose(
      await oneOutput('FakeQuantWithMinMaxVars', [f(...values), s(low), s(high)], options),
      expected,
    );
    const constants = [f(...values), fixed(s(low)), fixed(s(high))];
    expectClose(await oneOutput('FakeQuantWithMinMaxVars', constants, options), expected);
  });

  test('each channel has a range of its own, and a range of nothing gives nothing', async () => {
    const x = tensor('FLOAT', [2, 3], [1, 2, 3, -4, 5, 0.3]);
    const [lows, highs] = [f(-1, -6, 0), f(2, 6, 0)];
    const expected = [1, 2, 3, -4, 5, 0.3].map((v, n) =>
      n % 3 === 2 ? 0 : fake(v, [-1, -6][n % 3] as number, [2, 6][n % 3] as number),
    );
    for (const ranges of [
      [lows, highs],
      [fixed(lows), fixed(highs)],
    ]) {
      expectClose(await oneOutput('FakeQuantWithMinMaxVarsPerChannel', [x, ...ranges]), {
        shape: [2, 3],
        values: expected,
      });
    }
  });
});

/** A constant of a quantized dtype: their elements are written as int32. */
function quantizedConstant(dtype: keyof typeof Q, elements: readonly number[]): TfNode {
  const whole = constant('x', 'int32', [elements.length], elements);
  const value = whole.attr?.value as unknown as { tensor: object };
  const typed = { tensor: { ...value.tensor, dtype: Q[dtype] } };
  return { ...whole, attr: { dtype: { type: Q[dtype] }, value: typed } };
}

describe('Dequantize', () => {
  async function dequantized(
    dtype: keyof typeof Q,
    elements: readonly number[],
    range: readonly [number[], number[]],
    attributes: Record<string, Attr>,
  ) {
    const vector = (name: string, all: number[]) =>
      constant(name, 'float', all.length === 1 ? [] : [all.length], all);
    const nodes = [quantizedConstant(dtype, elements), vector('min', range[0]), vector('max', range[1])];
    const node = {
      name: 'y',
      op: 'Dequantize',
      input: ['x', 'min', 'max'],
      attr: { T: { type: Q[dtype] }, ...attributes },
    };
    const [y] = await runGraph([placeholder('unused'), ...nodes, node], {}, 'y');
    return y as NonNullable<typeof y>;
  }

  // By the formulas of TensorFlow's documentation.
  test.each<[keyof typeof Q, string, number[], number, number, (x: number) => number]>([
    ['quint8', 'MIN_COMBINED', [0, 100, 255], -2, 6, (x) => -2 + (x * 8) / 255],
    ['qint8', 'MIN_COMBINED', [-128, 0, 127], -2, 6, (x) => -2 + ((x + 128) * 8) / 255],
    ['quint16', 'MIN_COMBINED', [0, 9, 65535], 0, 1, (x) => x / 65535],
    ['qint8', 'SCALED', [-128, 5, 127], -4, 2, (x) => x * (4 / 128)],
    ['quint8', 'SCALED', [0, 5, 255], -4, 2, (x) => x * (2 / 255)],
    ['quint8', 'MIN_FIRST', [0, 100, 255], -2, 6, (x) => (x + away(-2 / (8 / 255))) * (8 / 255)],
    ['qint8', 'MIN_FIRST', [-128, 5, 127], 1, 4, (x) => (x + 128 + away(1 / (3 / 255))) * (3 / 255)],
    ['qint32', 'SCALED', [-7, 0, 9], -1, 1, (x) => x / 2 ** 31],
  ])('%s %s', async (dtype, mode, elements, low, high, of) => {
    const seen = await dequantized(dtype, elements, [[low], [high]], { mode: attr.text(mode) });
    expectClose(seen, { shape: [elements.length], values: elements.map(of) });
    expect(seen.dtype).toBe('FLOAT');
  });

  test('narrow, and each slice with a range of its own', async () => {
    const narrow = { mode: attr.text('SCALED'), narrow_range: attr.bool(true) };
    expectClose(await dequantized('qint8', [-127, 127], [[-3], [3]], narrow), {
      shape: [2],
      values: [-3, 3],
    });
    const sliced = { mode: attr.text('SCALED'), axis: attr.int(0) };
    const slices = await dequantized(
      'qint8',
      [64, 127],
      [
        [-1, -1],
        [0.5, 2],
      ],
      sliced,
    );
    expectClose(slices, { shape: [2], values: [0.5, 2] });
  });
});

describe('QuantizeV2', () => {
  const fused = (low: number, high: number): [number, number] => {
    const from = Math.min(0, low);
    const epsilon = Math.max(1, Math.abs(low), Math.abs(high)) * 0.01;
    return [from, Math.max(0, high, from + epsilon)];
  };
  const cases = (['quint8', 'qint8', 'qint16', 'quint16'] as const).flatMap((dtype) =>
    (
      [
        [-2, 6],
        [1, 3],
        [0, 0],
      ] as const
    ).map((range) => [dtype, ...range] as const),
  );
  const x = f(...values);
  const run = async (dtype: Quantized, low: number, high: number, attributes: Record<string, Attr>) => {
    const types = { T: { type: Q[dtype] }, ...attributes };
    return (await runOp('QuantizeV2', [x, s(low), s(high)], types, 3)).map((seen) => seen.values as number[]);
  };

  test.each(cases)('%s in a range from %f to %f', async (dtype, low, high) => {
    const [lowest, highest] = RANGE[dtype];
    const [from, to] = fused(low, high);
    // Rounding in float may go to the other side where a value lies in the middle between two steps: one apart then.
    const near = (seen: number[] | undefined, of: (v: number) => number) =>
      seen?.forEach((q, n) => {
        const exact = of(values[n] as number);
        expect(Math.abs(q - exact)).toBeLessThan(0.5 + 0.02);
      });
    const steps = (highest - lowest) / (to - from);
    const [combined, min, max] = await run(dtype, low, high, { mode: attr.text('MIN_COMBINED') });
    near(combined, (v) => (clamp(v, from, to) - from) * steps + lowest);
    expect([min?.[0], max?.[0]].map((v) => v?.toFixed(5))).toEqual([from, to].map((v) => v.toFixed(5)));
    const [first] = await run(dtype, low, high, { mode: attr.text('MIN_FIRST') });
    near(first, (v) => clamp(away(v * steps) - away(from * steps) + lowest, lowest, highest));
    for (const rounding of ['HALF_TO_EVEN', 'HALF_AWAY_FROM_ZERO']) {
      const [scaled] = await run(dtype, low, high, {
        mode: attr.text('SCALED'),
        round_mode: attr.text(rounding),
      });
      const scale = Math.min(lowest * from > 0 ? lowest / from : Infinity, highest / to);
      near(scaled, (v) => clamp(v * scale, lowest, highest));
    }
  });

  test('halves are rounded away from zero, or to the even number', async () => {
    const halves = f(0.5, 1.5, -0.5, -2.5);
    const scaled = async (rounding: string) => {
      const attributes = { T: { type: Q.qint8 }, mode: attr.text('SCALED'), round_mode: attr.text(rounding) };
      return (await runOp('QuantizeV2', [halves, s(-128), s(127)], attributes, 3))[0]?.values;
    };
    expect(await scaled('HALF_AWAY_FROM_ZERO')).toEqual([1, 2, -1, -3]);
    expect(await scaled('HALF_TO_EVEN')).toEqual([0, 2, 0, -2]);
  });
});

describe('there and back', () => {
  function roundTrip(
    x: number,
    low: number,
    high: number,
    signed: boolean,
    given: boolean,
    bits = 8,
  ): number {
    const [first, last] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
    const scale = Math.min(
      first * low > 0 ? first / low : Infinity,
      last * high > 0 ? last / high : Infinity,
    );
    return toEven((given ? clamp(x, first / scale, last / scale) : x) * scale) / scale;
  }

  test.each([
    ['QuantizeAndDequantizeV2', true, true],
    ['QuantizeAndDequantizeV2', false, true],
    ['QuantizeAndDequantizeV4', true, false],
  ])('%s, signed %s, range given %s', async (op, signed, given) => {
    const attributes = { signed_input: attr.bool(signed), range_given: attr.bool(given) };
    const [low, high] = given ? [signed ? -1.5 : 0, 4] : [Math.min(...values), Math.max(...values)];
    const seen = await oneOutput(op, [f(...values), s(low), s(high)], attributes);
    expectClose(seen, {
      shape: [values.length],
      values: values.map((x) => roundTrip(x, low, high, signed, given)),
    });
  });

  test('QuantizeAndDequantizeV3 has its bits as an input', async () => {
    const bits = fixed(tensor('INT32', [], [4]));
    const seen = await oneOutput('QuantizeAndDequantizeV3', [f(...values), s(-3), s(2), bits]);
    expectClose(seen, {
      shape: [values.length],
      values: values.map((x) => roundTrip(x, -3, 2, true, true, 4)),
    });
  });

  test('zeros stay zeros', async () => {
    expect((await oneOutput('QuantizeAndDequantizeV2', [f(0, 0), s(0), s(0)])).values).toEqual([0, 0]);
  });
});
