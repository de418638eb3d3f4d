import type { Value } from '../onnx-graph/value.ts';
import type { ScriptValue } from './interpreter/values.ts';
import { parseSchema, type Schema } from './op-schema.ts';
import type { OpCall } from './tracing/op-call.ts';

/** One tensor; several: a list where the schema says `-> Tensor[]`, else a tuple; or any other value of the language. */
export type OpResult = Value | readonly Value[] | { readonly value: ScriptValue };
export type Lower = (op: OpCall) => OpResult;

interface OpBody {
  readonly lower: Lower;
  /** The outputs are views of `self`: what is written to one changes the other. */
  readonly isView?: boolean;
  /** What it does not do, for the documentation. */
  readonly limits?: string;
}

/** How one overload of a torch op becomes ONNX operators. */
export interface OpDefinition extends OpBody {
  readonly schema: Schema;
}

/** Ops that belong together: a file of ops/, a section of the documentation. */
export interface OpFamily {
  readonly title: string;
  readonly ops: readonly OpDefinition[];
}

/** @param ops by their schemas, as torch writes them: `softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor`. */
export function defineOps(title: string, ops: Readonly<Record<string, Lower | OpBody>>): OpFamily {
  return {
    title,
    ops: Object.entries(ops).map(([schema, body]) => ({
      schema: parseSchema(schema),
      ...(typeof body === 'function' ? { lower: body } : body),
    })),
  };
}

/** Marks all of the ops as views. */
export function views(ops: Readonly<Record<string, Lower>>): Record<string, OpBody> {
  return Object.fromEntries(Object.entries(ops).map(([schema, lower]) => [schema, { lower, isView: true }]));
}

/** The same definition under several schemas. */
export function alike<T extends Lower | OpBody>(
  schemas: readonly string[],
  definition: T,
): Record<string, T> {
  return Object.fromEntries(schemas.map((schema) => [schema, definition]));
}
