import type { DataType } from '../data-types.ts';
import { sizeOf } from '../host-tensor.ts';
import { type Dim, type Known, MAX_CONTENT, type Shape, sameDim, staticShape, type Value } from '../value.ts';

/** The shape of two operands that are broadcast against each other, as NumPy does. */
export function broadcastShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined) return undefined;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? (i < rank - a.length ? 1 : null);
    const y = b[i - rank + b.length] ?? (i < rank - b.length ? 1 : null);
    return broadcastDim(x, y);
  });
}

function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === 1) return b;
  if (b === 1 || sameDim(a, b)) return a;
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : null;
}

/** For each element of `to`, the index of the element of `from` that is broadcast there. */
export function broadcastIndices(from: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(from);
  const offset = to.length - from.length;
  return indicesOf(to).map((at) =>
    from.reduce(
      (sum, size, d) => sum + (size === 1 ? 0 : (at[d + offset] as number) * (strides[d] as number)),
      0,
    ),
  );
}

export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let d = shape.length - 2; d >= 0; d--) {
    strides[d] = (strides[d + 1] as number) * (shape[d + 1] as number);
  }
  return strides;
}

/** The coordinates of all elements, row-major. */
export function indicesOf(shape: readonly number[]): number[][] {
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, i) =>
    shape.map((size, d) => Math.floor(i / (strides[d] as number)) % size),
  );
}

/** The static shape of a tensor small enough to be looked into. */
export function smallShape(shape: Shape | undefined): number[] | undefined {
  const sizes = staticShape(shape);
  return sizes !== undefined && sizeOf(sizes) <= MAX_CONTENT ? sizes : undefined;
}

/** The elements of an elementwise operation on operands that are all known. */
export function elementwise(
  operands: readonly Value[],
  shape: Shape | undefined,
  of: (...elements: Known[]) => Known,
): Known[] | undefined {
  const sizes = smallShape(shape);
  if (sizes === undefined || operands.some((v) => v.content === undefined)) return undefined;
  const columns = operands.map((v) => {
    const content = v.content as readonly Known[];
    return broadcastIndices(staticShape(v.shape) as number[], sizes).map((i) => content[i] as Known);
  });
  return Array.from({ length: sizeOf(sizes) }, (_, i) => of(...columns.map((column) => column[i] as Known)));
}

/** A result as the dtype holds it; null where a number cannot say it, or nothing here knows how it would be rounded. */
export function held(dtype: DataType, x: number): number | null {
  switch (dtype) {
    case 'float':
      return Math.fround(x);
    case 'double':
      return x;
    case 'bool':
      return x === 0 ? 0 : 1;
    case 'int32':
      return Number.isSafeInteger(x) ? x | 0 : null;
    case 'int64':
      return Number.isSafeInteger(x) ? x : null;
    default:
      return null;
  }
}
