import type { DataType } from '../data-types.ts';
import type { Attribute } from '../model-bytes.ts';
import type { Known, Shape, Value } from '../value.ts';

/** An ONNX operator with what goes into it. */
export interface Operation {
  /** Null for an optional input that is left out. */
  readonly inputs: readonly (Value | null)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputCount: number;
  /**
   * A name for a dimension that only a run tells. For those that are the same in several places: ONNX Runtime takes dimensions without a name
   * for different ones.
   */
  readonly newDim: () => string;
}

export interface Inferred {
  readonly dtype: DataType;
  readonly shape: Shape | undefined;
  readonly content?: readonly Known[] | undefined;
}

/** What an operator's outputs are. Never guesses: what is not sure is null or undefined. */
export type Rule = (operation: Operation) => Inferred[];

export function input(operation: Operation, index: number): Value {
  const value = operation.inputs[index];
  if (value === null || value === undefined) throw new Error(`an operator lacks its input ${index}`);
  return value;
}

export function intAttribute({ attributes }: Operation, name: string, otherwise: number): number {
  const value = attributes[name];
  return typeof value === 'number' ? value : otherwise;
}

export function intsAttribute({ attributes }: Operation, name: string): readonly number[] | undefined {
  const value = attributes[name];
  return Array.isArray(value) ? value : undefined;
}

/** An axis counted from the front; undefined outside of the rank. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
