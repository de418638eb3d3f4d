import { isFloat } from '../../onnx-graph/data-types.ts';
import { sameDim, type Value } from '../../onnx-graph/value.ts';
import type { ScriptValue } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedTensor } from '../tracing/traced-tensor.ts';
import { LOWEST } from './scans.ts';

/** torch's names of reductions, and ONNX's. */
const REDUCTIONS: Readonly<Record<string, string>> = {
  ...{ sum: 'add', add: 'add', mean: 'add', prod: 'mul', multiply: 'mul', amax: 'max', amin: 'min' },
};

interface Scatter {
  readonly x: Value;
  /** Of the shape of the values. */
  readonly positions: Value;
  readonly values: Value;
  readonly axis: number;
}

/** What ONNX Runtime has no kernels for that add up. */
const WIDER: Partial<Record<Value['dtype'], Value['dtype']>> = { float16: 'float', bool: 'int32' };

function written(scatter: Scatter, op: OpCall, reduction = 'none'): Value {
  const { x, positions, values, axis } = scatter;
  const wider = reduction === 'none' ? undefined : WIDER[x.dtype];
  if (wider !== undefined) {
    const wide = { ...scatter, x: op.cast(x, wider), values: op.cast(values, wider) };
    return op.cast(written(wide, op, reduction), x.dtype);
  }
  if (op.rank(x) > 0) return op.emit('ScatterElements', [x, positions, values], { axis, reduction });
  const [of, at, by] = [x, positions, values].map((one) => op.reshape(one, [1])) as [Value, Value, Value];
  return op.reshape(op.emit('ScatterElements', [of, at, by], { axis: 0, reduction }), []);
}

function identityOf(op: OpCall, reduction: string, dtype: Value['dtype']): number {
  if (reduction === 'add') return 0;
  if (reduction === 'mul') return 1;
  if (isFloat(dtype)) return reduction === 'max' ? -Infinity : Infinity;
  return reduction === 'max'
    ? (LOWEST[dtype] ?? 0)
    : op.fail(`amin of integers without the tensor's own elements is not supported`);
}

/** @param includesSelf what was there counts too. */
function reducedInto(op: OpCall, scatter: Scatter, reduce: string, includesSelf: boolean): Value {
  const reduction =
    REDUCTIONS[reduce] ??
    op.fail(`reduce argument must be one of sum, prod, mean, amax or amin, got ${reduce}`);
  const { x, values } = scatter;
  const all = (element: number) =>
    op.emit('Expand', [op.constant(x.dtype, element), op.emit('Shape', [values])]);
  const start = includesSelf
    ? x
    : written({ ...scatter, values: all(identityOf(op, reduction, x.dtype)) }, op);
  const found = written({ ...scatter, x: start }, op, reduction);
  if (reduce !== 'mean') return found;
  const ones = op.emit('Expand', [op.constant(x.dtype, 1), op.emit('Shape', [x])]);
  const before = includesSelf ? ones : written({ ...scatter, x: ones, values: all(0) }, op);
  const counts = written({ ...scatter, x: before, values: all(1) }, op, 'add');
  return isFloat(x.dtype) ? op.emit('Div', [found, counts]) : op.call('floor_divide', found, counts);
}

/** torch passes over values that have no position: the values are cut to the shape of the positions. */
function scatterOf(op: OpCall, source: ScriptValue): Scatter {
  const x = op.tensor('self');
  const positions = op.cast(op.tensor('index'), 'int64');
  const values = op.operand(source, x.dtype);
  const axis = op.axis('dim', op.rank(x));
  const shape = op.emit('Shape', [positions]);
  if (!(source instanceof TracedTensor)) {
    return { x, positions, values: op.emit('Expand', [values, shape]), axis };
  }
  const isSame = positions.shape?.every((dim, d) => sameDim(dim, values.shape?.[d] ?? null));
  if (isSame || op.rank(values) === 0) return { x, positions, values, axis };
  const starts = op.intVector(new Array<number>(op.rank(values)).fill(0));
  return { x, positions, values: op.emit('Slice', [values, starts, shape]), axis };
}

const scatter: Lower = (op) => written(scatterOf(op, op.raw('src')), op);
const scatterBy: Lower = (op) => reducedInto(op, scatterOf(op, op.raw('src')), op.text('reduce'), true);

/** Slices of `source` along the axis, each to where its index says. */
function slicesOf(op: OpCall, source: Value): Scatter {
  const x = op.tensor('self');
  const axis = op.axis('dim', op.rank(x));
  const values = op.cast(source, x.dtype);
  const index = op.cast(op.tensor('index'), 'int64');
  const ones = new Array<number>(op.rank(x)).fill(1);
  const along = op.reshape(index, op.rank(x) === 0 ? [] : ones.with(axis, -1));
  return { x, positions: op.emit('Expand', [along, op.emit('Shape', [values])]), values, axis };
}

/** One element at all of the indices. */
function filled(op: OpCall): Value {
  const x = op.tensor('self');
  const axis = op.axis('dim', op.rank(x));
  const region = op.emit('Gather', [x, op.reshape(op.cast(op.tensor('index'), 'int64'), [-1])], { axis });
  const element = op.scalar('value', x.dtype);
  return written(slicesOf(op, op.emit('Expand', [element, op.emit('Shape', [region])])), op);
}

function put(op: OpCall): Value {
  const x = op.tensor('self');
  const [positions, values] = [op.cast(op.tensor('index'), 'int64'), op.cast(op.tensor('source'), x.dtype)];
  const [flat, at, by] = [x, positions, values].map((one) => op.reshape(one, [-1])) as [Value, Value, Value];
  const reduction = op.bool('accumulate') ? 'add' : 'none';
  const size = op.emit('Size', [x]);
  // ONNX counts from behind too, but adds there only what is not negative.
  const front = op.emit('Where', [
    op.emit('Less', [at, op.constant('int64', 0)]),
    op.emit('Add', [at, size]),
    at,
  ]);
  const found = written({ x: flat, positions: front, values: by, axis: 0 }, op, reduction);
  return op.emit('Reshape', [found, op.emit('Shape', [x])]);
}

/** The elements of `source`, one after the other, where the mask is true. */
function maskedScatter(op: OpCall): Value {
  const x = op.tensor('self');
  const shape = op.emit('Shape', [x]);
  const mask = op.emit('Expand', [op.cast(op.tensor('mask'), 'bool'), shape]);
  const counts = op.emit('CumSum', [op.cast(op.reshape(mask, [-1]), 'int64'), op.constant('int64', 0)]);
  const places = op.emit('Max', [op.emit('Sub', [counts, op.constant('int64', 1)]), op.constant('int64', 0)]);
  const source = op.reshape(op.cast(op.tensor('source'), x.dtype), [-1]);
  const taken = op.emit('Reshape', [op.emit('Gather', [source, places], { axis: 0 }), shape]);
  return op.emit('Where', [mask, taken, x]);
}

/** A copy of the tensor, with `src` written to a view of it. */
const intoView =
  (view: string, ...names: readonly string[]): Lower =>
  (op) => {
    const base = new TracedTensor(op.emit('Identity', [op.tensor('self')]));
    const args = names.map((name) => op.raw(name));
    const part = op.tracer.call(`aten::${view}`, [base, ...args], new Map()) as TracedTensor;
    op.tracer.write(part, op.emit('Expand', [op.tensor('src'), op.emit('Shape', [part.value])]));
    return base.value;
  };

export const scattering = defineOps('Writing at indices', {
  'scatter(Tensor self, int dim, Tensor index, Operand src)': scatter,
  'scatter(Tensor self, int dim, Tensor index, Operand value)': (op) =>
    written(scatterOf(op, op.raw('value')), op),
  'scatter(Tensor self, int dim, Tensor index, Operand src, *, str reduce)': scatterBy,
  'scatter_add(Tensor self, int dim, Tensor index, Tensor src)': (op) =>
    written(scatterOf(op, op.raw('src')), op, 'add'),
  'scatter_reduce(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True)': (
    op,
  ) => reducedInto(op, scatterOf(op, op.raw('src')), op.text('reduce'), op.bool('include_self')),
  'index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1)': (op) => {
    const dtype = op.tensor('self').dtype;
    const source = op.cast(op.tensor('source'), dtype);
    const isPlain = op.raw('alpha') === 1;
    const scaled = isPlain ? source : op.emit('Mul', [source, op.scalar('alpha', dtype)]);
    return written(slicesOf(op, scaled), op, 'add');
  },
  'index_copy(Tensor self, int dim, Tensor index, Tensor source)': (op) =>
    written(slicesOf(op, op.tensor('source')), op),
  'index_fill(Tensor self, int dim, Tensor index, Operand value)': filled,
  'index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True)': (
    op,
  ) => reducedInto(op, slicesOf(op, op.tensor('source')), op.text('reduce'), op.bool('include_self')),
  'put(Tensor self, Tensor index, Tensor source, bool accumulate=False)': put,
  'masked_scatter(Tensor self, Tensor mask, Tensor source)': maskedScatter,
  ...alike(
    ['select_scatter(Tensor self, Tensor src, int dim, int index)'],
    intoView('select', 'dim', 'index'),
  ),
  'slice_scatter(Tensor self, Tensor src, int dim=0, int? start=None, int? end=None, int step=1)': intoView(
    ...(['slice', 'dim', 'start', 'end', 'step'] as const),
  ),
  'diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1)': intoView(
    ...(['diagonal', 'offset', 'dim1', 'dim2'] as const),
  ),
  'as_strided_scatter(Tensor self, Tensor src, int[] size, int[] stride, int? storage_offset=None)': intoView(
    ...(['as_strided', 'size', 'stride', 'storage_offset'] as const),
  ),
});
