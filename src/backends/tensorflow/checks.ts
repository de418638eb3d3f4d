import { errors } from '../../errors.ts';
import { typeName } from './data-types.ts';
import {
  ARGUMENT,
  type Graph,
  type GraphNode,
  nodeNamed,
  parseRef,
  type Ref,
  type TensorFlowModel,
} from './graph.ts';
import { definitionOf } from './ops/index.ts';

const VARIABLES = new Set([
  'Variable',
  'VariableV2',
  'VarHandleOp',
  'AutoReloadVariable',
  'TemporaryVariable',
]);
const PLACEHOLDERS = new Set(['Placeholder', 'PlaceholderV2']);

/** What a client calls an input: the first output of a node. @throws ServerError when there is no such node. */
export function inputRef(model: TensorFlowModel, name: string): Ref {
  const ref = parseRef(name);
  if (!model.nodes.has(ref.node) || ref.output !== undefined) throw errors.tfInputNotFound(name);
  return ref;
}

/** What a client calls an output: `node` or `node:1`. @throws ServerError when there is no such node. */
export function outputRef(model: TensorFlowModel, name: string): Ref {
  const ref = parseRef(name);
  if (!model.nodes.has(ref.node) || ref.output !== undefined) throw errors.tfOutputNotFound(name);
  return ref;
}

/**
 * The nodes that the outputs need, the others are as good as not there; nothing is needed of a node that is fed. Bodies of functions come
 * with whoever may call them.
 */
export function neededNodes(
  model: TensorFlowModel,
  outputs: readonly Ref[],
  feeds: readonly Ref[],
): GraphNode[] {
  const fed = new Set(feeds.map(({ node, port }) => `${node}:${port}`));
  const found: GraphNode[] = [];
  const called = new Set<string>();
  const collect = (graph: Graph, refs: readonly Ref[], isFed: (ref: Ref) => boolean) => {
    const seen = new Set<string>();
    const stack = [...refs];
    for (let ref = stack.pop(); ref !== undefined; ref = stack.pop()) {
      if (isFed(ref) || seen.has(ref.node)) continue;
      seen.add(ref.node);
      const node = nodeNamed(graph, ref.node);
      found.push(node);
      for (const name of [node.op, ...node.attributes.functions()]) called.add(name);
      stack.push(...node.inputs);
    }
  };
  collect(model, outputs, ({ node, port }) => fed.has(`${node}:${port}`));
  // A set goes on to what is added while it is walked.
  for (const name of called) {
    const body = model.library.get(name);
    if (body !== undefined) collect(body, body.results, () => false);
  }
  return found;
}

/** @throws ServerError when one of these nodes is a variable, or a placeholder without a feed. */
export function checkSources(nodes: readonly GraphNode[]): void {
  const variable = nodes.find(({ op }) => VARIABLES.has(op));
  if (variable !== undefined) throw errors.tfUninitialised(variable.name);
  const unfed = nodes.find(({ op }) => PLACEHOLDERS.has(op));
  if (unfed !== undefined) {
    const code = unfed.attributes.typeCode('dtype') ?? 0;
    throw errors.tfUnfed(unfed.name, typeName(code));
  }
}

/** @throws ServerError that names all that stands against lowering these nodes: variables, placeholders without a feed, ops, dtypes. */
export function checkNodes(nodes: readonly GraphNode[], { library }: TensorFlowModel): void {
  checkSources(nodes);
  const problems = new Map<string, { first: string; more: number }>();
  for (const node of nodes) {
    const problem = problemOf(node, library);
    if (problem === undefined) continue;
    const known = problems.get(problem);
    if (known === undefined) problems.set(problem, { first: node.name, more: 0 });
    else known.more++;
  }
  const list = [...problems].map(([problem, { first, more }]) => {
    const others = more === 0 ? '' : ` and ${more} more`;
    return `${problem} (node '${first}'${others})`;
  });
  const [first, ...others] = list;
  if (first !== undefined) throw errors.tfUnsupported(first, ...others);
}

function problemOf({ op, attributes }: GraphNode, library: TensorFlowModel['library']): string | undefined {
  if (op === ARGUMENT) return undefined;
  const definition = definitionOf(op, library);
  if (definition === undefined) return `op '${op}'`;
  const code = attributes.typeCode(definition.typeAttribute ?? 'T');
  if (code === undefined || definition.dtypes === undefined) return undefined;
  const dtype = attributes.dtype(definition.typeAttribute ?? 'T');
  const supported = dtype !== undefined && definition.dtypes.includes(dtype);
  return supported ? undefined : `op '${op}' with dtype ${typeName(code)}`;
}
