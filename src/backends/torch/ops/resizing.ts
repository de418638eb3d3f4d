import type { Value } from '../../onnx-graph/value.ts';
import { isNumber, numberOf, type ScriptValue } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedNumber } from '../tracing/traced-tensor.ts';
import { lastAxes } from './spatial-axes.ts';

/** What the spatial axes become: sizes, and factors where the op was told such. */
interface Target {
  readonly sizes: readonly ScriptValue[];
  /** Undefined where the sizes alone say it. */
  readonly factors: readonly ScriptValue[] | undefined;
}

function listOf(value: ScriptValue): readonly ScriptValue[] {
  return Array.isArray(value) ? value : [value];
}

/** @param rank of the image. */
function targetOf(op: OpCall, x: Value, rank: number): Target {
  const size = (axis: number, factor: ScriptValue): ScriptValue => {
    const whole = op.size(x, axis);
    if (isNumber(whole) && isNumber(factor)) return Math.floor(whole * numberOf(factor));
    const product = op.emit('Mul', [op.scalarOf(whole, 'double'), op.scalarOf(factor, 'double')]);
    return new TracedNumber('int', op.cast(op.emit('Floor', [product]), 'int64'));
  };
  if (op.given('output_size')) return { sizes: listOf(op.raw('output_size')), factors: undefined };
  const factors = op.given('scale_factors') ? listOf(op.raw('scale_factors')) : [];
  if (factors.length !== rank) op.fail('neither sizes nor scales are given');
  return { sizes: lastAxes(op, x, rank).map((axis, i) => size(axis, factors[i] as ScriptValue)), factors };
}

/** As the overloads have it that name each factor. */
function plainTarget(op: OpCall, rank: number): Target {
  const names = ['scales_d', 'scales_h', 'scales_w'].slice(-rank);
  const factors = names.map((name) => op.raw(rank === 1 ? 'scales' : name));
  const isTold = factors.every((factor) => factor !== null);
  return { sizes: listOf(op.raw('output_size')), factors: isTold ? factors : undefined };
}

/** Factors that take sizes to whole ones: then the sizes say where the elements come from, too. */
function isExact(op: OpCall, x: Value, rank: number, factors: readonly ScriptValue[]): boolean {
  return lastAxes(op, x, rank).every((axis, i) => {
    const [factor, size] = [factors[i], x.shape?.[axis]];
    if (factor === undefined || !isNumber(factor)) return false;
    const by = numberOf(factor);
    return Number.isInteger(by) || (typeof size === 'number' && Number.isInteger(size * by));
  });
}

/** Positions are counted in single precision, from the factor or else the ratio of the sizes, as torch does: ONNX Runtime divides otherwise. */
function nearest(op: OpCall, x: Value, rank: number, { sizes, factors }: Target, offset: number): Value {
  const enlarges = sizes.every((size, i) => {
    const from = x.shape?.[(x.shape?.length ?? 0) - rank + i];
    const factor = factors?.[i];
    if (factor !== undefined && isNumber(factor)) return Number.isInteger(numberOf(factor));
    return typeof size === 'number' && typeof from === 'number' && size % from === 0;
  });
  if (enlarges) {
    const outer = [op.size(x, 0), op.size(x, 1)];
    const attributes = {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    };
    return op.emit('Resize', [x, null, null, op.vectorOf([...outer, ...sizes])], attributes);
  }
  return lastAxes(op, x, rank).reduce((value, axis, i) => {
    const float = (number: ScriptValue) => op.scalarOf(number, 'float');
    const [size, factor] = [sizes[i] as ScriptValue, factors?.[i]];
    const step =
      factor === undefined
        ? op.emit('Div', [float(op.size(x, axis)), float(size)])
        : op.cast(op.emit('Reciprocal', [op.scalarOf(factor, 'double')]), 'float');
    const range = op.emit(
      'Range',
      [0, size, 1].map((bound) => op.scalarOf(bound, 'int64')),
    );
    const places = op.emit('Add', [op.cast(range, 'float'), op.constant('float', offset)]);
    const found = op.cast(op.emit('Floor', [op.emit('Mul', [places, step])]), 'int64');
    const last = op.emit('Sub', [op.scalarOf(op.size(x, axis), 'int64'), op.constant('int64', 1)]);
    return op.emit('Gather', [value, op.emit('Min', [found, last])], { axis });
  }, x);
}

interface Interpolation {
  readonly mode: 'linear' | 'cubic';
  readonly isAligned: boolean;
}

function interpolated(
  op: OpCall,
  x: Value,
  rank: number,
  { sizes, factors }: Target,
  { mode, isAligned }: Interpolation,
): Value {
  const attributes = {
    mode,
    coordinate_transformation_mode: isAligned ? 'align_corners' : 'half_pixel',
    cubic_coeff_a: mode === 'cubic' ? { float: -0.75 } : undefined,
  };
  // ONNX Runtime resizes planes and volumes, so that a line is a plane of one row.
  const [row, isLine] = [op.intVector([2]), rank === 1];
  const wide = isLine ? op.emit('Unsqueeze', [x, row]) : x;
  const outer = [op.size(x, 0), op.size(x, 1), ...(isLine ? [1] : [])];
  const isTold = factors !== undefined && !isAligned && !isExact(op, x, rank, factors);
  const inputs = isTold
    ? [
        wide,
        null,
        op.emit('Concat', [fill(op, outer.length), ...factors.map((by) => vector(op, by))], { axis: 0 }),
      ]
    : [wide, null, null, op.vectorOf([...outer, ...sizes])];
  const resized = op.emit('Resize', inputs, attributes);
  return isLine ? op.emit('Squeeze', [resized, row]) : resized;
}

const fill = (op: OpCall, count: number) =>
  op.tracer.fill('float', [count], new Array<number>(count).fill(1));
const vector = (op: OpCall, factor: ScriptValue) => op.reshape(op.scalarOf(factor, 'float'), [1]);

/** The weight of an element that is this far from the middle. */
const KERNELS: Readonly<Record<Interpolation['mode'], { readonly reach: number; of(x: number): number }>> = {
  linear: { reach: 1, of: (x) => Math.max(0, 1 - Math.abs(x)) },
  cubic: {
    reach: 2,
    of(x) {
      const [a, far] = [-0.5, Math.abs(x)];
      if (far < 1) return ((a + 2) * far - (a + 3)) * far * far + 1;
      return far < 2 ? (((far - 5) * far + 8) * far - 4) * a : 0;
    },
  },
};

/** What each element of a line has of those of the one that is made of it; torch's weights, which ONNX Runtime's are not. */
function smoothing(from: number, to: number, step: number, mode: Interpolation['mode']): number[] {
  const { reach, of } = KERNELS[mode];
  const wide = Math.max(step, 1);
  const shares = new Array<number>(from * to).fill(0);
  for (let i = 0; i < to; i++) {
    const middle = step * (i + 0.5);
    const first = Math.max(Math.trunc(middle - reach * wide + 0.5), 0);
    const behind = Math.min(Math.trunc(middle + reach * wide + 0.5), from);
    const own = Array.from({ length: behind - first }, (_, k) => of((k + first - middle + 0.5) / wide));
    const sum = own.reduce((a, b) => a + b, 0);
    for (const [k, share] of own.entries()) shares[(first + k) * to + i] = share / sum;
  }
  return shares;
}

const smoothed =
  (mode: Interpolation['mode'], target: Targeting): Lower =>
  (op) => {
    const x = op.tensor('self');
    const { sizes, factors } = target(op, x);
    const isAligned = op.bool('align_corners');
    const [columns, rows] = [1, 0].map((i) => {
      const [from, to] = [op.knownSize(x, i + 2), op.tracer.knownInt(sizes[i] as ScriptValue)];
      const factor = factors?.[i];
      const ratio =
        factor === undefined
          ? from / to
          : 1 / numberOf(isNumber(factor) ? factor : op.fail('its factors have to be known'));
      const step = isAligned ? (to > 1 ? (from - 1) / (to - 1) : 0) : ratio;
      return op.tracer.fill(x.dtype, [from, to], smoothing(from, to, step, mode));
    }) as [Value, Value];
    const narrowed = op.emit('MatMul', [x, columns]);
    return op.emit('MatMul', [op.emit('Transpose', [rows], { perm: [1, 0] }), narrowed]);
  };

type Targeting = (op: OpCall, x: Value) => Target;

const nearestTo =
  (rank: number, offset: number, target: Targeting): Lower =>
  (op) => {
    const x = op.tensor('self');
    return nearest(op, x, rank, target(op, x), offset);
  };

const linearTo =
  (rank: number, mode: 'linear' | 'cubic', target: Targeting): Lower =>
  (op) => {
    const x = op.tensor('self');
    return interpolated(op, x, rank, target(op, x), { mode, isAligned: op.bool('align_corners') });
  };

/** Both overloads of an op: with a list of factors, and with each by its name. */
function overloads(
  name: string,
  rank: number,
  aligned: string,
  make: (target: Targeting) => Lower,
): Record<string, Lower> {
  const named = rank === 1 ? ['scales'] : ['scales_d', 'scales_h', 'scales_w'].slice(-rank);
  const factors = named.map((one) => `, float? ${one}=None`).join('');
  return {
    [`${name}(Tensor self, int[]? output_size${aligned}, float[]? scale_factors)`]: make((op, x) =>
      targetOf(op, x, rank),
    ),
    [`${name}(Tensor self, int[] output_size${aligned}${factors})`]: make((op) => plainTarget(op, rank)),
  };
}

const ALIGNED = ', bool align_corners';
const LINEAR = ['linear1d', 'bilinear2d', 'trilinear3d'];
const ranks = [1, 2, 3] as const;

export const resizing = defineOps('Resizing', {
  ...Object.assign(
    {},
    ...ranks.flatMap((rank) => [
      overloads(`upsample_nearest${rank}d`, rank, '', (target) => nearestTo(rank, 0, target)),
      overloads(`_upsample_nearest_exact${rank}d`, rank, '', (target) => nearestTo(rank, 0.5, target)),
      overloads(`upsample_${LINEAR[rank - 1]}`, rank, ALIGNED, (target) => linearTo(rank, 'linear', target)),
    ]),
  ),
  ...overloads('upsample_bicubic2d', 2, ALIGNED, (target) => linearTo(2, 'cubic', target)),
  ...overloads('_upsample_bilinear2d_aa', 2, ALIGNED, (target) => smoothed('linear', target)),
  ...overloads('_upsample_bicubic2d_aa', 2, ALIGNED, (target) => smoothed('cubic', target)),
  ...alike(
    ['grid_sampler', 'grid_sampler_2d', 'grid_sampler_3d'].map(
      (name) =>
        `${name}(Tensor self, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners)`,
    ),
    (op: OpCall) =>
      op.emit('GridSample', [op.tensor('self'), op.tensor('grid')], {
        mode:
          ['linear', 'nearest', 'cubic'][op.int('interpolation_mode')] ??
          op.fail('unknown interpolation mode'),
        padding_mode:
          ['zeros', 'border', 'reflection'][op.int('padding_mode')] ?? op.fail('unknown padding mode'),
        align_corners: op.bool('align_corners') ? 1 : 0,
      }),
  ),
  'affine_grid_generator(Tensor self, int[] size, bool align_corners)': (op) => {
    const theta = op.tensor('self');
    const [, , ...sizes] = op.ints('size');
    const isAligned = op.bool('align_corners');
    // Each point as x, y, (z,) 1: the last axis of the image comes first.
    const points = sizes.reduce<number[][]>(
      (outer, size) =>
        outer.flatMap((rest) =>
          Array.from({ length: size }, (_, i) => {
            if (isAligned) return [size > 1 ? -1 + (2 * i) / (size - 1) : 0, ...rest];
            return [(2 * i + 1) / size - 1, ...rest];
          }),
        ),
      [[1]],
    );
    const base = op.tracer.fill(theta.dtype, [points.length, sizes.length + 1], points.flat());
    const moved = op.emit('MatMul', [base, op.emit('Transpose', [theta], { perm: [0, 2, 1] })]);
    return op.emit('Reshape', [moved, op.vectorOf([op.size(theta, 0), ...sizes, sizes.length])]);
  },
});
