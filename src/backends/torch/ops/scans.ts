import { isFloat, isInteger } from '../../onnx-graph/data-types.ts';
import { Formula } from '../../onnx-graph/formula.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { logAddExpOf } from './arithmetic.ts';
import { checkParts } from './checks.ts';
import { isLonger } from './lengths.ts';
import { summable } from './reductions.ts';

/** What comes before the first element, for each of the parts. */
type Identities = readonly number[];
type Combine = (earlier: readonly Value[], later: readonly Value[]) => readonly Value[];

/** The axis moved up by so many places. */
function delayed(op: OpCall, x: Value, axis: number, places: number, first: number): Value {
  const rank = op.rank(x);
  const pads = new Array<number>(2 * rank).fill(0).with(axis, places);
  const padded = op.emit('Pad', [x, op.intVector(pads), op.constant(x.dtype, first)]);
  return op.emit('Slice', [padded, ...[0, -places, axis].map((element) => op.intVector([element]))]);
}

/** All that came up to each place, combined: in as many steps as the length has binary digits (Hillis and Steele). */
function scanned(
  op: OpCall,
  parts: readonly Value[],
  axis: number,
  identities: Identities,
  combine: Combine,
): readonly Value[] {
  const [first] = parts as readonly [Value];
  let found = parts;
  for (let step = 1; op.rank(first) > 0 && isLonger(op, first, axis, step); step *= 2) {
    const earlier = found.map((part, i) => delayed(op, part, axis, step, identities[i] as number));
    found = combine(earlier, found);
  }
  return found;
}

export const LOWEST: Partial<Record<Value['dtype'], number>> = {
  ...{ uint8: 0, int8: -128, int16: -32768, int32: -(2 ** 31), int64: -(2 ** 63) },
};
/** Where the elements of an axis are in it, in the shape of the tensor. */
export function placesAlong(op: OpCall, x: Value, axis: number): Value {
  const size = op.scalarOf(op.size(x, axis), 'int64');
  const range = op.emit('Range', [op.constant('int64', 0), size, op.constant('int64', 1)]);
  const sizes = everySize(op, x).with(axis, -1);
  return op.emit('Expand', [op.reshape(range, sizes), op.emit('Shape', [x])]);
}

const everySize = (op: OpCall, x: Value) => new Array<number>(op.rank(x)).fill(1);

/** The largest or least so far, and where it was last. */
const running =
  (operator: 'GreaterOrEqual' | 'LessOrEqual'): Lower =>
  (op) => {
    const given = op.tensor('self');
    if (op.rank(given) === 0) return [op.emit('Identity', [given]), op.constant('int64', 0)];
    const axis = op.axis('dim', op.rank(given));
    const bytes = given.dtype === 'bool' ? op.cast(given, 'uint8') : given;
    // The other bits are in the other order, so that the least is a largest.
    const isTurned = operator === 'LessOrEqual' && !isFloat(bytes.dtype);
    const x = isTurned ? op.emit('BitwiseNot', [bytes]) : bytes;
    const first = LOWEST[x.dtype] ?? (operator === 'GreaterOrEqual' ? -Infinity : Infinity);
    const combine: Combine = ([before, at] = [], [value, place] = []) => {
      const [a, b] = [before as Value, value as Value];
      const better = op.emit(isTurned ? 'GreaterOrEqual' : operator, [b, a]);
      const isLater = isFloat(b.dtype) ? op.emit('Or', [better, op.emit('IsNaN', [b])]) : better;
      return [op.emit('Where', [isLater, b, a]), op.emit('Where', [isLater, place as Value, at as Value])];
    };
    const [values, places] = scanned(op, [x, placesAlong(op, x, axis)], axis, [first, 0], combine);
    const found = isTurned ? op.emit('BitwiseNot', [values as Value]) : (values as Value);
    return [op.cast(found, given.dtype), places as Value];
  };

const scan =
  (identity: number, of: (op: OpCall) => Value, combine: (op: OpCall, x: Value, y: Value) => Value): Lower =>
  (op) => {
    const x = of(op);
    const axis = op.axis('dim', op.rank(x));
    const [found] = scanned(op, [x], axis, [identity], ([before], [value]) => [
      combine(op, before as Value, value as Value),
    ]);
    return found === x ? op.emit('Identity', [x]) : (found as Value);
  };

/** All but the first or the last along an axis. */
const without = (op: OpCall, x: Value, axis: number, end: 'first' | 'last'): Value =>
  op.call('slice', x, axis, end === 'first' ? 1 : 0, end === 'first' ? null : -1, 1);

const diff: Lower = (op) => {
  const ends = ['prepend', 'self', 'append'].flatMap((name) => (op.given(name) ? [op.tensor(name)] : []));
  let x = ends.length === 1 ? (ends[0] as Value) : op.call('cat', ends, op.int('dim'));
  const axis = op.axis('dim', op.rank(x));
  checkParts(op, op.int('n'));
  for (let i = 0; i < op.int('n'); i++) {
    const sides = [without(op, x, axis, 'first'), without(op, x, axis, 'last')];
    x = op.emit(x.dtype === 'bool' ? 'Xor' : 'Sub', sides);
  }
  return x;
};

/** The areas between neighbours. */
function areas(op: OpCall): { parts: Value; axis: number } {
  const given = op.tensor('self');
  const axis = op.axis('dim', op.rank(given));
  const y = isInteger(given.dtype) ? op.cast(given, 'float') : given;
  const m = new Formula(op, y.dtype);
  const heights = m.mul(m.add(without(op, y, axis, 'first'), without(op, y, axis, 'last')), 0.5);
  return { parts: m.mul(heights, widths(op, m, axis, op.rank(y))), axis };
}

function widths(op: OpCall, m: Formula, axis: number, rank: number): Value {
  const given = op.raw('x');
  if (!op.given('x') || typeof given === 'number') return op.scalar('dx', m.dtype);
  const x = op.cast(op.tensor('x'), m.dtype);
  const along = op.rank(x) === 1 ? 0 : axis;
  const steps = m.sub(without(op, x, along, 'first'), without(op, x, along, 'last'));
  return op.rank(x) === 1 ? op.reshape(steps, new Array<number>(rank).fill(1).with(axis, -1)) : steps;
}

export const scans = defineOps('Running along an axis', {
  'cumsum(Tensor self, int dim, *, ScalarType? dtype=None)': (op) => {
    const x = summable(op);
    const axis = op.axis('dim', op.rank(x));
    return op.rank(x) === 0 ? op.emit('Identity', [x]) : op.emit('CumSum', [x, op.constant('int64', axis)]);
  },
  'cumprod(Tensor self, int dim, *, ScalarType? dtype=None)': scan(1, summable, (op, x, y) =>
    op.emit('Mul', [x, y]),
  ),
  'logcumsumexp(Tensor self, int dim)': scan(
    -Infinity,
    (op) => op.floating(),
    (op, x, y) => logAddExpOf(new Formula(op, x.dtype), x, y, Math.E),
  ),
  'cummax(Tensor self, int dim) -> (Tensor, Tensor)': running('GreaterOrEqual'),
  'cummin(Tensor self, int dim) -> (Tensor, Tensor)': running('LessOrEqual'),
  'diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None)': diff,
  ...Object.fromEntries(
    ['trapezoid', 'trapz'].flatMap((name) => [
      [`${name}(Tensor self, Tensor x, *, int dim=-1, Scalar dx=1)`, area] as const,
      [`${name}(Tensor self, *, Any x=None, Scalar dx=1, int dim=-1)`, area] as const,
    ]),
  ),
  ...alike(
    [
      'cumulative_trapezoid(Tensor self, Tensor x, *, int dim=-1, Scalar dx=1)',
      'cumulative_trapezoid(Tensor self, *, Any x=None, Scalar dx=1, int dim=-1)',
    ],
    (op: OpCall) => {
      const { parts, axis } = areas(op);
      return op.emit('CumSum', [parts, op.constant('int64', axis)]);
    },
  ),
});

function area(op: OpCall): Value {
  const { parts, axis } = areas(op);
  return op.emit('ReduceSum', [parts, op.intVector([axis])], { keepdims: 0 });
}
