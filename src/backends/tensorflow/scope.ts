import { errors } from '../../errors.ts';
import type { GraphBuilder } from '../onnx-graph/graph-builder.ts';
import type { Value } from '../onnx-graph/value.ts';
import { type Graph, nodeNamed, type Ref } from './graph.ts';
import type { Lowering } from './lowering.ts';

/**
 * What is lowered already of a graph, and into which ONNX graph. The body of a Loop or an If is a scope inside another: it sees the values
 * around it. A function that is called is a scope without one: its names are its own.
 */
export class Scope {
  readonly lowering: Lowering;
  readonly graph: Graph;
  readonly builder: GraphBuilder;
  readonly #parent: Scope | null;
  readonly #values = new Map<string, readonly (Value | undefined)[]>();
  /** Values that stand in for single outputs of nodes: feeds. */
  readonly #overrides = new Map<string, Value>();

  constructor(lowering: Lowering, graph: Graph, builder: GraphBuilder, parent: Scope | null = null) {
    this.lowering = lowering;
    this.graph = graph;
    this.builder = builder;
    this.#parent = parent;
  }

  /** A scope for the body of a Loop or an If; or in the same ONNX graph, for values that are valid only there. */
  inner(builder = this.builder.subgraph()): Scope {
    return new Scope(this.lowering, this.graph, builder, this);
  }

  /** Whether the value is there, or its node was lowered. */
  has(ref: Ref): boolean {
    const found = this.#overrides.has(this.#key(ref)) || this.#values.has(ref.node);
    return found || (this.#parent?.has(ref) ?? false);
  }

  /** @throws ServerError when the node has no such output. */
  value(ref: Ref): Value {
    const node = nodeNamed(this.graph, ref.node);
    const value = this.#find(ref);
    return (
      value ?? raise(errors.tfNode(node.op, node.name, `it has no output ${ref.output ?? ''}${ref.port}`))
    );
  }

  setOutputs(node: string, values: readonly (Value | undefined)[]): void {
    this.#values.set(node, values);
  }

  setValue(ref: Ref, value: Value): void {
    this.#overrides.set(this.#key(ref), value);
  }

  /** Lowers what the values need, and returns them. */
  lower(refs: readonly Ref[]): Value[] {
    this.lowering.lower(this, refs);
    return refs.map((ref) => this.value(ref));
  }

  #find(ref: Ref): Value | undefined {
    const here =
      this.#overrides.get(this.#key(ref)) ??
      this.#values.get(ref.node)?.[this.lowering.portOf(this.graph, ref)];
    if (here !== undefined || this.#parent === null) return here;
    return this.#parent.#find(ref);
  }

  #key(ref: Ref): string {
    return `${ref.node}:${this.lowering.portOf(this.graph, ref)}`;
  }
}

function raise(error: Error): never {
  throw error;
}
