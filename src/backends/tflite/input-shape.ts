import { errors } from '../../errors.ts';
import type { Dtype } from '../../tensors/dtype.ts';
import { elementCount, type Tensor } from '../../tensors/tensor.ts';
import { ANY_SIZE } from './model-file.ts';

/** An input of a model. */
export interface DeclaredInput {
  readonly name: string;
  readonly dtype: Dtype | undefined;
  readonly typeName: string;
  /** ANY_SIZE where each run may have another size. */
  readonly declared: readonly number[];
  /** When the model was loaded. */
  readonly own: readonly number[];
}

/** A run with other shapes than those that the model declares. */
export class FixedShapeError extends Error {
  constructor() {
    super(errors.tfliteFixedShape().message);
  }
}

/**
 * The shape that the model is to see. Dimension 0 is the batch; sizes that the model leaves open are those of the tensor. A tensor that
 * differs in its rank only, as an image with a dimension for its one channel, is taken by its elements.
 * @throws ServerError where the model would read beyond it, or the dtype differs.
 */
export function inputShape(input: DeclaredInput, { dtype, shape }: Tensor): readonly number[] {
  const { name, declared, own } = input;
  if (dtype !== input.dtype) throw errors.tfliteInputType(name, input.dtype ?? input.typeName, dtype);
  const rows = shape[0] ?? 1;
  const fits =
    shape.length === declared.length &&
    shape.every((size, d) => size > 0 && (d === 0 || size === declared[d] || declared[d] === ANY_SIZE));
  if (fits) return shape;
  if (elementCount(shape) === elementCount(own) && rows === (own[0] ?? 1)) return own;
  const rowElements = elementCount(own.slice(1));
  if (own.length > 0 && rows > 0 && elementCount(shape) === rows * rowElements)
    return [rows, ...own.slice(1)];
  throw errors.tfliteInputShape(name, declared, shape);
}
