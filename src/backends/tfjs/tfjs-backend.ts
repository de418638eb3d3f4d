import type { GraphModel } from '@tensorflow/tfjs';
import { errors } from '../../errors.ts';
import type { Dtype } from '../../tensors/dtype.ts';
import type { Backend } from '../backend.ts';
import type { DataType } from '../onnx-graph/data-types.ts';
import { parseRef, readGraph, type TensorFlowModel } from '../tensorflow/graph.ts';
import { declaredShape, feedType, nodeType, wireType } from '../tensorflow/lower-model.ts';
import { artifactsOf } from './artifacts.ts';
import { tfjsType } from './dtypes.ts';
import { openLibrary } from './library.ts';
import { type TfjsInput, type TfjsOutput, TfjsSession } from './tfjs-session.ts';

/** This module's own address tells which package it adapts: `adapterOf` makes it. */
const { searchParams } = new URL(import.meta.url);
const library = await openLibrary(searchParams.get('module') ?? '');

/** TensorFlow's frozen graphs in a package of TensorFlow.js that the user installed. What that loses: docs/backends/tfjs.md. */
const backend: Backend = {
  name: 'TF',
  runtime: { name: searchParams.get('package') ?? '', version: library.version_core },
  async load(blob, _options, nodes) {
    const { inputs, outputs } = nodes ?? { inputs: [], outputs: [] };
    const model = readGraph(blob);
    const artifacts = artifactsOf(model, inputs, outputs);
    const feeds = inputs.map((name) => inputOf(model, name));
    const fetches = outputs.map((name) => outputOf(model, name));
    const loaded = await library.loadGraphModel(library.io.fromMemory(artifacts));
    try {
      checkOps(loaded);
    } catch (error) {
      loaded.dispose();
      throw error;
    }
    return new TfjsSession(library, loaded, feeds, fetches);
  },
};

export default backend;

function inputOf(model: TensorFlowModel, name: string): TfjsInput {
  const { node: nodeName } = parseRef(name);
  const node = model.nodes.get(nodeName);
  if (node === undefined) throw errors.tfInputNotFound(name);
  const dtype = feedType(node);
  const isScalar = declaredShape(model, node)?.length === 0;
  return { name, node: nodeName, dtype: onTheWire(dtype), type: tfjsType(dtype), isScalar };
}

/** Outputs after the first have dtypes of their own, which no attribute tells in general. */
function outputOf(model: TensorFlowModel, name: string): TfjsOutput {
  const { node, port } = parseRef(name);
  const found = port === 0 ? model.nodes.get(node) : undefined;
  const dtype = found && nodeType(found);
  return { name, dtype: dtype && onTheWire(dtype), type: dtype && tfjsType(dtype) };
}

function onTheWire(dtype: DataType): Dtype {
  return wireType(dtype).toUpperCase() as Dtype;
}

/** Nodes as TensorFlow.js keeps them: ops that it does not know have no category, and fail when they run. */
interface Executor {
  readonly graph?: ExecutorGraph;
}
interface ExecutorGraph {
  readonly nodes: Readonly<Record<string, { name: string; op: string; category?: string }>>;
  readonly functions?: Readonly<Record<string, ExecutorGraph>>;
}

/** @throws ServerError that names all ops that TensorFlow.js does not know. */
function checkOps(model: GraphModel): void {
  const { graph } = (model as unknown as { executor: Executor }).executor;
  if (graph === undefined) return;
  const unknown = new Map<string, string>();
  for (const { nodes } of [graph, ...Object.values(graph.functions ?? {})]) {
    for (const { name, op, category } of Object.values(nodes)) {
      if (category === undefined && !unknown.has(op)) unknown.set(op, name);
    }
  }
  const [first, ...others] = [...unknown].map(([op, name]) => `op '${op}' (node '${name}')`);
  if (first !== undefined) throw errors.tfUnsupported(first, ...others);
}
