import { errors } from '../../errors.ts';
import { checkSources, inputRef, neededNodes, outputRef } from '../tensorflow/checks.ts';
import {
  ARGUMENT,
  type FunctionBody,
  type GraphNode,
  nodeNamed,
  type Ref,
  type TensorFlowModel,
} from '../tensorflow/graph.ts';
import { declaredShape } from '../tensorflow/lower-model.ts';
import type { AttributeMessage, ShapeMessage } from '../tensorflow/messages.ts';
import { DEFAULTS } from './defaults.ts';
import { tfjsTypeCode } from './dtypes.ts';
import { type WeightSpec, weightOf } from './weights.ts';

/** What TensorFlow.js loads a graph model from, as its converter writes it. */
export interface Artifacts {
  readonly modelTopology: object;
  readonly weightSpecs: WeightSpec[];
  readonly weightData: ArrayBuffer[];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The graph model of what the outputs need. Nodes that are fed become placeholders, whose dimension 0 may have any size.
 * @throws ServerError when an input or output is not there, or a variable or placeholder has no value.
 */
export function artifactsOf(
  model: TensorFlowModel,
  inputs: readonly string[],
  outputs: readonly string[],
): Artifacts {
  const feeds = inputs.map((name) => feedOf(model, name));
  const fetches = outputs.map((name) => outputRef(model, name));
  const needed = neededNodes(model, fetches, feeds);
  checkSources(needed);
  const writer = new ArtifactsWriter(new Set(needed));
  const fed = new Set(feeds.map(({ node }) => node));
  const placeholders = [...fed].map((name) => placeholder(model, nodeNamed(model, name)));
  const rest = [...model.nodes.values()].filter(({ name }) => !fed.has(name));
  const node = [...placeholders, ...writer.nodes(rest, (name) => name)];
  const functions = [...model.library].flatMap(([name, body]) => writer.function(name, body) ?? []);
  const versions = { producer: model.version };
  return { modelTopology: { node, library: { function: functions }, versions }, ...writer.weights() };
}

/** Only first outputs: TensorFlow.js has no other names for what is fed than those of nodes. */
function feedOf(model: TensorFlowModel, name: string): Ref {
  const ref = inputRef(model, name);
  if (ref.port !== 0) throw errors.tfInputNotFound(name);
  return ref;
}

function placeholder(model: TensorFlowModel, node: GraphNode): Json {
  const sizes = declaredShape(model, node);
  const dim = sizes?.map((size, d) => ({ size: d === 0 || typeof size !== 'number' ? -1 : size }));
  const shape = dim === undefined ? { unknownRank: true } : { dim };
  const dtype = { type: tfjsTypeCode(node.attributes.typeCode('dtype') ?? 0) };
  const attr = node.op.startsWith('Placeholder') ? { shape: { shape }, dtype } : {};
  return { name: node.name, op: 'Placeholder', input: [], attr };
}

/** Collects the constants of the nodes that it writes. */
class ArtifactsWriter {
  readonly #needed: ReadonlySet<GraphNode>;
  readonly #specs: WeightSpec[] = [];
  readonly #data: ArrayBuffer[] = [];

  constructor(needed: ReadonlySet<GraphNode>) {
    this.#needed = needed;
  }

  weights(): Pick<Artifacts, 'weightSpecs' | 'weightData'> {
    return { weightSpecs: this.#specs, weightData: this.#data.filter(({ byteLength }) => byteLength > 0) };
  }

  /** Those of the nodes that are needed. Control edges are left out: no operator here has effects. */
  nodes(nodes: Iterable<GraphNode>, rename: (name: string) => string): Json[] {
    const out: Json[] = [];
    for (const node of nodes) {
      if (!this.#needed.has(node) || node.op === ARGUMENT) continue;
      const name = rename(node.name);
      const input = node.inputs.map((ref) => refText(ref, rename));
      if (node.op === 'Const') this.#constant(name, node);
      out.push({ name, op: node.op, input, attr: attributesOf(node) });
    }
    return out;
  }

  /** A function of the library; undefined where nothing calls it. All functions share one table of weights, which therefore have its name. */
  function(name: string, body: FunctionBody): Json | undefined {
    const nodes = [...body.nodes.values()];
    if (!nodes.some((node) => this.#needed.has(node))) return undefined;
    const constants = new Set(nodes.filter(({ op }) => op === 'Const').map((node) => node.name));
    const rename = (node: string) => (constants.has(node) ? `${name}/${node}` : node);
    const ret = body.results.map((ref, i) => [body.resultNames[i], refText(ref, rename)]);
    return {
      signature: {
        name,
        inputArg: body.arguments.map((argument) => ({ name: argument })),
        outputArg: body.resultNames.map((result) => ({ name: result })),
      },
      nodeDef: this.nodes(nodes, rename),
      ret: Object.fromEntries(ret),
    };
  }

  #constant(name: string, node: GraphNode): void {
    const tensor = node.attributes.tensor('value');
    if (tensor === undefined) throw errors.tfNode(node.op, node.name, 'it has no value');
    const { spec, data } = weightOf(name, tensor);
    this.#specs.push(spec);
    this.#data.push(data);
  }
}

function refText({ node, output, port }: Ref, rename: (name: string) => string): string {
  const name = rename(node);
  if (output !== undefined) return `${name}:${output}:${port}`;
  return port === 0 ? name : `${name}:${port}`;
}

function attributesOf(node: GraphNode): Json {
  // A constant's value is among the weights.
  const entries = Object.entries(node.attributes.messages).filter(([, { value }]) => value !== 'tensor');
  const given = entries.map(([name, message]) => [name, attributeOf(message)]);
  return { ...DEFAULTS[node.op], ...Object.fromEntries(given) };
}

/** Only the field that is set, int64s as numbers, bytes as lists of them: as JSON has it. */
function attributeOf(message: AttributeMessage): Json {
  switch (message.value) {
    case 's':
      return { s: [...message.s] };
    case 'i':
      return { i: message.i.toNumber() };
    case 'f':
      return { f: message.f };
    case 'b':
      return { b: message.b };
    case 'type':
      return { type: tfjsTypeCode(message.type) };
    case 'shape':
      return { shape: shapeOf(message.shape) };
    case 'func':
      return { func: { name: message.func.name } };
    case 'list': {
      const { s, i, f, b, type, shape } = message.list;
      return {
        list: {
          ...{ s: s.map((bytes) => [...bytes]), i: i.map((value) => value.toNumber()), f, b },
          ...{ type: type.map(tfjsTypeCode), shape: shape.map(shapeOf) },
        },
      };
    }
    default:
      return {};
  }
}

function shapeOf({ dim, unknownRank }: ShapeMessage): Json {
  return unknownRank ? { unknownRank } : { dim: dim.map(({ size }) => ({ size: size.toNumber() })) };
}
