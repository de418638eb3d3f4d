import { errors, ServerError } from '../../errors.ts';
import { Branches } from './branches.ts';
import { type Frame, Frames } from './frames.ts';
import {
  type FunctionBody,
  type Graph,
  type GraphNode,
  nodeNamed,
  type Ref,
  type TensorFlowModel,
} from './graph.ts';
import { OpContext } from './op-context.ts';
import type { OpDefinition } from './op-registry.ts';
import { definitionOf as find, OPS } from './ops/index.ts';
import type { Scope } from './scope.ts';

/** Functions that call others twice each grow without bounds; no graph that was ever made comes near this. */
const MAX_NODES = 500_000;

/** Lowers nodes into scopes, each once, what they need first. */
export class Lowering {
  readonly #model: TensorFlowModel;
  readonly #needed: ReadonlySet<GraphNode>;
  readonly #controlFlow = new Map<Graph, ControlFlow>();
  readonly #calls = new Set<string>();
  readonly #loops = new Set<Frame>();
  #lowered = 0;

  /** @param needed all nodes that the outputs need, those of functions' bodies too. */
  constructor(model: TensorFlowModel, needed: Iterable<GraphNode>) {
    this.#model = model;
    this.#needed = new Set(needed);
  }

  /** The loops and branches of a graph that TensorFlow 1 made. */
  controlFlow(graph: Graph): ControlFlow {
    const known = this.#controlFlow.get(graph);
    if (known !== undefined) return known;
    const frames = new Frames(graph, (node) => this.#needed.has(node));
    const found = { frames, branches: new Branches(graph, frames) };
    this.#controlFlow.set(graph, found);
    return found;
  }

  /** Calls `lower` with the function's body. @throws Error when the function calls itself: nothing unrolls that. */
  calling<T>(name: string, lower: (body: FunctionBody) => T): T {
    const body = this.functionNamed(name);
    if (this.#calls.has(name)) throw new Error(`the function '${name}' calls itself`);
    this.#calls.add(name);
    try {
      return lower(body);
    } finally {
      this.#calls.delete(name);
    }
  }

  /** @throws ServerError when the library has no such function. */
  functionNamed(name: string): FunctionBody {
    const found = this.#model.library.get(name);
    if (found === undefined) throw errors.tfUnknownFunction(name);
    return found;
  }

  /**
   * Lowers the nodes that these values come from. With a stack of its own: recursion would overflow on graphs that a loop was unrolled into.
   * @throws ServerError that names the node that cannot be lowered.
   */
  lower(scope: Scope, refs: readonly Ref[]): void {
    const stack = refs.map((ref) => ({ ref, entered: false }));
    const open = new Set<string>();
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { ref, entered } = top;
      if (entered || scope.has(ref)) {
        stack.pop();
        if (!entered) continue;
        open.delete(ref.node);
        if (!scope.has(ref)) this.#lowerNode(scope, nodeNamed(scope.graph, ref.node));
        continue;
      }
      const node = nodeNamed(scope.graph, ref.node);
      if (open.has(node.name)) throw errors.tfNode(node.op, node.name, 'it needs its own output');
      open.add(node.name);
      top.entered = true;
      const { dependencies } = this.#definitionOf(node);
      const needed = dependencies ? named(node, () => dependencies(node, scope)) : node.inputs;
      for (const next of needed) if (!scope.has(next)) stack.push({ ref: next, entered: false });
    }
  }

  /** Lowers a loop. @throws Error when it needs a value that only leaves it at its end. */
  looping<T>(frame: Frame, lower: () => T): T {
    if (this.#loops.has(frame)) throw new Error('its loop needs what leaves it');
    this.#loops.add(frame);
    try {
      return lower();
    } finally {
      this.#loops.delete(frame);
    }
  }

  /** The position of a value among all outputs of its node. */
  portOf(graph: Graph, ref: Ref): number {
    if (ref.output === undefined) return ref.port;
    const { op } = nodeNamed(graph, ref.node);
    const names = OPS.get(op)?.outputs ?? this.#model.library.get(op)?.resultNames ?? [];
    return Math.max(0, names.indexOf(ref.output)) + ref.port;
  }

  #lowerNode(scope: Scope, node: GraphNode): void {
    if (++this.#lowered > MAX_NODES) {
      throw errors.tfNode(
        node.op,
        node.name,
        `the graph has more than ${MAX_NODES} nodes, functions expanded`,
      );
    }
    const out = named(node, () => this.#definitionOf(node).lower(new OpContext(node, scope)));
    scope.setOutputs(node.name, Array.isArray(out) ? out : [out]);
  }

  #definitionOf(node: GraphNode): OpDefinition {
    const found = find(node.op, this.#model.library);
    if (found === undefined) throw errors.tfUnsupported(`op '${node.op}' (node '${node.name}')`);
    return found;
  }
}

/** What is thrown on the way names the node. */
function named<T>(node: GraphNode, lower: () => T): T {
  try {
    return lower();
  } catch (error) {
    if (error instanceof ServerError) throw error;
    throw errors.tfNode(node.op, node.name, error instanceof Error ? error.message : String(error));
  }
}

export interface ControlFlow {
  readonly frames: Frames;
  readonly branches: Branches;
}
