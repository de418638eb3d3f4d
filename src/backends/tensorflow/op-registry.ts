import type { DataType } from '../onnx-graph/data-types.ts';
import type { Value } from '../onnx-graph/value.ts';
import type { GraphNode, Ref } from './graph.ts';
import type { OpContext } from './op-context.ts';
import type { Scope } from './scope.ts';

/** How one TensorFlow op becomes ONNX operators. */
export interface OpDefinition {
  /** What the dtype attribute may be. Missing: any, or the op has none. */
  readonly dtypes?: readonly DataType[];
  /** The attribute that `dtypes` is about; `T` where it is not said. */
  readonly typeAttribute?: string;
  /** What it does not do, for the documentation. */
  readonly limits?: string;
  /** The names of its outputs where it has several, in order; a function's body refers to them. */
  readonly outputs?: readonly string[];
  /** The ranks of its inputs where the op fixes them: a placeholder without a shape has the rank that its consumers need. */
  readonly ranks?: readonly (number | undefined)[];
  /** What has to be lowered before it; its inputs where it is not said. Control flow lowers its branches itself. */
  readonly dependencies?: (node: GraphNode, scope: Scope) => readonly Ref[];
  /** Emits the operators and returns the outputs, in the order of their ports. */
  readonly lower: (op: OpContext) => Value | readonly Value[];
}

/** Ops that belong together: a file of ops/, a section of the documentation. */
export interface OpFamily {
  readonly title: string;
  readonly ops: Readonly<Record<string, OpDefinition>>;
}

export function defineOps(title: string, ops: Readonly<Record<string, OpDefinition>>): OpFamily {
  return { title, ops };
}

/** All names of one definition: ops that differ by version only. */
export function alike(names: readonly string[], definition: OpDefinition): Record<string, OpDefinition> {
  return Object.fromEntries(names.map((name) => [name, definition]));
}
