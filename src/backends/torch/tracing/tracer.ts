import { DATA_TYPES, type DataType, isFloat } from '../../onnx-graph/data-types.ts';
import { type Attributes, type EmitOptions, GraphBuilder } from '../../onnx-graph/graph-builder.ts';
import { type Dim, numbersOf, type Shape, type Value } from '../../onnx-graph/value.ts';
import type { PickledTensor } from '../archive/pickle.ts';
import type { Engine } from '../interpreter/engine.ts';
import { Interruption } from '../interpreter/interpreter.ts';
import {
  Device,
  Float,
  isNumber,
  type Named,
  numberOf,
  ScriptError,
  type ScriptValue,
  type TensorValue,
  Tuple,
  typeName,
  UnsupportedOperation,
} from '../interpreter/values.ts';
import type { OpDefinition, OpResult } from '../op-registry.ts';
import { bindArguments } from '../op-schema.ts';
import { OPS } from '../ops/index.ts';
import { numberOfDtype } from './dtypes.ts';
import { toHostTensor } from './host-tensors.ts';
import { numberOperation } from './number-operations.ts';
import { OpCall } from './op-call.ts';
import { type Emissions, ShapeReplay, type TracedEmission } from './shape-replay.ts';
import { TracedNumber, TracedTensor } from './traced-tensor.ts';
import { widened } from './wide-broadcasts.ts';

/** A tensor that goes in: what a run of the program is traced with. */
export interface TraceInput {
  readonly dtype: DataType;
  readonly shape: readonly number[];
}

/** The trace has to begin again with this dimension as a number: the program asked for it. */
export class PinnedDimension extends Interruption {
  readonly dim: string;

  constructor(dim: string) {
    super(`dimension ${dim} has to be a number`);
    this.dim = dim;
  }
}

/** What tells the elements of tensors to a program whose way depends on them. */
export interface ContentReader {
  /** The elements of a value of the graph, row-major. @throws ScriptError */
  elements(value: Value): readonly number[];
  /** Sees what comes out of each operator. @throws ScriptError where it is more than may be. */
  made(values: readonly Value[]): void;
  /** See Engine. */
  tick(): void;
  watch(alive: () => Iterable<ScriptValue>): void;
}

/** What the trace took for granted. */
export interface Guard {
  readonly value: Value;
  readonly is: number;
}

/** Operators that never make the same tensor again. */
const RANDOM = /^(Random|Multinomial$|Bernoulli$)/;

/** The engine that computes nothing: it writes down what a program does with tensors as an ONNX graph. */
export class Tracer implements Engine {
  /** Since they were last taken away. */
  readonly guards: Guard[] = [];
  /** What no run makes again. */
  readonly random: Value[] = [];
  /** Names of what is not the same in all runs. */
  readonly #varying = new Set<string>();
  readonly #builder = GraphBuilder.create();
  readonly #reader: ContentReader;
  readonly #emissions = new Map<string, TracedEmission>();
  readonly #constants = new Map<PickledTensor, TracedTensor>();
  readonly #sizes = new Map<string, TracedNumber>();
  readonly #inputs: { readonly value: Value; readonly shape: readonly number[] }[] = [];
  readonly #emitter = {
    one: (op: string, inputs: readonly (Value | null)[], attributes?: Attributes) =>
      this.#one(op, inputs, attributes),
    ints: (elements: readonly number[]) => this.ints(elements),
  };
  #replay: ShapeReplay | null = null;

  constructor(reader: ContentReader) {
    this.#reader = reader;
  }

  get graph(): GraphBuilder {
    return this.#builder;
  }

  get emissions(): Emissions {
    return this.#emissions;
  }

  get inputs(): readonly Value[] {
    return this.#inputs.map(({ value }) => value);
  }

  /** @param shape names for the dimensions that may differ from run to run. */
  input({ dtype, shape }: TraceInput, dims: Shape): TracedTensor {
    const value = this.#builder.input(dtype, dims);
    this.#varying.add(value.name);
    this.#inputs.push({ value, shape });
    return new TracedTensor(value);
  }

  output(value: Value): Value {
    return this.#builder.output(value);
  }

  tick(): void {
    this.#reader.tick();
  }

  watch(alive: () => Iterable<ScriptValue>): void {
    this.#reader.watch(alive);
  }

  /** Whether a value may be another in another run. */
  varies({ name }: Value): boolean {
    return this.#varying.has(name);
  }

  /** Sizes that were asked for may hang on tensors that are gone; they are taken of others when they are asked for again. */
  forgetSizes(): void {
    this.#sizes.clear();
  }

  emit(
    op: string,
    operands: readonly (Value | null)[],
    attributes: Attributes = {},
    options: EmitOptions = {},
  ): Value[] {
    const inputs = widened(op, operands, this.#emitter);
    const outputs = this.#builder.emitMany(op, inputs, attributes, options);
    const emission = { op, inputs, attributes, options };
    const isRandom = RANDOM.test(op);
    if (isRandom) this.random.push(...outputs);
    // A graph among the attributes may use anything.
    const varies =
      isRandom ||
      inputs.some((input) => input !== null && this.#varying.has(input.name)) ||
      Object.values(attributes).some((attribute) => typeof attribute === 'object' && 'graph' in attribute);
    for (const [index, value] of outputs.entries()) {
      if (value.constant !== undefined) continue;
      this.#emissions.set(value.name, { emission, index, value });
      if (varies) this.#varying.add(value.name);
    }
    this.#reader.made(outputs);
    return outputs;
  }

  cast(value: Value, dtype: DataType): Value {
    return value.dtype === dtype ? value : this.#one('Cast', [value], { to: DATA_TYPES[dtype].code });
  }

  scalar(dtype: DataType, element: number): Value {
    return this.#builder.scalar(dtype, element);
  }

  ints(elements: readonly number[]): Value {
    return this.#builder.ints(elements);
  }

  fill(dtype: DataType, shape: readonly number[], elements: readonly number[]): Value {
    return this.#builder.fill(dtype, shape, elements);
  }

  /** A number of the language as a tensor without dimensions. */
  tensorOf(value: ScriptValue, dtype?: DataType): Value {
    if (value instanceof TracedNumber)
      return dtype === undefined ? value.value : this.cast(value.value, dtype);
    if (!isNumber(value)) throw new ScriptError(`${typeName(value)} is no number`);
    const own = value instanceof Float ? 'float' : typeof value === 'boolean' ? 'bool' : 'int64';
    return this.scalar(dtype ?? own, numberOf(value));
  }

  size(value: Value, axis: number): number | TracedNumber {
    const dim = value.shape?.[axis] ?? null;
    if (typeof dim === 'number') return dim;
    const key = dim ?? `${value.name}[${axis}]`;
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    const shape = this.#one('Shape', [value]);
    const size = new TracedNumber(
      'int',
      this.#one('Gather', [shape, this.scalar('int64', axis)], { axis: 0 }),
    );
    this.#sizes.set(key, size);
    return size;
  }

  call(name: string, args: readonly ScriptValue[], named: Named): ScriptValue {
    const definitions = OPS.get(name) ?? [];
    for (const definition of definitions) {
      const bound = bindArguments(definition.schema, args, named);
      if (bound !== undefined) return this.#lower(definition, new OpCall(name, bound, this));
    }
    if (name.endsWith('_') && definitions.length === 0 && OPS.has(name.slice(0, -1))) {
      return this.#inPlace(name.slice(0, -1), args, named);
    }
    if (definitions.length === 0) throw new UnsupportedOperation(name);
    const types = [...args.map(typeName), ...[...named].map(([key, value]) => `${key}=${typeName(value)}`)];
    throw new UnsupportedOperation(`${name}(${types.join(', ')})`);
  }

  attribute(tensor: TensorValue, name: string): ScriptValue {
    const { value } = tensor as TracedTensor;
    switch (name) {
      case 'shape':
        return Array.from({ length: this.#rank(value) }, (_, d) => this.size(value, d));
      case 'ndim':
        return this.#rank(value);
      case 'dtype':
        return numberOfDtype(value.dtype);
      case 'device':
        return new Device('cpu');
      case 'T':
      case 'mT':
        return this.call(name === 'T' ? 'aten::t' : 'aten::mT', [tensor], new Map());
      case 'layout':
        return 0;
      case 'requires_grad':
        // Keeps programs off torch's own shortcuts for inference, see is_grad_enabled.
        return true;
      case 'data':
        return tensor;
      case 'grad':
        return null;
      default:
        if (/^is_(cuda|nested|sparse|quantized|mkldnn|meta|mps|xpu|leaf)$/.test(name))
          return name === 'is_leaf';
        throw new UnsupportedOperation(`prim::${name}`);
    }
  }

  symbolic(operator: string, left: ScriptValue, right: ScriptValue): ScriptValue {
    return numberOperation(this, operator, left, right);
  }

  truth(value: ScriptValue): boolean {
    const { value: asked } = value as TracedTensor | TracedNumber;
    return this.decide(this.cast(this.#scalarOf(asked, 'bool'), 'bool')) !== 0;
  }

  known(value: ScriptValue): number {
    const { content } = (value as TracedNumber).value;
    const [dim] = content ?? [];
    if (typeof dim === 'string' && this.#isInputDim(dim)) throw new PinnedDimension(dim);
    return this.decide((value as TracedNumber).value);
  }

  /** An int of the language that the graph depends on. */
  knownInt(value: ScriptValue): number {
    if (value instanceof TracedNumber) return this.known(value);
    if (value instanceof TracedTensor) return this.decide(this.#scalarOf(value.value));
    if (isNumber(value)) return numberOf(value);
    throw new ScriptError(`expected an int, got ${typeName(value)}`);
  }

  convert(value: ScriptValue, type: 'int' | 'float' | 'bool'): ScriptValue {
    const { value: from } = value as TracedTensor | TracedNumber;
    const dtypes = { int: 'int64', float: 'double', bool: 'bool' } as const;
    return this.number(type, this.cast(this.#scalarOf(from, type), dtypes[type]));
  }

  /** The elements of a tensor, row-major, which the way of the program then depends on. */
  elements(value: Value): readonly number[] {
    return numbersOf(value) ?? this.#reader.elements(value);
  }

  /** What a scalar is in the run that is traced; other runs have to agree. */
  decide(value: Value): number {
    const [known] = numbersOf(value) ?? [];
    if (known !== undefined) return known;
    this.#replay ??= replayFor(
      this.#emissions,
      this.inputs,
      this.#inputs.map(({ shape }) => shape),
    );
    const [is] = this.#replay.numbers(value) ?? [];
    if (is === undefined) return this.#reader.elements(value)[0] as number;
    this.guards.push({ value, is });
    return is;
  }

  constant(tensor: PickledTensor): TracedTensor {
    const known =
      this.#constants.get(tensor) ?? new TracedTensor(this.#builder.constant(toHostTensor(tensor)));
    this.#constants.set(tensor, known);
    return known;
  }

  /** A tensor's one element as a number of the language. */
  item(value: Value): ScriptValue {
    const type = value.dtype === 'bool' ? 'bool' : isFloat(value.dtype) ? 'float' : 'int';
    return this.convert(new TracedTensor(value), type);
  }

  /** Writes to a tensor, and to what it is a view of. */
  write(target: TracedTensor, value: Value): void {
    const fitted = this.cast(value, target.value.dtype);
    checkFit(target.value.shape, fitted.shape);
    if (target.view !== null) {
      const { base, of } = target.view;
      const whole = base.value;
      const shape = this.#one('Shape', [whole]);
      const count = this.#one('ReduceProd', [shape, this.ints([0])], { keepdims: 0 });
      const positions = this.#one('Range', [this.scalar('int64', 0), count, this.scalar('int64', 1)]);
      const written = of(this.#one('Reshape', [positions, shape]));
      const flat = (part: Value) => this.#one('Reshape', [part, this.ints([-1])]);
      const updated = this.#one('ScatterElements', [flat(whole), flat(written), flat(fitted)], { axis: 0 });
      this.write(base, this.#one('Reshape', [updated, shape]));
    }
    target.replace(fitted);
  }

  #one(op: string, inputs: readonly (Value | null)[], attributes: Attributes = {}): Value {
    return this.emit(op, inputs, attributes)[0] as Value;
  }

  #rank(value: Value): number {
    if (value.shape === undefined) throw new ScriptError('the rank of a tensor is not known');
    return value.shape.length;
  }

  /** A scalar of the graph as a number of the language. */
  number(type: 'int' | 'float' | 'bool', value: Value): ScriptValue {
    const [known] = numbersOf(value) ?? [];
    if (known === undefined) return new TracedNumber(type, value);
    return type === 'float' ? new Float(known) : type === 'bool' ? known !== 0 : known;
  }

  #isInputDim(dim: string): boolean {
    return this.#inputs.some(({ value }) => value.shape?.includes(dim));
  }

  /** A tensor of one element without its dimensions. */
  #scalarOf(value: Value, as: 'int' | 'float' | 'bool' = 'int'): Value {
    if (this.#rank(value) === 0) return value;
    const shape = this.#one('Shape', [value]);
    const count = this.decide(this.#one('ReduceProd', [shape, this.ints([0])], { keepdims: 0 }));
    if (count !== 1 && as === 'bool') {
      const many = count === 0 ? 'no values' : 'more than one value';
      throw new ScriptError(`Boolean value of Tensor with ${many} is ambiguous`);
    }
    if (count !== 1) throw new ScriptError(`a Tensor with ${count} elements cannot be converted to Scalar`);
    return this.#one('Reshape', [value, this.ints([])]);
  }

  #lower({ schema, lower, isView }: OpDefinition, op: OpCall): ScriptValue {
    const wrap = (result: OpResult, view: (value: Value, index: number) => TracedTensor): ScriptValue => {
      if ('value' in result) return result.value;
      if (!Array.isArray(result)) return view(result as Value, 0);
      const tensors = (result as readonly Value[]).map(view);
      return schema.returnsList ? tensors : new Tuple(tensors);
    };
    const self = isView ? op.raw('self') : null;
    if (!(self instanceof TracedTensor)) return wrap(lower(op), (value) => new TracedTensor(value));
    return wrap(lower(op), (value, index) => {
      if (value === self.value) return self;
      const of = (base: Value) => {
        const again = lower(op.on(base));
        return (Array.isArray(again) ? again[index] : again) as Value;
      };
      return new TracedTensor(value, { base: self, call: op, of });
    });
  }

  #inPlace(name: string, args: readonly ScriptValue[], named: Named): ScriptValue {
    const [target] = args;
    if (!(target instanceof TracedTensor)) throw new UnsupportedOperation(`${name}_`);
    const result = this.call(name, args, named);
    if (!(result instanceof TracedTensor) || result === target) return target;
    if (result.view?.base === target) target.turn(result.value, result.view);
    else this.write(target, result.value);
    return target;
  }
}

/** What is written to a tensor must not make it larger. Of sizes that are told by runs, ONNX Runtime may find it. */
function checkFit(target: Shape | undefined, written: Shape | undefined): void {
  if (target === undefined || written === undefined) return;
  const isOther = (dim: Dim, d: number) =>
    typeof dim === 'number' && typeof written[d] === 'number' && dim !== written[d];
  if (target.length === written.length && !target.some(isOther)) return;
  const [is, gets] = [target, written].map((shape) =>
    shape.map((dim) => (typeof dim === 'number' ? dim : '?')),
  );
  throw new ScriptError(`output with shape [${is}] doesn't match the broadcast shape [${gets}]`);
}

/** What a graph comes to for inputs of these shapes. */
export function replayFor(
  emissions: Emissions,
  inputs: readonly Value[],
  shapes: readonly (readonly number[])[],
): ShapeReplay {
  const dims = new Map<string, number>();
  for (const [i, { shape }] of inputs.entries()) {
    for (const [d, dim] of (shape ?? []).entries()) {
      if (typeof dim === 'string') dims.set(dim, shapes[i]?.[d] ?? 0);
    }
  }
  return new ShapeReplay(emissions, new Map(inputs.map(({ name }, i) => [name, shapes[i] ?? []])), dims);
}
