import type { GraphBuilder } from '../onnx-graph/graph-builder.ts';
import { numbersOf, type Shape, type Value } from '../onnx-graph/value.ts';
import { asSequence, isList, type ListValue, sequenceOf } from './tensor-list.ts';

export interface Loop {
  /** What the loop starts with. */
  readonly initial: readonly Value[];
  /** Whether there is another round, a bool of one element. */
  readonly condition: (builder: GraphBuilder, values: readonly Value[]) => Value;
  /** One round, from its values to those of the next. */
  readonly body: (builder: GraphBuilder, values: readonly Value[]) => readonly Value[];
}

/** Emits a loop and returns what its values are at its end. */
export function emitLoop(builder: GraphBuilder, { initial, condition, body }: Loop): readonly Value[] {
  const start = condition(builder, initial);
  if (numbersOf(start)?.[0] === 0) return initial;
  const first = initial.map((value) => (isList(value) ? sequenceOf(builder, value) : value));
  // What is known of the values before the first round may be wrong after it: then less is known in every round.
  let states: readonly Value[] = first;
  for (;;) {
    const inner = builder.subgraph();
    inner.input('int64', []);
    inner.input('bool', []);
    const values = states.map((state) => stateInput(inner, state));
    const next = body(inner, values).map((value) => (isList(value) ? sequenceOf(inner, value) : value));
    const wider = states.map((state, i) => common(state, next[i] as Value));
    if (wider.some((state, i) => !sameShape(state.shape, states[i]?.shape))) {
      states = wider;
      continue;
    }
    inner.output(condition(inner, next));
    for (const value of next) inner.output(value);
    const operands = [null, start, ...first];
    return builder.emitWithGraphs('Loop', operands, { body: inner }, wider.map(kindOf)).map((out, i) => {
      const end = next[i] as Value;
      return isList(end) ? asSequence({ ...(first[i] as ListValue), written: end.written }, out) : out;
    });
  }
}

function stateInput(builder: GraphBuilder, state: Value): Value {
  if (isList(state)) return asSequence(state, builder.sequenceInput(state.dtype));
  return builder.input(state.dtype, state.shape);
}

/** What is known of a value that is the one or the other. */
function common(a: Value, b: Value): Value {
  if (isList(a) !== isList(b) || a.dtype !== b.dtype) {
    throw new Error('a value of it is of another kind at the end of a round');
  }
  return isList(a) ? a : { name: '', dtype: a.dtype, shape: commonShape(a.shape, b.shape) };
}

function kindOf({ dtype, shape, isSequence }: Value): Pick<Value, 'dtype' | 'shape' | 'isSequence'> {
  return { dtype, shape, ...(isSequence && { isSequence }) };
}

function commonShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.map((dim, d) => (dim === b[d] ? dim : null));
}

function sameShape(a: Shape | undefined, b: Shape | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((dim, d) => dim === b[d]);
}

/** One of several graphs, as an index or a predicate tells. */
type Branch = (builder: GraphBuilder) => readonly Value[];

/** Emits what is computed where a predicate holds, or what is where it does not. */
export function emitChoice(
  builder: GraphBuilder,
  predicate: Value,
  whenTrue: Branch,
  whenFalse: Branch,
): readonly Value[] {
  const known = numbersOf(predicate)?.[0];
  if (known !== undefined) return (known === 0 ? whenFalse : whenTrue)(builder);
  const [yes, no] = [builder.subgraph(), builder.subgraph()];
  const given = outputsOf(yes, whenTrue);
  const other = outputsOf(no, whenFalse);
  const outputs = given.map((value, i) => kindOf(common(value, other[i] as Value)));
  const graphs = { then_branch: yes, else_branch: no };
  return builder.emitWithGraphs('If', [predicate], graphs, outputs).map((out, i) => {
    const [a, b] = [given[i] as Value, other[i] as Value];
    if (!isList(a) || !isList(b)) return out;
    const written = commonShape(a.written, b.written);
    return asSequence({ ...a, elements: commonShape(a.elements, b.elements), written }, out);
  });
}

function outputsOf(builder: GraphBuilder, branch: Branch): readonly Value[] {
  const values = branch(builder).map((value) => (isList(value) ? sequenceOf(builder, value) : value));
  for (const value of values) builder.output(value);
  return values;
}

/** What a predicate of any dtype says, as TensorFlow takes it: a number that is not zero, or a tensor that is not empty. */
export function truthOf(builder: GraphBuilder, value: Value): Value {
  const isScalar = value.shape === undefined || value.shape.length === 0;
  if (!isScalar) {
    const size = builder.emit('Size', [value]);
    return builder.emit('Greater', [size, builder.scalar('int64', 0)]);
  }
  if (value.dtype === 'bool') return value;
  if (value.dtype === 'string') throw new Error('a text as its predicate');
  return builder.emit('Not', [builder.emit('Equal', [value, builder.scalar(value.dtype, 0)])]);
}
