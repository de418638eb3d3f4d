import type { ScriptValue } from '../interpreter/values.ts';

/** A size: a number, or an expression of symbols such as `s0`. */
export type Size = number | SymbolicSize;

export interface SymbolicSize {
  readonly expression: string;
  /** What it was when the program was exported; later versions of torch may leave it out. */
  readonly hint: number | undefined;
}

export interface TensorMeta {
  /** torch._export's own number of the dtype, see scalar-types.ts. */
  readonly scalarType: number;
  readonly sizes: readonly Size[];
  /** In elements; absent where the file says nothing of them. */
  readonly strides?: readonly Size[];
  readonly offset?: Size;
}

/** What a node is given or gives, what goes into a graph and comes out of it. */
export type Argument =
  /** A tensor or a number that is computed elsewhere. */
  | { readonly kind: 'value'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: ScriptValue }
  | { readonly kind: 'list'; readonly items: readonly Argument[] }
  /** A branch of a control flow operator. */
  | { readonly kind: 'graph'; readonly graph: Graph }
  | { readonly kind: 'unsupported'; readonly what: string };

export interface NodeInput {
  /** As the op's schema names it; empty for control flow operators. */
  readonly name: string;
  readonly argument: Argument;
  /** torch up to 2.6 does not say. */
  readonly isKeyword: boolean | undefined;
}

export interface Node {
  /** torch.ops.aten.add.Tensor, _operator.mul, math.ceil.. */
  readonly target: string;
  readonly inputs: readonly NodeInput[];
  readonly outputs: readonly Argument[];
  /** The line of the model's source where there is one. */
  readonly place: string;
}

export interface Graph {
  readonly inputs: readonly Argument[];
  readonly outputs: readonly Argument[];
  readonly nodes: readonly Node[];
  readonly tensors: ReadonlyMap<string, TensorMeta>;
  /** Symbolic ints by name: what they were found to be. */
  readonly ints: ReadonlyMap<string, Size>;
}

export interface TensorSpec {
  readonly kind: 'tensor';
  /** A constant that the program writes to is made anew for each run; a parameter or a buffer would keep what is written. */
  readonly role: 'parameter' | 'buffer' | 'constant';
  readonly name: string;
  readonly key: string;
  /** Whether it lies among the constants, and not in the state dict. */
  readonly isConstant: boolean;
}

/** What an input of the graph is. */
export type InputSpec =
  /** Given by the caller. */
  | { readonly kind: 'user'; readonly argument: Argument }
  /** A tensor of the archive. */
  | TensorSpec
  /** A number, a text.. that the program was exported with. */
  | { readonly kind: 'literal'; readonly name: string; readonly value: ScriptValue }
  /** What only orders effects. */
  | { readonly kind: 'token' }
  | { readonly kind: 'unsupported'; readonly what: string };

/** What an output of the graph is. */
export type OutputSpec =
  | { readonly kind: 'user'; readonly argument: Argument }
  /** Of no concern for the caller. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'unsupported'; readonly what: string };

/** Sizes that a symbol may have, both included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** What torch.export.save writes of a program, but for its tensors. */
export interface ExportedProgram {
  readonly graph: Graph;
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly OutputSpec[];
  /** By symbol. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** What else sizes have to fulfil, as Python. */
  readonly guards: readonly string[];
}
