import type { DataType } from '../../onnx-graph/data-types.ts';
import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';

/** Float arithmetic that is rounded step by step, as TensorFlow's is; computed at once where all is constant. */
function arithmetic(op: OpContext) {
  const number = (x: number | Value) => (typeof x === 'number' ? op.scalar('float', x) : x);
  const binary = (onnx: string) => (x: Value | number, y: Value | number) =>
    op.emit(onnx, [number(x), number(y)]);
  const [add, sub, mul, div] = [binary('Add'), binary('Sub'), binary('Mul'), binary('Div')];
  const [min, max, less, greater] = [binary('Min'), binary('Max'), binary('Less'), binary('Greater')];
  const where = (c: Value, x: Value | number, y: Value | number) =>
    op.emit('Where', [c, number(x), number(y)]);
  const floor = (x: Value) => op.emit('Floor', [x]);
  /** Half away from zero. In double, where half is added exactly. */
  const round = (x: Value) => {
    const wide = op.cast(x, 'double');
    const size = op.emit('Floor', [op.emit('Add', [op.emit('Abs', [wide]), op.scalar('double', 0.5)])]);
    const isNegative = op.emit('Less', [wide, op.scalar('double', 0)]);
    return op.cast(op.emit('Where', [isNegative, op.emit('Neg', [size]), size]), 'float');
  };
  const roundToEven = (x: Value) => op.emit('Round', [x]);
  return { add, sub, mul, div, min, max, less, greater, where, floor, round, roundToEven };
}

/** Rounded to steps between a minimum and a maximum, of which zero is one: they are moved a little for that. */
function fakeQuantized(op: OpContext, low: Value, high: Value): Value {
  const { add, sub, mul, div, min, max, less, greater, where, floor, round } = arithmetic(op);
  const x = op.input(0);
  const first = op.attributes.bool('narrow_range') ? 1 : 0;
  const last = 2 ** op.attributes.int('num_bits', 8) - 1;
  const scale = div(sub(high, low), last - first);
  const zeroPoint = sub(first, div(low, scale));
  const nearest = where(greater(zeroPoint, last), last, round(zeroPoint));
  const nudged = where(less(zeroPoint, first), first, nearest);
  const [from, to] = [mul(sub(first, nudged), scale), mul(sub(last, nudged), scale)];
  const inverse = div(1, scale);
  const zero = floor(add(mul(op.emit('Neg', [from]), inverse), 0.5));
  const shifted = sub(max(min(x, to), from), from);
  const steps = floor(add(sub(mul(shifted, inverse), zero), 0.5));
  const result = mul(steps, scale);
  const isNothing = op.emit('And', [
    op.emit('Equal', [low, op.scalar('float', 0)]),
    op.emit('Equal', [high, op.scalar('float', 0)]),
  ]);
  return numbersOf(isNothing)?.every((is) => is === 0) ? result : where(isNothing, 0, result);
}

const withVariables: OpDefinition = {
  lower: (op) => fakeQuantized(op, op.input(1), op.input(2)),
};

interface Integers {
  readonly dtype: DataType;
  readonly lowest: number;
  readonly highest: number;
}

const RANGES: Partial<Record<DataType, readonly [number, number]>> = {
  ...{ int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767], uint16: [0, 65535] },
  int32: [-(2 ** 31), 2 ** 31 - 1],
};

function integersOf(op: OpContext): Integers {
  const dtype = op.dtype('T');
  const [lowest, highest] = RANGES[dtype] ?? op.fail(`it has no quantized ${dtype}`);
  return { dtype, lowest, highest };
}

/** One number, or one for each slice along the node's axis. */
function perSlice(op: OpContext, range: Value, x: Value): Value {
  const axis = op.attributes.int('axis', -1);
  if (axis < 0) return op.reshape(range, []);
  return op.reshape(range, [-1, ...new Array(op.knownRank(x, 'input') - axis - 1).fill(1)]);
}

function dequantized(op: OpContext): Value {
  const { add, sub, mul, div, max, where, round } = arithmetic(op);
  const given = op.input(0);
  const { lowest, highest } = integersOf(op);
  const x = op.cast(given, 'float');
  const [low, high] = [perSlice(op, op.input(1), given), perSlice(op, op.input(2), given)];
  const mode = op.attributes.text('mode', 'MIN_COMBINED');
  const steps = highest - lowest;
  if (mode === 'MIN_COMBINED') {
    const half = lowest === 0 ? 0 : (steps + 1) / 2;
    return add(mul(add(x, half), div(sub(high, low), steps)), low);
  }
  if (mode === 'SCALED') {
    const first = lowest + (op.attributes.bool('narrow_range') ? 1 : 0);
    const upper = div(high, highest);
    return mul(x, lowest === 0 ? upper : max(div(low, first), upper));
  }
  if (mode !== 'MIN_FIRST') op.fail(`its mode is ${mode}`);
  const scale = div(sub(high, low), steps);
  const isPoint = op.emit('Equal', [low, high]);
  const start = where(isPoint, low, mul(round(div(low, scale)), scale));
  return add(mul(sub(x, lowest), scale), start);
}

/** What the range becomes that is quantized to: zero is in it, and it is not too narrow. */
function widenedRange(op: OpContext): [Value, Value] {
  const { add, mul, min, max } = arithmetic(op);
  const [low, high] = [perSlice(op, op.input(1), op.input(0)), perSlice(op, op.input(2), op.input(0))];
  const absolute = (x: Value) => op.emit('Abs', [x]);
  const least = op.attributes.float('ensure_minimum_range', 0.01);
  const epsilon = mul(max(1, max(absolute(low), absolute(high))), least);
  const from = min(0, low);
  return [from, max(0, max(high, add(from, epsilon)))];
}

/** By how much to multiply so that neither side of the range goes beyond the integers; a side without a sign of its own sets no limit. */
function scaleOf(op: OpContext, low: Value, high: Value, first: number, last: number): Value {
  const { mul, div, min, greater, where } = arithmetic(op);
  const most = 3.4028234663852886e38;
  const side = (limit: number, range: Value) =>
    where(greater(mul(limit, range), 0), div(limit, where(greater(mul(limit, range), 0), range, 1)), most);
  return min(side(first, low), side(last, high));
}

function quantized(op: OpContext): Value[] {
  const { sub, mul, div, min, max, round, roundToEven } = arithmetic(op);
  const x = op.input(0);
  const { dtype, lowest, highest } = integersOf(op);
  const mode = op.attributes.text('mode', 'MIN_COMBINED');
  const [low, high] = widenedRange(op);
  const within = (value: Value, from: Value, to: Value) => max(min(value, to), from);
  const integers = (value: Value) => op.cast(op.cast(value, 'int32'), dtype);
  const steps = highest - lowest;
  // Ranges of slices come back as the vectors that they came as.
  const range = (value: Value) => (op.attributes.int('axis', -1) < 0 ? value : op.reshape(value, [-1]));
  if (mode === 'MIN_COMBINED') {
    const scaled = mul(sub(within(x, low, high), low), div(steps, sub(high, low)));
    const half = lowest === 0 ? 0 : (steps + 1) / 2;
    return [integers(round(sub(scaled, half))), range(low), range(high)];
  }
  if (mode === 'MIN_FIRST') {
    const scale = div(steps, sub(high, low));
    const shifted = sub(round(mul(x, scale)), sub(round(mul(low, scale)), lowest));
    return [integers(min(max(shifted, lowest), highest)), range(low), range(high)];
  }
  if (mode !== 'SCALED') op.fail(`its mode is ${mode}`);
  const first = lowest + (op.attributes.bool('narrow_range') ? 1 : 0);
  const scale = scaleOf(op, low, high, first, highest);
  const [from, to] = [div(first, scale), div(highest, scale)];
  const scaled = mul(within(x, from, to), scale);
  const isEven = op.attributes.text('round_mode', 'HALF_AWAY_FROM_ZERO') === 'HALF_TO_EVEN';
  const rounded = isEven ? roundToEven(scaled) : round(scaled);
  return [integers(rounded), range(from), range(to)];
}

/** There and back: what is lost on the way is what is asked for. */
function roundTrip(op: OpContext, bits: number): Value {
  const { mul, div, min, max, less, where, round, roundToEven } = arithmetic(op);
  const x = op.input(0);
  if (op.attributes.int('axis', -1) >= 0) op.fail('it has an axis');
  const isSigned = op.attributes.bool('signed_input', true);
  const narrow = op.attributes.bool('narrow_range') ? 1 : 0;
  const first = isSigned ? -(2 ** (bits - 1)) + narrow : 0;
  const last = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const isGiven = op.attributes.bool('range_given', op.node.op === 'QuantizeAndDequantizeV3');
  const extremes = () => {
    const flat = op.reshape(x, [-1]);
    return ['ReduceMin', 'ReduceMax'].map((onnx) => op.emit(onnx, [flat, op.ints([0])], { keepdims: 0 }));
  };
  const [low, high] = (isGiven ? [op.reshape(op.input(1), []), op.reshape(op.input(2), [])] : extremes()) as [
    Value,
    Value,
  ];
  const scale = scaleOf(op, low, high, first, last);
  const lowScale = first === 0 ? scale : scaleOf(op, low, op.scalar('float', 0), first, last);
  const highScale = scaleOf(op, op.scalar('float', 0), high, first, last);
  const fromLow = first === 0 ? op.scalar('bool', 0) : less(lowScale, highScale);
  const inverse = where(fromLow, first === 0 ? 0 : div(low, first), div(high, last));
  const [from, to] = [where(fromLow, low, mul(first, inverse)), where(fromLow, mul(last, inverse), high)];
  const clamped = isGiven ? max(min(x, to), from) : x;
  const isEven = op.attributes.text('round_mode', 'HALF_TO_EVEN') === 'HALF_TO_EVEN';
  const scaled = mul(clamped, scale);
  return mul(isEven ? roundToEven(scaled) : round(scaled), inverse);
}

export const quantization = defineOps('Quantization', {
  FakeQuantWithMinMaxArgs: {
    lower(op) {
      const limit = (name: string, otherwise: number) =>
        op.scalar('float', op.attributes.float(name, otherwise));
      return fakeQuantized(op, limit('min', -6), limit('max', 6));
    },
  },
  FakeQuantWithMinMaxVars: withVariables,
  FakeQuantWithMinMaxVarsPerChannel: withVariables,
  Dequantize: {
    dtypes: ['int8', 'uint8', 'int16', 'uint16', 'int32'],
    limits: 'gives float',
    lower: dequantized,
  },
  QuantizeV2: {
    dtypes: ['int8', 'uint8', 'int16', 'uint16'],
    outputs: ['output', 'output_min', 'output_max'],
    lower: quantized,
  },
  ...alike(['QuantizeAndDequantizeV2', 'QuantizeAndDequantizeV4'], {
    dtypes: ['float'],
    limits: 'no axis',
    lower: (op) => roundTrip(op, op.attributes.int('num_bits', 8)),
  }),
  QuantizeAndDequantizeV3: {
    dtypes: ['float'],
    limits: 'no axis, constant num_bits',
    lower: (op) => roundTrip(op, op.constantInt(3, 'num_bits')),
  },
});
