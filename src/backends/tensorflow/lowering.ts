import { errors, ServerError } from '../../errors.ts';
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
import { OPS } from './ops/index.ts';
import type { Scope } from './scope.ts';

/** Lowers nodes into scopes, each once, what they need first. */
export class Lowering {
  readonly #model: TensorFlowModel;

  constructor(model: TensorFlowModel) {
    this.#model = model;
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
      const needed = definitionOf(node).dependencies?.(node, scope.graph) ?? node.inputs;
      for (const next of needed) if (!scope.has(next)) stack.push({ ref: next, entered: false });
    }
  }

  /** The position of a value among all outputs of its node. */
  portOf(graph: Graph, ref: Ref): number {
    if (ref.output === undefined) return ref.port;
    const names = OPS.get(nodeNamed(graph, ref.node).op)?.outputs ?? [];
    return Math.max(0, names.indexOf(ref.output)) + ref.port;
  }

  #lowerNode(scope: Scope, node: GraphNode): void {
    try {
      const out = definitionOf(node).lower(new OpContext(node, scope));
      scope.setOutputs(node.name, Array.isArray(out) ? out : [out]);
    } catch (error) {
      if (error instanceof ServerError) throw error;
      throw errors.tfNode(node.op, node.name, error instanceof Error ? error.message : String(error));
    }
  }
}

function definitionOf(node: GraphNode): OpDefinition {
  const found = OPS.get(node.op);
  if (found === undefined) throw errors.tfUnsupported(`op '${node.op}' (node '${node.name}')`);
  return found;
}
