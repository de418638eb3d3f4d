import { DATA_TYPES, type DataType } from './data-types.ts';
import { elementsOf, type HostTensor, hostTensor, sizeOf } from './host-tensor.ts';
import { RULES } from './inference/index.ts';
import type { Inferred } from './inference/rule.ts';
import { type Widening, widened } from './kernels.ts';
import { liveGraph, namesUsed } from './live-nodes.ts';
import { type Attribute, modelBytes, type OnnxGraph, type OnnxNode } from './model-bytes.ts';
import { MAX_CONTENT, numbersOf, type Shape, staticShape, type Value } from './value.ts';

export type Attributes = Readonly<Record<string, Attribute | undefined>>;

export interface EmitOptions {
  /** What comes out; needed of operators without a rule in inference/, overrides it for others. */
  readonly outputs?: readonly (Omit<Inferred, 'content'> & { readonly isSequence?: boolean })[];
  /** How many outputs; one where it is not said. */
  readonly count?: number;
  /** Where the operator comes from: ONNX Runtime puts it into its errors. */
  readonly name?: string;
  readonly domain?: string;
}

/** Operators whose results have the shape that an operand says: ONNX Runtime loses the names in it on the way through shape arithmetic. */
const SHAPED = new Set(['Reshape', 'Expand', 'ConstantOfShape']);

function isNamed({ shape }: Value): boolean {
  return shape?.some((dim) => typeof dim === 'string') ?? false;
}

/** What all graphs of one model share: names and constants. */
class Model {
  readonly constants = new Map<string, HostTensor>();
  readonly small = new Map<string, Value>();
  names = 0;
}

/**
 * An ONNX graph under construction: the model's own, or the body of a Loop or an If. Infers dtype and shape of all that it emits, and does
 * not emit what can be computed at once, so that a caller finds the number that it needs behind a chain of shape arithmetic.
 */
export class GraphBuilder {
  readonly #model: Model;
  readonly #nodes: OnnxNode[] = [];
  readonly #inputs: Value[] = [];
  readonly #outputs: Value[] = [];
  readonly #described: Value[] = [];

  private constructor(model: Model) {
    this.#model = model;
  }

  static create(): GraphBuilder {
    return new GraphBuilder(new Model());
  }

  /** A graph for an attribute; what it uses of the graphs around it needs no passing. */
  subgraph(): GraphBuilder {
    return new GraphBuilder(this.#model);
  }

  input(dtype: DataType, shape: Shape | undefined): Value {
    const value = { name: this.#newName(), dtype, shape };
    this.#inputs.push(value);
    return value;
  }

  /** Like `input`, for what is not a tensor. */
  sequenceInput(dtype: DataType): Value {
    const value = { name: this.#newName(), dtype, shape: undefined, isSequence: true };
    this.#inputs.push(value);
    return value;
  }

  /** Gives the value a name of its own first: an output must neither be an input or a constant nor be given twice. */
  output(value: Value): Value {
    const { dtype, shape, isSequence } = value;
    const output = { name: this.#newName(), dtype, shape, ...(isSequence && { isSequence }) };
    this.#add('Identity', [value], [output], {}, {});
    this.#outputs.push(output);
    return output;
  }

  constant(tensor: HostTensor): Value {
    const elements = sizeOf(tensor.shape) <= MAX_CONTENT ? elementsOf(tensor) : undefined;
    if (elements === undefined) return this.#keep(tensor);
    const key = `${tensor.dtype}|${tensor.shape.join()}|${Buffer.from(tensor.bytes).toString('latin1')}`;
    const known = this.#model.small.get(key) ?? { ...this.#keep(tensor), content: elements };
    this.#model.small.set(key, known);
    return known;
  }

  /** A constant of the elements, rounded or wrapped as the dtype asks. */
  fill(dtype: DataType, shape: readonly number[], elements: readonly number[]): Value {
    return this.constant(hostTensor(dtype, shape, elements));
  }

  scalar(dtype: DataType, element: number): Value {
    return this.fill(dtype, [], [element]);
  }

  /** An int64 vector: how ONNX takes shapes, axes and the like. */
  ints(elements: readonly number[]): Value {
    return this.fill('int64', [elements.length], elements);
  }

  /** One operator with one output. */
  emit(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes = {},
    options: EmitOptions = {},
  ): Value {
    return this.emitMany(op, inputs, attributes, options)[0] as Value;
  }

  /** One operator; its outputs are constants where they could be computed here. */
  emitMany(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes = {},
    options: EmitOptions = {},
  ): Value[] {
    const given = Object.fromEntries(
      Object.entries(attributes).filter((entry): entry is [string, Attribute] => entry[1] !== undefined),
    );
    const wide = options.outputs === undefined ? widened(op, inputs) : undefined;
    if (wide !== undefined) return this.#emitWide(op, inputs, given, options, wide);
    let named = false;
    const newDim = () => {
      named = true;
      return this.#newName();
    };
    const inferred = this.#infer(op, inputs, given, options, newDim);
    const known = inferred.map((output) => this.#known(output));
    if (known.every((value) => value !== undefined)) return known;
    const outputs = inferred.map(({ content, ...output }) => ({
      name: this.#newName(),
      ...output,
      ...(content && { content }),
    }));
    this.#add(op, inputs, outputs, given, options);
    if (named || SHAPED.has(op)) this.#described.push(...outputs.filter(isNamed));
    return outputs.map((output, i) => known[i] ?? output);
  }

  /** An If or a Loop, or another operator with graphs as attributes. */
  emitWithGraphs(
    op: string,
    inputs: readonly (Value | null)[],
    graphs: Readonly<Record<string, GraphBuilder>>,
    outputs: NonNullable<EmitOptions['outputs']>,
  ): Value[] {
    const attributes = Object.fromEntries(
      Object.entries(graphs).map(([name, builder]) => [name, { graph: builder.graph }]),
    );
    return this.emitMany(op, inputs, attributes, { outputs });
  }

  cast(value: Value, dtype: DataType): Value {
    return value.dtype === dtype ? value : this.emit('Cast', [value], { to: DATA_TYPES[dtype].code });
  }

  /** The dimensions of a value, int64: constant as far as they are known. */
  shapeOf(value: Value): Value {
    return this.emit('Shape', [value]);
  }

  get graph(): OnnxGraph {
    return { nodes: this.#nodes, inputs: this.#inputs, outputs: this.#outputs, described: this.#described };
  }

  /** All constants of the model by their names, used or not. */
  get initializers(): ReadonlyMap<string, HostTensor> {
    return this.#model.constants;
  }

  /** The model's file. @throws RangeError when it is too large for ONNX Runtime. */
  bytes(): Uint8Array<ArrayBuffer> {
    const graph = liveGraph(this.graph);
    const used = namesUsed(graph);
    return modelBytes(graph, new Map([...this.#model.constants].filter(([name]) => used.has(name))));
  }

  #infer(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, Attribute>>,
    options: EmitOptions,
    newDim: () => string,
  ): readonly Inferred[] {
    if (options.outputs !== undefined) return options.outputs;
    const rule = RULES.get(op);
    if (rule === undefined) throw new Error(`nothing tells what comes out of ONNX's ${op}`);
    return rule({ inputs, attributes, outputCount: options.count ?? 1, newDim });
  }

  /** The output as a constant, when all of its elements are known. */
  #known({ dtype, shape, content }: Inferred): Value | undefined {
    const sizes = staticShape(shape);
    if (content === undefined || sizes === undefined) return undefined;
    const numbers = numbersOf({ name: '', dtype, shape, content });
    return numbers && this.fill(dtype, sizes, numbers);
  }

  /** Runs an operator that has no kernel for the dtype in a wider one, and brings the results back. */
  #emitWide(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, Attribute>>,
    options: EmitOptions,
    { to, operands, results }: Widening,
  ): Value[] {
    const isOperand = (index: number) => operands === undefined || operands.includes(index);
    const from = inputs[operands?.[0] ?? 0]?.dtype as DataType;
    const wide = inputs.map((value, i) => (value !== null && isOperand(i) ? this.cast(value, to) : value));
    return this.emitMany(op, wide, attributes, options).map((value, i) =>
      results.includes(i) ? this.cast(value, from) : value,
    );
  }

  #add(
    opType: string,
    inputs: readonly (Value | null)[],
    outputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>>,
    { name = '', domain = '' }: EmitOptions,
  ): void {
    const input = inputs.map((value) => value?.name ?? '');
    const output = outputs.map((value) => value.name);
    // ONNX Runtime takes each name only once.
    const unique = name && `${name}#${output[0]}`;
    this.#nodes.push({ opType, name: unique, domain, input, output, attributes });
  }

  #keep(tensor: HostTensor): Value {
    const { dtype, shape } = tensor;
    const name = this.#newName();
    this.#model.constants.set(name, tensor);
    return { name, dtype, shape, constant: tensor };
  }

  #newName(): string {
    return `v${this.#model.names++}`;
  }
}
