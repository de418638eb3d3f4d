import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import { type GraphNode, originOf, type Ref } from '../graph.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';
import * as list from '../tensor-list.ts';

/** What an array has at this point is in the flow; where that is only a number, nothing was written yet. */
function arrayAt(op: OpContext, flow: number): list.ListValue {
  const [current, handle] = [op.input(flow), op.input(0)];
  if (list.isList(current)) return current;
  return list.isList(handle) ? handle : op.fail('its handle is no array');
}

/** All versions of an op. */
function versions(name: string, definition: OpDefinition): Record<string, OpDefinition> {
  return alike([`TensorArray${name}`, `TensorArray${name}V2`, `TensorArray${name}V3`], definition);
}

/** The node that counts the indices, when they are 0, 1, 2 and so on. */
function countOfRange(op: OpContext, input: number): GraphNode | undefined {
  const node = nodeAt(op, op.node.inputs[input]);
  if (node?.op !== 'Range' || !op.scope.has({ node: node.name, port: 0 })) return undefined;
  const [start, limit, step] = node.inputs;
  if (start === undefined || limit === undefined || step === undefined) return undefined;
  const is = (ref: typeof start, number: number) => numbersOf(op.scope.value(ref))?.[0] === number;
  return is(start, 0) && is(step, 1) ? nodeAt(op, limit) : undefined;
}

function nodeAt(op: OpContext, ref: Ref | undefined): GraphNode | undefined {
  return originOf(op.scope.graph, ref, (node) => node.op === 'Identity');
}

function gather(op: OpContext): Value {
  const array = arrayAt(op, 2);
  const asked = op.attributes.shape('element_shape');
  const count = countOfRange(op, 1);
  const isWhole = count?.op.startsWith('TensorArraySize') && sameArray(count, op.node);
  return isWhole
    ? list.stackOf(op.builder, array, asked)
    : list.elementsAt(op.builder, array, op.input(1), asked);
}

/** Whether both are about the same array, at the same point. */
function sameArray(a: GraphNode, b: GraphNode): boolean {
  const [flow, other] = [a.inputs.at(-1), b.inputs.at(-1)];
  return flow !== undefined && flow.node === other?.node && flow.port === other.port;
}

function scatter(op: OpContext): list.ListValue {
  const [indices, rows] = [op.input(1), op.input(2)];
  const array = arrayAt(op, 3);
  const { form } = array;
  const numbers = numbersOf(indices);
  const inOrder = countOfRange(op, 1) !== undefined || (numbers?.every((n, i) => n === i) ?? false);
  const [count] = rows.shape ?? [];
  const size = form.kind === 'reserved' ? form.size.content?.[0] : undefined;
  const fits = size !== undefined && size !== null && (size === count || (array.grows && size === 0));
  if (inOrder && fits) return { ...list.listOf(op.builder, rows), grows: array.grows };
  const most = op.emit('ReduceMax', [op.cast(indices, 'int64')], { keepdims: 0 });
  const end = op.emit('Add', [most, op.scalar('int64', 1)]);
  const long = array.grows ? grownTo(op, array, end) : array;
  return { ...list.scattered(op.builder, long, indices, rows), grows: array.grows };
}

function grownTo(op: OpContext, array: list.ListValue, end: Value): list.ListValue {
  const { form } = array;
  if (form.kind !== 'reserved') return list.grown(op.builder, array, end);
  const size = op.emit('Max', [form.size, op.cast(end, 'int64')]);
  return { ...array, form: { kind: 'reserved', size } };
}

export const tensorArrays = defineOps('Arrays of TensorFlow 1', {
  ...alike(['TensorArray', 'TensorArrayV2', 'TensorArrayV3'], {
    typeAttribute: 'dtype',
    dtypes: ['float', 'double', 'float16', 'int32', 'int64', 'bool'],
    limits: 'elements that were never written are zeros, empty where their shape is unknown',
    outputs: ['handle', 'flow'],
    lower(op) {
      const elements = op.attributes.shape('element_shape');
      const array = list.reserve(op.builder, op.dtype('dtype'), op.input(0), elements);
      const growing = { ...array, grows: op.attributes.bool('dynamic_size') };
      return [growing, growing];
    },
  }),
  ...versions('Size', { lower: (op) => op.cast(list.lengthOf(op.builder, arrayAt(op, 1)), 'int32') }),
  ...versions('Read', { lower: (op) => list.elementAt(op.builder, arrayAt(op, 2), op.input(1)) }),
  ...versions('Write', {
    lower(op) {
      const array = arrayAt(op, 3);
      const index = op.input(1);
      const end = op.emit('Add', [index, op.scalar('int32', 1)]);
      const long = array.grows ? list.grown(op.builder, array, end) : array;
      return list.withElement(op.builder, long, index, op.input(2));
    },
  }),
  ...versions('Gather', { limits: 'elements that are alike', lower: gather }),
  TensorArrayPack: {
    limits: 'elements that are alike',
    lower: (op) => list.stackOf(op.builder, arrayAt(op, 1), op.attributes.shape('element_shape')),
  },
  ...versions('Scatter', { limits: 'elements that are alike', lower: scatter }),
  TensorArrayUnpack: { lower: (op) => list.listOf(op.builder, op.input(1)) },
  ...versions('Concat', {
    outputs: ['value', 'lengths'],
    lower(op) {
      const sequence = list.sequenceOf(op.builder, arrayAt(op, 1));
      const rest = op.attributes.shape('element_shape_except0');
      const asked = rest && [null, ...rest];
      const { tensor, lengths } = list.joinOf(op.builder, sequence, asked);
      return [tensor, lengths];
    },
  }),
  ...versions('Split', { lower: (op) => list.splitOf(op.builder, op.input(1), op.input(2)) }),
  ...versions('Close', { lower: () => [] }),
});
