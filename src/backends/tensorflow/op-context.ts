import { errors } from '../../errors.ts';
import type { DataType } from '../onnx-graph/data-types.ts';
import { Formula } from '../onnx-graph/formula.ts';
import type { EmitOptions, GraphBuilder, Attributes as OnnxAttributes } from '../onnx-graph/graph-builder.ts';
import { numbersOf, type Value } from '../onnx-graph/value.ts';
import type { Attributes } from './attributes.ts';
import type { GraphNode } from './graph.ts';
import type { Scope } from './scope.ts';

/** A node that is being lowered: what its handler reads, and what it emits with. */
export class OpContext {
  readonly node: GraphNode;
  readonly scope: Scope;
  readonly attributes: Attributes;
  readonly builder: GraphBuilder;

  constructor(node: GraphNode, scope: Scope) {
    this.node = node;
    this.scope = scope;
    this.attributes = node.attributes;
    this.builder = scope.builder;
  }

  get inputCount(): number {
    return this.node.inputs.length;
  }

  get inputs(): Value[] {
    return this.node.inputs.map((_, i) => this.input(i));
  }

  /** @param index from the end where it is negative. */
  input(index: number): Value {
    const ref = this.node.inputs.at(index);
    if (ref === undefined) this.fail(`it has no input ${index}`);
    return this.scope.value(ref);
  }

  /** The attribute `T`, or another one that names a dtype. */
  dtype(attribute = 'T'): DataType {
    return (
      this.attributes.dtype(attribute) ??
      this.fail(`its attribute ${attribute} is no dtype that is known here`)
    );
  }

  /** One operator with one output, named after the node. */
  emit(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: OnnxAttributes = {},
    options?: EmitOptions,
  ): Value {
    return this.builder.emit(op, inputs, attributes, { name: this.node.name, ...options });
  }

  /** Arithmetic on values of the dtype. */
  formula(dtype: DataType): Formula {
    const graph = {
      emit: (operator: string, inputs: readonly (Value | null)[]) => this.emit(operator, inputs),
      constant: (of: DataType, element: number) => this.scalar(of, element),
      cast: (value: Value, to: DataType) => this.cast(value, to),
    };
    return new Formula(graph, dtype);
  }

  /** One operator with `count` outputs. */
  emitMany(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: OnnxAttributes,
    count: number,
  ): Value[] {
    return this.builder.emitMany(op, inputs, attributes, { name: this.node.name, count });
  }

  cast(value: Value, dtype: DataType): Value {
    return this.builder.cast(value, dtype);
  }

  scalar(dtype: DataType, element: number): Value {
    return this.builder.scalar(dtype, element);
  }

  /** A constant int64 vector. */
  ints(elements: readonly number[]): Value {
    return this.builder.ints(elements);
  }

  /** The dimensions of a value, an int64 vector. */
  shapeOf(value: Value): Value {
    return this.builder.shapeOf(value);
  }

  reshape(value: Value, shape: readonly number[]): Value {
    return this.emit('Reshape', [value, this.ints(shape)]);
  }

  transpose(value: Value, perm: readonly number[]): Value {
    return this.emit('Transpose', [value], { perm });
  }

  /** The numbers of an input that is constant; undefined when only a run tells them. */
  knownInts(index: number): number[] | undefined {
    return numbersOf(this.input(index));
  }

  /** @param what names the input in the error. @throws ServerError when only a run tells the numbers. */
  constantInts(index: number, what: string): number[] {
    return this.knownInts(index) ?? this.fail(`its ${what} has to be constant, and only a run tells it`);
  }

  /** The one number of an input that is constant. */
  constantInt(index: number, what: string): number {
    const [first] = this.constantInts(index, what);
    return first ?? this.fail(`its ${what} is empty`);
  }

  /** An input of integers as an int64 vector, a scalar as one of one element: how ONNX takes shapes and axes. */
  vector(index: number): Value {
    return this.asVector(this.input(index));
  }

  asVector(value: Value): Value {
    const wide = this.cast(value, 'int64');
    return wide.shape?.length === 1 ? wide : this.reshape(wide, [-1]);
  }

  rank(value: Value): number | undefined {
    return value.shape?.length;
  }

  /** @throws ServerError where nothing tells the rank. */
  knownRank(value: Value, what: string): number {
    return value.shape?.length ?? this.fail(`the rank of its ${what} has to be known, and nothing tells it`);
  }

  /** @throws ServerError that names the node and says why it cannot be lowered. */
  fail(reason: string): never {
    throw errors.tfNode(this.node.op, this.node.name, reason);
  }
}
