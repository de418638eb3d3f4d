import { DATA_TYPES, type DataType, isFloat, isUnsigned } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';

const END = 2 ** 31 - 1;

/** One dimension of a value, as an int64 vector of one element. */
export function sizeAt(op: OpContext, value: Value, axis: number): Value {
  return op.emit('Gather', [op.shapeOf(value), op.ints([axis])], { axis: 0 });
}

/** The dimensions from one to before another, as an int64 vector. */
export function sizesFrom(op: OpContext, value: Value, from: number, to = END): Value {
  return op.emit('Slice', [op.shapeOf(value), op.ints([from]), op.ints([to])]);
}

/** Vectors one after the other. */
export function joined(op: OpContext, ...vectors: readonly Value[]): Value {
  return op.emit('Concat', vectors, { axis: 0 });
}

/** 0, 1 .. up to before the size, which is a vector of one element. */
export function upTo(op: OpContext, size: Value, dtype: DataType = 'int64'): Value {
  const zero = op.scalar('int64', 0);
  const counts = op.emit('Range', [zero, op.reshape(size, []), op.scalar('int64', 1)]);
  return op.cast(counts, dtype);
}

export function flat(op: OpContext, value: Value): Value {
  return value.shape?.length === 1 ? value : op.reshape(value, [-1]);
}

export function filled(op: OpContext, dtype: DataType, element: number, shape: Value): Value {
  return op.emit('Expand', [op.scalar(dtype, element), shape]);
}

/** Ones at the end of a shape: the value is broadcast over that many inner dimensions. */
export function overInner(op: OpContext, value: Value, inner: number): Value {
  const axes = Array.from({ length: inner }, (_, i) => -1 - i);
  return inner === 0 ? value : op.emit('Unsqueeze', [value, op.ints(axes)]);
}

const LARGEST: Partial<Record<DataType, number>> = {
  ...{ float: 3.4028234663852886e38, double: Number.MAX_VALUE, float16: 65504 },
};

/** The lowest or the highest finite number of a dtype, a scalar. Those of 64 bits are beyond what a JavaScript number says exactly. */
export function extreme(op: OpContext, dtype: DataType, which: 'lowest' | 'highest'): Value {
  const largest = LARGEST[dtype];
  if (isFloat(dtype) && largest !== undefined)
    return op.scalar(dtype, which === 'lowest' ? -largest : largest);
  const bytes = new Uint8Array(DATA_TYPES[dtype].bytes).fill(which === 'lowest' ? 0 : 0xff);
  const top = bytes.length - 1;
  if (!isUnsigned(dtype)) bytes[top] = which === 'lowest' ? 0x80 : 0x7f;
  return op.builder.constant({ dtype, shape: [], bytes });
}

/** 1 where any element along an axis is true, of a bool tensor whose axis may be empty. */
export function anyAlong(op: OpContext, mask: Value, axis: number): Value {
  const count = op.emit('ReduceSum', [op.cast(mask, 'int32'), op.ints([axis])], { keepdims: 0 });
  return op.emit('Greater', [count, op.scalar('int32', 0)]);
}

/** How many elements along an axis are true, int64. */
export function countAlong(op: OpContext, mask: Value, axis: number): Value {
  return op.emit('ReduceSum', [op.cast(mask, 'int64'), op.ints([axis])], { keepdims: 0 });
}
