import { errors } from '../../errors.ts';
import type { DataType } from '../onnx-graph/data-types.ts';
import { GraphBuilder } from '../onnx-graph/graph-builder.ts';
import type { Dim, Shape } from '../onnx-graph/value.ts';
import { checkNodes, inputRef, neededNodes, outputRef } from './checks.ts';
import { type GraphNode, nodeNamed, type Ref, readGraph, type TensorFlowModel } from './graph.ts';
import { Lowering } from './lowering.ts';
import { OPS } from './ops/index.ts';
import { Scope } from './scope.ts';

/** Dtypes that no tensor of a client has: they come and go as these. */
const ON_THE_WIRE: Partial<Record<DataType, DataType>> = {
  float16: 'float',
  uint32: 'int64',
  uint64: 'int64',
};
/** Before this version of GraphDef an empty shape of a placeholder meant that nothing was known of it. */
const EXPLICIT_SCALARS = 24;

/**
 * Lowers a TensorFlow graph to the bytes of an ONNX model, whose inputs and outputs are in the order of the names.
 * @throws ServerError when the graph is malformed, lacks something, or has an op that cannot be lowered.
 */
export function lowerModel(
  file: Uint8Array,
  inputs: readonly string[],
  outputs: readonly string[],
): Uint8Array<ArrayBuffer> {
  const model = readGraph(file);
  const feeds = inputs.map((name) => inputRef(model, name));
  const fetches = outputs.map((name) => outputRef(model, name));
  const needed = neededNodes(model, fetches, feeds);
  checkNodes(needed, model);
  const builder = GraphBuilder.create();
  const scope = new Scope(new Lowering(model, needed), model, builder);
  for (const [i, ref] of feeds.entries()) feed(scope, model, needed, ref, i);
  scope.lower(fetches).forEach((value, i) => {
    const wire = ON_THE_WIRE[value.dtype];
    if (value.isSequence) throw errors.tfOutputNotFound(outputs[i] as string);
    builder.output(wire === undefined ? value : builder.cast(value, wire));
  });
  return builder.bytes();
}

function feed(
  scope: Scope,
  model: TensorFlowModel,
  needed: readonly GraphNode[],
  ref: Ref,
  index: number,
): void {
  const node = nodeNamed(model, ref.node);
  const dtype = feedType(node);
  const wire = wireType(dtype);
  const { builder } = scope;
  const shape = feedShape(model, needed, ref, index);
  // No client can send a scalar: AI.TENSORSET asks for at least one dimension.
  const isScalar = shape?.length === 0;
  const input = builder.input(wire, isScalar ? undefined : shape);
  const value = isScalar ? builder.emit('Reshape', [input, builder.ints([])]) : input;
  scope.setValue(ref, builder.cast(value, dtype));
}

/** What a dtype comes and goes as. */
export function wireType(dtype: DataType): DataType {
  return ON_THE_WIRE[dtype] ?? dtype;
}

/** The dtype of a node that is fed. @throws ServerError where it is none that is known here. */
export function feedType(node: GraphNode): DataType {
  const dtype = nodeType(node);
  if (dtype !== undefined) return dtype;
  throw errors.tfNode(node.op, node.name, 'it cannot be fed: its dtype is none that is known here');
}

/** Of a node's first output: a placeholder declares it; another node has it in one of these attributes, or is a comparison. */
export function nodeType({ attributes, op }: GraphNode): DataType | undefined {
  for (const attribute of ['dtype', 'DstT', 'output_type', 'out_type', 'T']) {
    const isOutput =
      attribute !== 'T' || !/^(Logical|Equal|NotEqual|Less|Greater|Is(Nan|Inf|Finite))/.test(op);
    const dtype = isOutput ? attributes.dtype(attribute) : 'bool';
    if (dtype !== undefined) return dtype;
  }
  return undefined;
}

/**
 * Dimension 0 may be anything, whatever is declared: TensorFlow does not hold a feed against it, and batches differ. Each that is not known
 * has a name of its own, by which shapes that depend on it are recognized.
 */
function feedShape(
  model: TensorFlowModel,
  needed: readonly GraphNode[],
  ref: Ref,
  index: number,
): Shape | undefined {
  const declared = declaredShape(model, nodeNamed(model, ref.node));
  const rank = declared?.length ?? rankFromConsumers(needed, ref);
  if (rank === undefined) return undefined;
  const sizes: Shape = declared ?? new Array<Dim>(rank).fill(null);
  return sizes.map((dim, d) => (d === 0 || dim === null ? `in${index}_${d}` : dim));
}

/** What a placeholder declares; undefined for other nodes. */
export function declaredShape(model: TensorFlowModel, node: GraphNode): Shape | undefined {
  if (!node.op.startsWith('Placeholder')) return undefined;
  const shape = node.attributes.shape('shape');
  return shape?.length === 0 && model.version < EXPLICIT_SCALARS ? undefined : shape;
}

/** ONNX Runtime can move transpositions only where it knows the rank. */
function rankFromConsumers(needed: readonly GraphNode[], ref: Ref): number | undefined {
  for (const { op, inputs } of needed) {
    const ranks = OPS.get(op)?.ranks ?? [];
    const rank = ranks.find(
      (known, i) => known !== undefined && inputs[i]?.node === ref.node && inputs[i]?.port === ref.port,
    );
    if (rank !== undefined) return rank;
  }
  return undefined;
}
