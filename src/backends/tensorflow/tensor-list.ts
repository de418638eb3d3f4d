import { DATA_TYPES, type DataType } from '../onnx-graph/data-types.ts';
import type { GraphBuilder } from '../onnx-graph/graph-builder.ts';
import { type Dim, numbersOf, type Shape, type Value } from '../onnx-graph/value.ts';

/**
 * A TensorList or a TensorArray. While nothing is written one element at a time it needs no sequence: one that is only read is a tensor whose
 * rows are the elements, one without elements is only its size.
 */
export interface ListValue extends Value {
  readonly isSequence: true;
  readonly form: ListForm;
  /** What every element is known to fit. */
  readonly elements: Shape | undefined;
  /** What was written last: where all elements have to be alike, every element is like it. */
  readonly written: Shape | undefined;
  /** The shape of elements that were not written yet, an int64 vector; sizes that nothing tells are 0 there. */
  readonly unwritten: Value;
  /** Whether writing behind its end makes it longer. */
  readonly grows?: boolean | undefined;
}

type ListForm =
  | { readonly kind: 'reserved'; readonly size: Value }
  | { readonly kind: 'stack'; readonly tensor: Value }
  | { readonly kind: 'sequence' };

/** What ONNX Runtime splits into a sequence. */
const SPLITTABLE: readonly DataType[] = ['float', 'double', 'float16', 'int32', 'int64', 'bool'];

export function isList(value: Value): value is ListValue {
  return 'form' in value;
}

/** A list of `size` elements, none written yet. */
export function reserve(
  builder: GraphBuilder,
  dtype: DataType,
  size: Value,
  elements: Shape | undefined,
  unwritten: Value = zeroShape(builder, elements),
): ListValue {
  const length = builder.emit('Reshape', [builder.cast(size, 'int64'), builder.ints([])]);
  const form = { kind: 'reserved', size: length } as const;
  return { ...unnamed(dtype), form, elements, written: undefined, unwritten };
}

function unnamed(dtype: DataType): Pick<ListValue, 'name' | 'dtype' | 'shape' | 'isSequence'> {
  return { name: '', dtype, shape: undefined, isSequence: true };
}

function zeroShape(builder: GraphBuilder, elements: Shape | undefined): Value {
  return builder.ints((elements ?? [0]).map((dim) => (typeof dim === 'number' ? dim : 0)));
}

/** What TensorFlow gives as an element shape: a vector where -1 says that a size may be any, or the scalar -1. */
export function elementShape(
  builder: GraphBuilder,
  shape: Value,
): { readonly elements: Shape | undefined; readonly unwritten: Value } {
  const [length] = shape.shape ?? [];
  if (typeof length !== 'number') return { elements: undefined, unwritten: builder.ints([0]) };
  const content = shape.content ?? new Array<null>(length).fill(null);
  const elements = content.map((dim): Dim => (typeof dim === 'number' && dim < 0 ? null : dim));
  const wide = builder.cast(shape, 'int64');
  return { elements, unwritten: builder.emit('Max', [wide, builder.scalar('int64', 0)]) };
}

/** The list whose elements are the rows of a tensor. */
export function listOf(builder: GraphBuilder, tensor: Value): ListValue {
  const elements = tensor.shape?.slice(1);
  const form = { kind: 'stack', tensor } as const;
  const unwritten = zeroShape(builder, elements);
  return { ...unnamed(tensor.dtype), form, elements, written: elements, unwritten };
}

/** The list as an ONNX sequence. */
export function sequenceOf(builder: GraphBuilder, list: ListValue): ListValue {
  const { form, dtype } = list;
  if (form.kind === 'sequence') return list;
  if (form.kind === 'reserved' && numbersOf(form.size)?.[0] === 0) return emptyList(builder, list);
  if (!SPLITTABLE.includes(dtype)) throw new Error(`lists of ${dtype} can only be read`);
  const tensor = form.kind === 'stack' ? form.tensor : zeros(builder, list, form.size);
  return emitList(builder, list, 'SplitToSequence', [tensor], { axis: 0, keepdims: 0 });
}

/** A list like this one, without elements. */
export function emptyList(builder: GraphBuilder, like: ListValue): ListValue {
  return emitList(builder, like, 'SequenceEmpty', [], { dtype: DATA_TYPES[like.dtype].code });
}

export function emitList(
  builder: GraphBuilder,
  like: ListValue,
  op: string,
  inputs: readonly Value[],
  attributes: Readonly<Record<string, number>> = {},
): ListValue {
  const outputs = [{ dtype: like.dtype, shape: undefined, isSequence: true }];
  return asSequence(like, builder.emit(op, inputs, attributes, { outputs }));
}

/** A sequence that comes out of an operator, as the list that it is. */
export function asSequence(like: ListValue, { name }: Value): ListValue {
  return { ...like, name, form: { kind: 'sequence' } };
}

function zeros(builder: GraphBuilder, list: ListValue, size: Value): Value {
  const rows = builder.emit('Reshape', [size, builder.ints([1])]);
  const shape = builder.emit('Concat', [rows, list.unwritten], { axis: 0 });
  return builder.emit('Expand', [builder.scalar(list.dtype, 0), shape]);
}

/** The number of elements, an int64 scalar. */
export function lengthOf(builder: GraphBuilder, list: ListValue): Value {
  if (list.form.kind === 'reserved') return list.form.size;
  if (list.form.kind === 'sequence') {
    return builder.emit('SequenceLength', [list], {}, { outputs: [{ dtype: 'int64', shape: [] }] });
  }
  const shape = builder.shapeOf(list.form.tensor);
  return builder.emit('Gather', [shape, builder.scalar('int64', 0)], { axis: 0 });
}

/** The element at an index, a scalar. */
export function elementAt(builder: GraphBuilder, list: ListValue, index: Value): Value {
  const { form, dtype, elements } = list;
  if (form.kind === 'reserved') {
    return builder.emit('Expand', [builder.scalar(dtype, 0), list.unwritten]);
  }
  if (form.kind === 'stack') return builder.emit('Gather', [form.tensor, index], { axis: 0 });
  return builder.emit('SequenceAt', [list, index], {}, { outputs: [{ dtype, shape: elements }] });
}

/** The list with another element at an index below its length. */
export function withElement(builder: GraphBuilder, list: ListValue, index: Value, element: Value): ListValue {
  const sequence = sequenceOf(builder, list);
  const others = emitList(builder, sequence, 'SequenceErase', [sequence, index]);
  const written = emitList(builder, sequence, 'SequenceInsert', [others, element, index]);
  return { ...written, written: element.shape };
}

/** The list with one more element. */
export function appended(builder: GraphBuilder, list: ListValue, element: Value): ListValue {
  const sequence = sequenceOf(builder, list);
  return { ...emitList(builder, sequence, 'SequenceInsert', [sequence, element]), written: element.shape };
}

/** The list with at least `size` elements; new ones are not written. */
export function grown(builder: GraphBuilder, list: ListValue, size: Value): ListValue {
  const missing = builder.emit('Sub', [builder.cast(size, 'int64'), lengthOf(builder, list)]);
  return repeated(builder, sequenceOf(builder, list), missing, (body, sequence) =>
    emitList(body, sequence, 'SequenceInsert', [sequence, zeroElement(body, list)]),
  );
}

/** The list with at most `size` elements. */
export function cut(builder: GraphBuilder, list: ListValue, size: Value): ListValue {
  const surplus = builder.emit('Sub', [lengthOf(builder, list), builder.cast(size, 'int64')]);
  return repeated(builder, sequenceOf(builder, list), surplus, (body, sequence) =>
    emitList(body, sequence, 'SequenceErase', [sequence]),
  );
}

function zeroElement(builder: GraphBuilder, list: ListValue): Value {
  return builder.emit('Expand', [builder.scalar(list.dtype, 0), list.unwritten]);
}

/** A change made a number of times; not at all where the number is negative. */
function repeated(
  builder: GraphBuilder,
  list: ListValue,
  times: Value,
  change: (body: GraphBuilder, list: ListValue) => ListValue,
): ListValue {
  const body = builder.subgraph();
  body.input('int64', []);
  const goesOn = body.input('bool', []);
  const before = asSequence(list, body.sequenceInput(list.dtype));
  const after = change(body, before);
  body.output(goesOn);
  body.output(after);
  const outputs = [{ dtype: list.dtype, shape: undefined, isSequence: true }];
  const count = builder.emit('Max', [times, builder.scalar('int64', 0)]);
  const [out] = builder.emitWithGraphs('Loop', [count, null, list], { body }, outputs);
  return asSequence(list, out as Value);
}

/**
 * All elements, along a new first dimension. They have to be alike. A loop that collects them, as ONNX Runtime's ConcatFromSequence gives
 * memory that nobody wrote for empty elements among others, and ends the process where their ranks differ; a Loop checks what it collects.
 * @param asked the shape that the graph says elements have.
 */
export function stackOf(builder: GraphBuilder, list: ListValue, asked?: Shape): Value {
  const { form } = list;
  if (form.kind === 'stack') return form.tensor;
  if (form.kind === 'reserved') {
    // What the list does not tell, the one who asks does.
    const unwritten = list.elements === undefined && asked ? zeroShape(builder, asked) : list.unwritten;
    return zeros(builder, { ...list, unwritten }, form.size);
  }
  const elements = mergedShape(mergedShape(list.elements, asked), list.written);
  const body = builder.subgraph();
  const index = body.input('int64', []);
  const goesOn = body.input('bool', []);
  const element = elementAt(body, { ...list, elements }, index);
  body.output(goesOn);
  body.output(element);
  const outputs = [{ dtype: list.dtype, shape: elements && [null, ...elements] }];
  return builder.emitWithGraphs('Loop', [lengthOf(builder, list), null], { body }, outputs)[0] as Value;
}

/**
 * All elements, joined along their first dimension, and how many rows each of them has, an int64 vector. They have to be alike but for
 * that. Flat elements are joined: ONNX Runtime does not check the others well enough (see `stackOf`).
 */
export function joinOf(
  builder: GraphBuilder,
  list: ListValue,
  asked?: Shape,
): { readonly tensor: Value; readonly lengths: Value } {
  const { dtype } = list;
  const flat = emptyList(builder, list);
  const body = builder.subgraph();
  const index = body.input('int64', []);
  const goesOn = body.input('bool', []);
  const before = asSequence(list, body.sequenceInput(dtype));
  const element = elementAt(body, { ...list, elements: undefined }, index);
  const shape = body.shapeOf(element);
  body.output(goesOn);
  body.output(appended(body, before, body.emit('Reshape', [element, body.ints([-1])])));
  body.output(shape);
  const outputs = [
    { dtype, shape: undefined, isSequence: true },
    { dtype: 'int64', shape: [null, null] },
  ] as const;
  const [parts, shapes] = builder.emitWithGraphs(
    'Loop',
    [lengthOf(builder, list), null, flat],
    { body },
    outputs,
  );
  const rest = { from: builder.ints([1]), to: builder.ints([0x7fffffff]), axes: builder.ints([1]) };
  const lengths = builder.emit('Gather', [shapes as Value, builder.scalar('int64', 0)], { axis: 1 });
  const inner = builder.emit('Slice', [shapes as Value, rest.from, rest.to, rest.axes]);
  // Where these differ, the numbers do not add up and the Reshape fails.
  const sizes = builder.emit('ReduceMax', [inner, builder.ints([0])], { keepdims: 0 });
  const total = builder.emit('ReduceSum', [lengths, builder.ints([0])], { keepdims: 1 });
  const all = builder.emit(
    'ConcatFromSequence',
    [parts as Value],
    { axis: 0 },
    { outputs: [{ dtype, shape: [null] }] },
  );
  const tensor = builder.emit('Reshape', [all, builder.emit('Concat', [total, sizes], { axis: 0 })], {
    allowzero: 1,
  });
  const known = mergedShape(mergedShape(list.elements, asked), list.written)?.with(0, null);
  return { tensor: { ...tensor, shape: tensor.shape ?? known }, lengths };
}

/** The list of a tensor's parts of these lengths along its first dimension. */
export function splitOf(builder: GraphBuilder, tensor: Value, lengths: Value): ListValue {
  if (!SPLITTABLE.includes(tensor.dtype)) throw new Error(`lists of ${tensor.dtype} can only be read`);
  const elements = tensor.shape?.with(0, null);
  const like = {
    ...listOf(builder, tensor),
    elements,
    written: undefined,
    unwritten: zeroShape(builder, elements),
  };
  return emitList(builder, like, 'SplitToSequence', [tensor, builder.cast(lengths, 'int64')], { axis: 0 });
}

/** What two shapes of the same thing tell together. Names of one may have no meaning where the other is used. */
function mergedShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined || a.length !== b.length) return a ?? b?.map(numberOnly);
  return a.map((dim, d) => dim ?? numberOnly(b[d] ?? null));
}

function numberOnly(dim: Dim): Dim {
  return typeof dim === 'number' ? dim : null;
}

/** The elements at these indices, along a new first dimension. */
export function elementsAt(builder: GraphBuilder, list: ListValue, indices: Value, asked?: Shape): Value {
  return builder.emit('Gather', [stackOf(builder, list, asked), indices], { axis: 0 });
}

/** The list with the rows of a tensor at these indices; all elements have to be alike. */
export function scattered(builder: GraphBuilder, list: ListValue, indices: Value, rows: Value): ListValue {
  const from =
    list.form.kind === 'reserved'
      ? builder.emit('Expand', [builder.scalar(list.dtype, 0), stackedShape(builder, list.form.size, rows)])
      : stackOf(builder, list);
  const at = builder.emit('Unsqueeze', [builder.cast(indices, 'int64'), builder.ints([-1])]);
  const shape = from.shape ?? rows.shape?.with(0, null);
  const outputs = [{ dtype: list.dtype, shape }];
  return listOf(builder, builder.emit('ScatterND', [from, at, rows], {}, { outputs }));
}

function stackedShape(builder: GraphBuilder, size: Value, rows: Value): Value {
  const length = builder.emit('Reshape', [size, builder.ints([1])]);
  const [one, end] = [builder.ints([1]), builder.ints([0x7fffffff])];
  const inner = builder.emit('Slice', [builder.shapeOf(rows), one, end]);
  return builder.emit('Concat', [length, inner], { axis: 0 });
}
