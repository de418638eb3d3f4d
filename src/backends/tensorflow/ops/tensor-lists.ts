import type { DataType } from '../../onnx-graph/data-types.ts';
import type { Shape, Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps } from '../op-registry.ts';
import * as list from '../tensor-list.ts';

/** What becomes an ONNX sequence once it is written. */
const ELEMENTS: readonly DataType[] = ['float', 'double', 'float16', 'int32', 'int64', 'bool'];
const typeAttribute = 'element_dtype';

function listAt(op: OpContext, index: number): list.ListValue {
  const value = op.input(index);
  return list.isList(value) ? value : op.fail(`its input ${index} is no list`);
}

/** The shape of elements that an input says, as far as it is known. */
function askedShape(op: OpContext, index: number): Shape | undefined {
  return list.elementShape(op.builder, op.input(index)).elements;
}

function reserved(op: OpContext, shape: Value, size: Value): list.ListValue {
  const { elements, unwritten } = list.elementShape(op.builder, shape);
  return list.reserve(op.builder, op.dtype(typeAttribute), size, elements, unwritten);
}

export const tensorLists = defineOps('Lists', {
  ...alike(['TensorListReserve', 'EmptyTensorList'], {
    typeAttribute,
    dtypes: ELEMENTS,
    limits: 'elements of an unknown shape that were never written are empty',
    lower(op) {
      const isEmpty = op.node.op === 'EmptyTensorList';
      return reserved(op, op.input(0), isEmpty ? op.scalar('int32', 0) : op.input(1));
    },
  }),
  TensorListFromTensor: { lower: (op) => list.listOf(op.builder, op.input(0)) },
  TensorListLength: { lower: (op) => op.cast(list.lengthOf(op.builder, listAt(op, 0)), 'int32') },
  TensorListElementShape: {
    limits: 'a rank that is known',
    lower(op) {
      const { elements } = listAt(op, 0);
      if (elements === undefined) return op.fail('nothing tells the rank of the elements');
      const sizes = elements.map((dim) => (typeof dim === 'number' ? dim : -1));
      const dtype = op.attributes.dtype('shape_type') ?? 'int32';
      return op.builder.fill(dtype, [sizes.length], sizes);
    },
  },
  TensorListGetItem: {
    limits: 'elements that were never written are zeros',
    lower: (op) => list.elementAt(op.builder, listAt(op, 0), op.input(1)),
  },
  TensorListSetItem: {
    typeAttribute,
    dtypes: ELEMENTS,
    lower(op) {
      const given = listAt(op, 0);
      const [index, element] = [op.input(1), op.input(2)];
      const end = op.emit('Add', [index, op.scalar(index.dtype, 1)]);
      const resizes = op.attributes.bool('resize_if_index_out_of_bounds');
      const long = resizes ? list.grown(op.builder, given, end) : given;
      return list.withElement(op.builder, long, index, element);
    },
  },
  TensorListPushBack: {
    typeAttribute,
    dtypes: ELEMENTS,
    lower: (op) => list.appended(op.builder, listAt(op, 0), op.input(1)),
  },
  TensorListPopBack: {
    typeAttribute,
    dtypes: ELEMENTS,
    outputs: ['output_handle', 'tensor'],
    lower(op) {
      const sequence = list.sequenceOf(op.builder, listAt(op, 0));
      const last = list.elementAt(op.builder, sequence, op.scalar('int64', -1));
      return [list.emitList(op.builder, sequence, 'SequenceErase', [sequence]), last];
    },
  },
  TensorListResize: {
    lower(op) {
      const [given, size] = [listAt(op, 0), op.input(1)];
      return list.cut(op.builder, list.grown(op.builder, given, size), size);
    },
  },
  TensorListStack: {
    limits: 'elements that are alike',
    lower: (op) => list.stackOf(op.builder, listAt(op, 0), askedShape(op, 1)),
  },
  TensorListGather: {
    limits: 'elements that are alike',
    lower: (op) => list.elementsAt(op.builder, listAt(op, 0), op.input(1), askedShape(op, 2)),
  },
  ...alike(['TensorListConcat', 'TensorListConcatV2'], {
    typeAttribute,
    dtypes: ELEMENTS,
    outputs: ['tensor', 'lengths'],
    lower(op) {
      const sequence = list.sequenceOf(op.builder, listAt(op, 0));
      const asked =
        op.node.op === 'TensorListConcat' ? op.attributes.shape('element_shape') : askedShape(op, 1);
      const { tensor, lengths } = list.joinOf(op.builder, sequence, asked);
      return [tensor, lengths];
    },
  }),
  TensorListSplit: {
    typeAttribute,
    dtypes: ELEMENTS,
    lower: (op) => list.splitOf(op.builder, op.input(0), op.input(2)),
  },
  ...alike(['TensorListScatter', 'TensorListScatterV2'], {
    typeAttribute,
    dtypes: ELEMENTS,
    limits: 'elements that are alike',
    lower(op) {
      const [rows, indices] = [op.input(0), op.input(1)];
      const { elements, unwritten } = list.elementShape(op.builder, op.input(2));
      const most = op.emit('ReduceMax', [op.cast(indices, 'int64')], { keepdims: 0 });
      const end = op.emit('Add', [most, op.scalar('int64', 1)]);
      const asked = op.node.op === 'TensorListScatterV2' ? op.cast(op.input(3), 'int64') : undefined;
      const size = asked === undefined ? end : op.emit('Max', [asked, end]);
      const empty = list.reserve(op.builder, rows.dtype, size, elements, unwritten);
      return list.scattered(op.builder, empty, indices, rows);
    },
  }),
  TensorListScatterIntoExistingList: {
    typeAttribute,
    dtypes: ELEMENTS,
    limits: 'elements that are alike; does not make the list longer',
    lower: (op) => list.scattered(op.builder, listAt(op, 0), op.input(2), op.input(1)),
  },
});
