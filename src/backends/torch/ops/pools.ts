import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { lastAxes, ones, withBatch, zeros } from './spatial-axes.ts';

interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly isCeiled: boolean;
}

/** @param dilation of a largest one. */
function windowOf(op: OpCall, rank: number, dilation: readonly number[] = ones(rank)): Window {
  const kernel = op.intsFor('kernel_size', rank);
  const padding = op.intsFor('padding', rank, zeros(rank));
  if (padding.some((pad, d) => 2 * pad > (kernel[d] as number))) {
    op.fail('pad should be at most half of effective kernel size');
  }
  const window = {
    kernel,
    stride: op.intsFor('stride', rank, kernel),
    padding,
    isCeiled: op.bool('ceil_mode'),
  };
  const reach = kernel.map((size, d) => (dilation[d] as number) * (size - 1) + 1);
  checkFits(op, op.tensor('self'), window, reach);
  return window;
}

/**
 * Refuses a window that is wider than the padded image: torch does, and ONNX Runtime, which blocks the channels of torch's models on the
 * strength of this, would end the process. What the sizes of the inputs decide is a guard of the trace.
 */
function checkFits(
  op: OpCall,
  x: Value,
  { stride, padding, isCeiled }: Window,
  reach: readonly number[],
): void {
  for (const [d, axis] of lastAxes(op, x, reach.length).entries()) {
    const least = (reach[d] as number) - 2 * (padding[d] as number);
    const size = op.size(x, axis);
    if (least <= 1) continue;
    if (typeof size === 'number' ? size >= least : op.tracer.truth(op.tracer.symbolic('>=', size, least)))
      continue;
    const known = op.knownSize(x, axis);
    if (isCeiled && known + (stride[d] as number) - 1 >= least) {
      op.fail(`a window of ${reach[d]} over a size of ${known} is not supported`);
    }
    op.fail(`Given input size: ${known}. Calculated output size: 0. Output size is too small`);
  }
}

function attributesOf({
  kernel,
  stride,
  padding,
  isCeiled,
}: Window): Record<string, number | readonly number[]> {
  return {
    kernel_shape: kernel,
    strides: stride,
    pads: [...padding, ...padding],
    ceil_mode: isCeiled ? 1 : 0,
  };
}

/** Positions within the plane of their channel, where ONNX counts through the whole tensor. */
function withinPlane(op: OpCall, positions: Value, plane: Value, rank: number): Value {
  const sizes = lastAxes(op, plane, rank).map((axis) => op.size(plane, axis));
  const area = op.emit('ReduceProd', [op.vectorOf(sizes), op.intVector([0])], { keepdims: 0 });
  return op.emit('Mod', [positions, area]);
}

const maxPool =
  (rank: number, hasPositions = false): Lower =>
  (op) => {
    const dilations = op.intsFor('dilation', rank, ones(rank));
    const attributes = { ...attributesOf(windowOf(op, rank, dilations)), dilations };
    const outputs = withBatch(op, op.tensor('self'), rank, (x) => {
      const count = hasPositions ? 2 : 1;
      const [most, positions] = op.emitMany('MaxPool', [x], attributes, { count }) as [Value, ...Value[]];
      return positions === undefined ? [most] : [most, withinPlane(op, positions, x, rank)];
    });
    return hasPositions ? outputs : (outputs[0] as Value);
  };

/** How far behind the padded image the last windows reach when sizes are rounded up. */
function overhang(op: OpCall, x: Value, { kernel, stride, padding }: Window): number[] {
  return lastAxes(op, x, kernel.length).map((axis, d) => {
    const [size, pad] = [op.knownSize(x, axis), padding[d] as number];
    const [window, step] = [kernel[d] as number, stride[d] as number];
    let count = Math.ceil((size + 2 * pad - window) / step) + 1;
    if ((count - 1) * step >= size + pad) count--;
    return Math.max(0, (count - 1) * step + window - size - 2 * pad);
  });
}

const averagePool =
  (rank: number): Lower =>
  (op) => {
    const x = op.tensor('self');
    const window = windowOf(op, rank);
    const { kernel, stride, padding } = window;
    const over = window.isCeiled ? overhang(op, x, window) : zeros(rank);
    const counted = op.bool('count_include_pad');
    const divisor = op.given('divisor_override');
    const area = kernel.reduce((product, size) => product * size, 1);
    const [result] = withBatch(op, x, rank, (batched) => {
      if (over.every((cells) => cells === 0) && !divisor) {
        const attributes = {
          ...attributesOf({ ...window, isCeiled: false }),
          count_include_pad: counted ? 1 : 0,
        };
        return [op.emit('AveragePool', [batched], attributes)];
      }
      // The sum of each window, over as many cells of it as count: those behind the padding never do.
      const sides = (before: readonly number[], after: readonly number[]) =>
        op.intVector([0, 0, ...before, 0, 0, ...after]);
      const plain = { kernel_shape: kernel, strides: stride };
      const zero = op.constant(x.dtype, 0);
      const behind = padding.map((pad, d) => pad + (over[d] as number));
      const sums = op.emit('AveragePool', [op.emit('Pad', [batched, sides(padding, behind), zero])], plain);
      if (divisor) {
        return [op.emit('Mul', [sums, op.constant(x.dtype, area / op.int('divisor_override'))])];
      }
      const sizes = lastAxes(op, batched, rank).map((axis) => op.size(batched, axis));
      const image = op.emit('Expand', [op.constant(x.dtype, 1), op.vectorOf([1, 1, ...sizes])]);
      const padded = counted
        ? op.emit('Pad', [image, sides(padding, padding), op.constant(x.dtype, 1)])
        : image;
      const rest = counted ? sides(zeros(rank), over) : sides(padding, behind);
      const shares = op.emit('AveragePool', [op.emit('Pad', [padded, rest, zero])], plain);
      return [op.emit('Div', [sums, shares])];
    });
    return result as Value;
  };

/** Where the windows that cover `size` in `count` steps begin and end. */
function bounds(size: number, count: number): readonly (readonly [from: number, to: number])[] {
  return Array.from({ length: count }, (_, w) => [
    Math.floor((w * size) / count),
    Math.ceil(((w + 1) * size) / count),
  ]);
}

function wantedSizes(op: OpCall, x: Value, axes: readonly number[]): number[] {
  const raw = op.raw('output_size');
  const given = Array.isArray(raw) ? raw : [raw];
  return axes.map((axis, i) => {
    const size = given.length === 1 ? given[0] : given[i];
    return size === null || size === undefined ? op.knownSize(x, axis) : op.tracer.knownInt(size);
  });
}

/** Windows that cover a size in as many steps as asked for. */
const adaptiveAverage =
  (rank: number): Lower =>
  (op) => {
    const x = op.tensor('self');
    const axes = lastAxes(op, x, rank);
    const wanted = wantedSizes(op, x, axes);
    if (wanted.every((size) => size === 1)) {
      return op.emit('ReduceMean', [x, op.intVector(axes)], { keepdims: 1 });
    }
    const sizes = axes.map((axis) => op.knownSize(x, axis));
    if (sizes.every((size, i) => size % (wanted[i] as number) === 0)) {
      const kernel = sizes.map((size, i) => size / (wanted[i] as number));
      const attributes = { kernel_shape: kernel, strides: kernel };
      const [result] = withBatch(op, x, rank, (batched) => [op.emit('AveragePool', [batched], attributes)]);
      return result as Value;
    }
    // One axis after the other, as a product with the shares that each element has.
    return axes.reduce((value, axis, i) => {
      const [size, count] = [sizes[i] as number, wanted[i] as number];
      if (size === count) return value;
      const windows = bounds(size, count);
      const shares = Array.from({ length: size * count }, (_, at) => {
        const [from, to] = windows[at % count] as readonly [number, number];
        const element = Math.floor(at / count);
        return element >= from && element < to ? 1 / (to - from) : 0;
      });
      const turn = lastWith(op.rank(x), axis);
      const turned = axis === op.rank(x) - 1 ? value : op.emit('Transpose', [value], { perm: turn });
      const mixed = op.emit('MatMul', [turned, op.tracer.fill(x.dtype, [size, count], shares)]);
      return turned === value ? mixed : op.emit('Transpose', [mixed], { perm: turn });
    }, x);
  };

/** The axes with this one and the last one in each other's place. */
function lastWith(rank: number, axis: number): number[] {
  return Array.from({ length: rank }, (_, d) => (d === axis ? rank - 1 : d === rank - 1 ? axis : d));
}

/** Every window gathered to one axis: cells that a smaller one lacks are its first one again. */
const adaptiveMax =
  (rank: number): Lower =>
  (op) => {
    const x = op.tensor('self');
    const axes = lastAxes(op, x, rank);
    const wanted = wantedSizes(op, x, axes);
    const sizes = axes.map((axis) => op.knownSize(x, axis));
    const cells: number[][] = [[]];
    let places: number[][] = [[]];
    for (const [i, size] of sizes.entries()) {
      const windows = bounds(size, wanted[i] as number);
      const widest = Math.max(...windows.map(([from, to]) => to - from));
      places = places.flatMap((outer) => windows.map((_, w) => [...outer, w]));
      cells.push(
        windows.flatMap(([from, to]) =>
          Array.from({ length: widest }, (_, k) => (from + k < to ? from + k : from)),
        ),
      );
    }
    const flat = places.map((place) => {
      let positions = [0];
      for (const [i, size] of sizes.entries()) {
        const column = cells[i + 1] as number[];
        const widest = column.length / (wanted[i] as number);
        const own = column.slice((place[i] as number) * widest, ((place[i] as number) + 1) * widest);
        positions = positions.flatMap((position) => own.map((cell) => position * size + cell));
      }
      return positions;
    });
    const width = flat[0]?.length ?? 1;
    const outer = Array.from({ length: op.rank(x) - rank }, (_, d) => op.size(x, d));
    const plane = op.emit('Reshape', [x, op.vectorOf([...outer, -1])]);
    const windows = op.tracer.fill('int64', [flat.length, width], flat.flat());
    const gathered = op.emit('Gather', [plane, windows], { axis: op.rank(x) - rank });
    const last = op.rank(x) - rank + 1;
    const most = op.emit('ReduceMax', [gathered, op.intVector([last])], { keepdims: 0 });
    const within = op.emit('ArgMax', [gathered], { axis: last, keepdims: 1 });
    const wide = op.emit('Expand', [windows, op.vectorOf([...outer, flat.length, width])]);
    const position = op.emit('Squeeze', [
      op.emit('GatherElements', [wide, within], { axis: last }),
      op.intVector([last]),
    ]);
    const shape = op.vectorOf([...outer, ...wanted]);
    return [op.emit('Reshape', [most, shape]), op.emit('Reshape', [position, shape])];
  };

/** Elements back to the positions that they were the largest at. */
const maxUnpool =
  (rank: number): Lower =>
  (op) => {
    const [x, positions] = [op.tensor('self'), op.tensor('indices')];
    const sizes = op.ints('output_size').slice(-rank);
    const area = sizes.reduce((product, size) => product * size, 1);
    const outer = Array.from({ length: op.rank(x) - rank }, (_, d) => op.size(x, d));
    const flat = (value: Value) => op.emit('Reshape', [value, op.vectorOf([...outer, -1])]);
    const empty = op.emit('Expand', [op.constant(x.dtype, 0), op.vectorOf([...outer, area])]);
    const filled = op.emit('ScatterElements', [empty, flat(positions), flat(x)], { axis: outer.length });
    return op.emit('Reshape', [filled, op.vectorOf([...outer, ...sizes])]);
  };

const POOL = 'Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0';
const MAX = `${POOL}, int[1] dilation=1, bool ceil_mode=False`;
const ranks = [1, 2, 3] as const;
const each = (make: (rank: number) => [string, Lower]) => Object.fromEntries(ranks.map(make));

export const pools = defineOps('Pools', {
  ...each((rank) => [`max_pool${rank}d(${MAX})`, maxPool(rank)]),
  ...each((rank) => [`max_pool${rank}d_with_indices(${MAX}) -> (Tensor, Tensor)`, maxPool(rank, true)]),
  ...each((rank) => [
    `avg_pool${rank}d(${POOL}, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None)`,
    averagePool(rank),
  ]),
  ...each((rank) => [`adaptive_avg_pool${rank}d(Tensor self, Any output_size)`, adaptiveAverage(rank)]),
  '_adaptive_avg_pool2d(Tensor self, Any output_size)': adaptiveAverage(2),
  '_adaptive_avg_pool3d(Tensor self, Any output_size)': adaptiveAverage(3),
  ...each((rank) => [
    `adaptive_max_pool${rank}d(Tensor self, Any output_size) -> (Tensor, Tensor)`,
    adaptiveMax(rank),
  ]),
  ...alike(['max_unpool2d(Tensor self, Tensor indices, int[] output_size)'], maxUnpool(2)),
  ...alike(
    ['max_unpool3d(Tensor self, Tensor indices, int[] output_size, int[] stride, int[] padding)'],
    maxUnpool(3),
  ),
});
