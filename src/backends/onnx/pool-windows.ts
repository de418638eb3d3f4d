import { type GraphOutline, type ModelOutline, type NodeOutline, readOutline } from './outline.ts';
import { KnownSizes, Operator, windowsOf } from './sizes.ts';

/** Operators that ONNX Runtime makes for one processor while it loads a model. */
const BLOCKED_DOMAIN = 'com.microsoft.nchwc';
/** ONNX Runtime's own format of models, which it takes too; a flatbuffer, not looked into here. */
const ORT_FORMAT = 'ORTM';

/**
 * Whether ONNX Runtime may block the channels of this model's images (its NchwcTransformer, up to three times as fast): ONNX Runtime 1.30
 * ends the process over a pool made that way when nothing comes out because its window is wider than its image. True when no pool can come to
 * that, whatever the run.
 * @throws Error when the model has such operators already.
 */
export function mayBlockChannels(file: Uint8Array): boolean {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (!bytes.includes('MaxPool') && !bytes.includes('AveragePool')) return true;
  const isOrtFormat = bytes.toString('latin1', 4, 8) === ORT_FORMAT;
  const model = isOrtFormat ? undefined : outlineOf(file);
  const hasBlocked = model
    ? nodesOf(model).some(({ domain }) => domain === BLOCKED_DOMAIN)
    : isOrtFormat && bytes.includes(BLOCKED_DOMAIN);
  if (hasBlocked) throw new Error(`Operators of ${BLOCKED_DOMAIN} are for ONNX Runtime itself to make.`);
  if (model === undefined) return false;
  try {
    return poolsFit(model);
  } catch {
    return false;
  }
}

function outlineOf(file: Uint8Array): ModelOutline | undefined {
  try {
    return readOutline(file);
  } catch {
    return undefined;
  }
}

function poolsFit({ graph, functions }: ModelOutline): boolean {
  const [main] = graph;
  if (graph.length !== 1 || main === undefined) return false;
  const known = new KnownSizes(main);
  for (const node of main.node) {
    if (!fits(node, known)) return false;
    known.follow(node);
  }
  // Of the values in graphs inside nothing is known; of functions not even the attributes, which callers may set.
  const nothing = new KnownSizes({ node: [], initializer: [], input: [] });
  const inside = main.node.flatMap(graphsOf).flatMap(nodesIn);
  const inFunctions = functions.flatMap((body) => body.node.flatMap(withInner));
  return inside.every((node) => fits(node, nothing)) && !inFunctions.some(isPool);
}

function isPool({ opType }: NodeOutline): boolean {
  return opType === 'MaxPool' || opType === 'AveragePool';
}

/** Images have two dimensions; others are not blocked. ONNX Runtime itself refuses images of size 0. */
function fits(node: NodeOutline, known: KnownSizes): boolean {
  if (!isPool(node)) return true;
  const operator = new Operator(node);
  const kernel = operator.ints('kernel_shape');
  if (kernel === undefined) return false;
  if (kernel.length !== 2) return true;
  const sizes = known.of(operator.inputs[0]);
  return windowsOf(operator, kernel).every(
    ({ reach, padding }, d) => padding === null || Math.max(1, sizes?.[d + 2] ?? 1) + padding >= reach,
  );
}

function graphsOf({ attribute }: NodeOutline): GraphOutline[] {
  return attribute.flatMap(({ g, graphs }) => [...g, ...graphs]);
}

function withInner(node: NodeOutline): NodeOutline[] {
  return [node, ...graphsOf(node).flatMap(nodesIn)];
}

function nodesIn(graph: GraphOutline): NodeOutline[] {
  return graph.node.flatMap(withInner);
}

function nodesOf({ graph, functions }: ModelOutline): NodeOutline[] {
  return [...graph, ...functions].flatMap(({ node }) => node.flatMap(withInner));
}
