import type { DataType } from './data-types.ts';
import type { HostTensor } from './host-tensor.ts';

/**
 * A dimension: a number; a name for one that only a run tells, the same name wherever it is the same size; or null where
 * nothing is known.
 */
export type Dim = number | string | null;
export type Shape = readonly Dim[];

/** An element that is known when the model is loaded: its number, the name of the dimension that it is, or nothing. */
export type Known = number | string | null;

/** What an edge of the ONNX graph carries, as far as it is known when the model is loaded. */
export interface Value {
  /** Unique in the model, subgraphs included. */
  readonly name: string;
  /** Of a sequence: the dtype of its tensors. */
  readonly dtype: DataType;
  /** Undefined where not even the rank is known, and for sequences. */
  readonly shape: Shape | undefined;
  readonly isSequence?: boolean;
  /** The elements of a small tensor of a known shape, row-major: what shapes and axes are computed from. */
  readonly content?: readonly Known[];
  /** The whole tensor, where it is constant. */
  readonly constant?: HostTensor;
}

/** Tensors of more elements are not looked into. */
export const MAX_CONTENT = 1024;

/** The shape, when all of it is known. */
export function staticShape(shape: Shape | undefined): number[] | undefined {
  return shape?.every((d) => typeof d === 'number') ? (shape as number[]) : undefined;
}

/** The elements, when all of them are known numbers. */
export function numbersOf(value: Value): number[] | undefined {
  return value.content?.every((e) => typeof e === 'number') ? (value.content as number[]) : undefined;
}

/** Whether two dimensions are surely the same. */
export function sameDim(a: Dim, b: Dim): boolean {
  return a !== null && a === b;
}
