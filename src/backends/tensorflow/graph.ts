import { errors } from '../../errors.ts';
import { Attributes } from './attributes.ts';
import { decodeGraph, type FunctionMessage, type NodeMessage } from './messages.ts';

/** An output of a node. In a function's body outputs have names, and the port counts within that name. */
export interface Ref {
  readonly node: string;
  readonly output?: string;
  readonly port: number;
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** What it computes on, in order. */
  readonly inputs: readonly Ref[];
  /** Nodes that have to run before it: without meaning here, where no operator has effects. */
  readonly controls: readonly string[];
  readonly attributes: Attributes;
}

/** Nodes that refer to each other by name: a model's graph, or a function's body. */
export interface Graph {
  readonly nodes: ReadonlyMap<string, GraphNode>;
}

/** A function of the library; its arguments are nodes of the op `_Arg` in its graph. */
export interface FunctionBody extends Graph {
  readonly arguments: readonly string[];
  readonly results: readonly Ref[];
  readonly resultNames: readonly string[];
}

export interface TensorFlowModel extends Graph {
  readonly library: ReadonlyMap<string, FunctionBody>;
  /** Of the format that it was written in. */
  readonly version: number;
}

/** The op of a function's argument. */
export const ARGUMENT = '_Arg';

/**
 * Reads a frozen GraphDef or a SavedModel's saved_model.pb, and checks what TensorFlow checks when it imports one, but for the ops' own rules.
 * @throws ServerError when the bytes are no graph, a name is there twice, or a node refers to one that is not there.
 */
export function readGraph(file: Uint8Array): TensorFlowModel {
  let message: ReturnType<typeof decodeGraph>;
  try {
    message = decodeGraph(file);
  } catch {
    throw errors.tfInvalidGraph();
  }
  const functions = (message.library?.function ?? []).map(readFunction).filter((f) => f !== undefined);
  const version = message.versions?.producer ?? 0;
  return { nodes: readNodes(message.node, []), library: new Map(functions), version };
}

/** `name`, `name:1`, or in a function `name:output:1`. */
export function parseRef(text: string): Ref {
  const [node = '', ...rest] = text.split(':');
  const last = rest.at(-1);
  const port = last !== undefined && /^\d+$/.test(last) ? Number(rest.pop()) : 0;
  const [output] = rest;
  return output === undefined ? { node, port } : { node, output, port };
}

export function nodeNamed(graph: Graph, name: string): GraphNode {
  const node = graph.nodes.get(name);
  if (node === undefined) throw errors.tfInvalidGraph();
  return node;
}

/** The node that a value comes from before it was only passed on. Undefined where there is none: a damaged graph may be cyclic. */
export function originOf(
  graph: Graph,
  ref: Ref | undefined,
  passes: (node: GraphNode) => boolean,
): GraphNode | undefined {
  const seen = new Set<string>();
  let node = ref && graph.nodes.get(ref.node);
  while (node !== undefined && passes(node) && !seen.has(node.name)) {
    seen.add(node.name);
    const [from] = node.inputs;
    node = from && graph.nodes.get(from.node);
  }
  return node;
}

function readNodes(messages: readonly NodeMessage[], given: readonly GraphNode[]): Map<string, GraphNode> {
  const nodes = new Map(given.map((node) => [node.name, node]));
  for (const { name, op, input, attr } of messages) {
    if (nodes.has(name)) throw errors.tfDuplicateNode(name);
    const inputs = input.filter((text) => !text.startsWith('^')).map(parseRef);
    const controls = input.filter((text) => text.startsWith('^')).map((text) => text.slice(1));
    nodes.set(name, { name, op, inputs, controls, attributes: new Attributes(attr) });
  }
  for (const { name, inputs, controls } of nodes.values()) {
    for (const needed of [...inputs.map((ref) => ref.node), ...controls]) {
      if (!nodes.has(needed)) throw errors.tfUnknownInput(name, needed);
    }
  }
  return nodes;
}

function readFunction({ signature, nodeDef, ret }: FunctionMessage): [string, FunctionBody] | undefined {
  if (!signature) return undefined;
  const given = signature.inputArg.map(({ name }) => ({
    ...{ name, op: ARGUMENT, inputs: [], controls: [] },
    attributes: new Attributes({}),
  }));
  const results = signature.outputArg.map(({ name }) => parseRef(ret[name] ?? name));
  const resultNames = signature.outputArg.map(({ name }) => name);
  const nodes = readNodes(nodeDef, given);
  return [signature.name, { nodes, arguments: given.map(({ name }) => name), results, resultNames }];
}
