import { type DataType, isFloat } from '../../onnx-graph/data-types.ts';
import type { Attributes, EmitOptions } from '../../onnx-graph/graph-builder.ts';
import type { Value } from '../../onnx-graph/value.ts';
import {
  Float,
  isNumber,
  numberOf,
  ScriptError,
  type ScriptValue,
  TensorValue,
  typeName,
} from '../interpreter/values.ts';
import { dtypeByNumber, type Participant, resultType } from './dtypes.ts';
import { TracedNumber, TracedTensor } from './traced-tensor.ts';
import type { Tracer } from './tracer.ts';

/** Ends of slices are as far as an int goes; the graph's ints are numbers here. */
const FAR = Number.MAX_SAFE_INTEGER;

/** An op that is being traced: its arguments by their names in the schema, and what it emits with. */
export class OpCall {
  readonly name: string;
  readonly tracer: Tracer;
  readonly #args: ReadonlyMap<string, ScriptValue>;

  constructor(name: string, args: ReadonlyMap<string, ScriptValue>, tracer: Tracer) {
    this.name = name;
    this.#args = args;
    this.tracer = tracer;
  }

  /** The same call on another tensor. */
  on(self: Value): OpCall {
    return new OpCall(this.name, new Map([...this.#args, ['self', new TracedTensor(self)]]), this.tracer);
  }

  raw(name: string): ScriptValue {
    const value = this.#args.get(name);
    if (value === undefined) throw new Error(`${this.name} has no argument '${name}'`);
    return value;
  }

  /** Whether this overload has the argument. */
  has(name: string): boolean {
    return this.#args.has(name);
  }

  given(name: string): boolean {
    return this.raw(name) !== null;
  }

  tensor(name: string): Value {
    return this.optionalTensor(name) ?? this.fail(`its argument '${name}' is None`);
  }

  optionalTensor(name: string): Value | undefined {
    const value = this.raw(name);
    if (value === null) return undefined;
    if (value instanceof TracedTensor) return value.value;
    return isNumber(value) || value instanceof TracedNumber
      ? this.tracer.tensorOf(value)
      : this.#mistaken(name);
  }

  tensors(name: string): Value[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) return this.#mistaken(name);
    return value.map((item) => (item instanceof TracedTensor ? item.value : this.#mistaken(name)));
  }

  /** Of a list of tensors some of which are None. */
  optionalTensors(name: string): (Value | undefined)[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) return this.#mistaken(name);
    return value.map((item) => (item instanceof TracedTensor ? item.value : undefined));
  }

  text(name: string): string {
    const value = this.raw(name);
    return typeof value === 'string' ? value : this.#mistaken(name);
  }

  bool(name: string): boolean {
    const value = this.raw(name);
    return value instanceof TracedNumber
      ? this.tracer.truth(value)
      : value === true || (isNumber(value) && numberOf(value) !== 0);
  }

  /** A number that the graph depends on: where it comes of a shape or a tensor, what is traced is only good for those that give the same. */
  int(name: string): number {
    return this.tracer.knownInt(this.raw(name));
  }

  ints(name: string): number[] {
    const value = this.raw(name);
    return (Array.isArray(value) ? value : [value]).map((item) => this.tracer.knownInt(item));
  }

  /** A list of `count` numbers, of which one may stand for all; `otherwise` where it is empty. */
  intsFor(name: string, count: number, otherwise: readonly number[] = []): number[] {
    const numbers = this.given(name) ? this.ints(name) : [];
    if (numbers.length === 0) return [...otherwise];
    return numbers.length === 1 ? new Array<number>(count).fill(numbers[0] as number) : numbers;
  }

  float(name: string): number {
    const value = this.raw(name);
    return isNumber(value) ? numberOf(value) : this.tracer.decide(this.scalar(name, 'double'));
  }

  /** An axis counted from the front. */
  axis(name: string, rank: number): number {
    return this.checkedAxis(this.int(name), rank);
  }

  /** The axes of a reduction; all where none are given. */
  axes(name: string, rank: number): number[] {
    const given = this.given(name) ? this.ints(name) : [];
    return given.length === 0
      ? Array.from({ length: rank }, (_, d) => d)
      : given.map((axis) => this.checkedAxis(axis, rank));
  }

  checkedAxis(axis: number, rank: number): number {
    const most = Math.max(rank, 1);
    if (axis < -most || axis >= most) {
      return this.fail(
        `Dimension out of range (expected to be in range of [${-most}, ${most - 1}], but got ${axis})`,
      );
    }
    return axis < 0 ? axis + most : axis;
  }

  dtype(name = 'dtype'): DataType | undefined {
    const value = this.raw(name);
    if (value === null) return undefined;
    return dtypeByNumber(this.int(name)) ?? this.fail(`dtype ${this.int(name)} is not supported`);
  }

  /** A number, or a tensor of one, as a scalar of the graph. */
  scalar(name: string, dtype: DataType): Value {
    return this.scalarOf(this.raw(name), dtype);
  }

  scalarOf(value: ScriptValue, dtype: DataType): Value {
    if (isNumber(value)) return this.tracer.scalar(dtype, clamp(numberOf(value)));
    if (value instanceof TracedNumber || value instanceof TracedTensor) {
      const scalar = this.cast(value.value, dtype);
      return this.rank(scalar) === 0 ? scalar : this.emit('Reshape', [scalar, this.tracer.ints([])]);
    }
    return this.fail(`${typeName(value)} is no number`);
  }

  /** A list of ints as an int64 vector, known or not. */
  vector(name: string): Value {
    const value = this.raw(name);
    return this.vectorOf(Array.isArray(value) ? value : [value]);
  }

  vectorOf(items: readonly ScriptValue[]): Value {
    if (items.every((item) => isNumber(item)))
      return this.tracer.ints(items.map((item) => clamp(numberOf(item))));
    const parts = items.map((item) =>
      this.emit('Reshape', [this.scalarOf(item, 'int64'), this.tracer.ints([1])]),
    );
    return parts.length === 1 ? (parts[0] as Value) : this.emit('Concat', parts, { axis: 0 });
  }

  /** The operands in the dtype that torch computes them in. */
  promoted(...names: readonly string[]): Value[] {
    const values = names.map((name) => this.raw(name));
    const dtype = this.resultType(...values);
    return values.map((value) => this.operand(value, dtype));
  }

  resultType(...values: readonly ScriptValue[]): DataType {
    return resultType(values.map((value) => this.#participant(value)));
  }

  /** A tensor, or a number as a scalar. */
  operand(value: ScriptValue, dtype: DataType): Value {
    return value instanceof TracedTensor ? this.cast(value.value, dtype) : this.scalarOf(value, dtype);
  }

  /** The tensor, in float where it is of integers: what square roots and the like are taken of. */
  floating(name = 'self'): Value {
    const value = this.tensor(name);
    return isFloat(value.dtype) ? value : this.cast(value, 'float');
  }

  emit(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes = {},
    options?: EmitOptions,
  ): Value {
    return this.emitMany(op, inputs, attributes, options)[0] as Value;
  }

  emitMany(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes = {},
    options?: EmitOptions,
  ): Value[] {
    return this.tracer.emit(op, inputs, attributes, options);
  }

  cast(value: Value, dtype: DataType): Value {
    return this.tracer.cast(value, dtype);
  }

  constant(dtype: DataType, element: number): Value {
    return this.tracer.scalar(dtype, element);
  }

  /** An int64 vector. */
  intVector(elements: readonly number[]): Value {
    return this.tracer.ints(elements);
  }

  reshape(value: Value, sizes: readonly number[]): Value {
    return this.emit('Reshape', [value, this.tracer.ints(sizes)]);
  }

  /** Another op of torch on these arguments. */
  call(name: string, ...args: readonly (ScriptValue | Value | readonly Value[])[]): Value {
    return this.#unwrap(this.tracer.call(`aten::${name}`, args.map(wrapped), new Map()));
  }

  callMany(name: string, ...args: readonly (ScriptValue | Value | readonly Value[])[]): Value[] {
    const result = this.tracer.call(`aten::${name}`, args.map(wrapped), new Map());
    return (Array.isArray(result) ? result : (result as { items: ScriptValue[] }).items).map((item) =>
      this.#unwrap(item),
    );
  }

  rank(value: Value): number {
    return value.shape?.length ?? this.fail('the rank of one of its operands is not known');
  }

  /** A size, whether known or not: a value of the language. */
  size(value: Value, axis: number): number | TracedNumber {
    return this.tracer.size(value, axis);
  }

  sizes(value: Value): (number | TracedNumber)[] {
    return Array.from({ length: this.rank(value) }, (_, d) => this.size(value, d));
  }

  /** A size that the graph depends on. */
  knownSize(value: Value, axis: number): number {
    return this.tracer.knownInt(this.size(value, axis));
  }

  fail(reason: string): never {
    throw new ScriptError(`${this.name}: ${reason}`);
  }

  #participant(value: ScriptValue): Participant {
    if (value instanceof TracedTensor) {
      const { dtype } = value.value;
      return { dtype, rank: this.rank(value.value) === 0 ? 'scalar' : 'dimensions' };
    }
    if (value instanceof TracedNumber) return { dtype: NUMBER_TYPES[value.type], rank: 'number' };
    if (value instanceof Float) return { dtype: 'float', rank: 'number' };
    if (typeof value === 'boolean') return { dtype: 'bool', rank: 'number' };
    return typeof value === 'number'
      ? { dtype: 'int64', rank: 'number' }
      : this.fail(`${typeName(value)} is no number`);
  }

  #unwrap(value: ScriptValue): Value {
    return value instanceof TracedTensor ? value.value : this.fail(`${typeName(value)} is no tensor`);
  }

  #mistaken(name: string): never {
    return this.fail(`its argument '${name}' is of another type: ${typeName(this.raw(name))}`);
  }
}

const NUMBER_TYPES = { int: 'int64', float: 'float', bool: 'bool' } as const;

function clamp(x: number): number {
  return Number.isInteger(x) ? Math.min(Math.max(x, -FAR), FAR) : x;
}

function isValue(value: ScriptValue | Value | readonly Value[]): value is Value {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'dtype' in value &&
    !(value instanceof TensorValue)
  );
}

function wrapped(value: ScriptValue | Value | readonly Value[]): ScriptValue {
  if (Array.isArray(value)) return value.map((item) => wrapped(item as Value | ScriptValue));
  return isValue(value) ? new TracedTensor(value) : (value as ScriptValue);
}
