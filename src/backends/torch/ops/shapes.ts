import { sameDim, type Value } from '../../onnx-graph/value.ts';
import { isNumber, numberOf, ScriptError, type ScriptValue } from '../interpreter/values.ts';
import { alike, defineOps, type Lower, views } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedNumber, TracedTensor } from '../tracing/traced-tensor.ts';
import { isInOrder } from './strides.ts';

/** Past this an end of a slice stands for "to the end". */
const FAR = 2 ** 31;

/**
 * The sizes as ONNX's Reshape takes them: numbers, 0 where a size stays what it is in its place, -1 for one that follows from the others, so
 * that the shape is a constant where it can be.
 */
export function reshaped(op: OpCall, x: Value, given: readonly ScriptValue[]): Value {
  const sizes = given.map((size) => (size instanceof TracedTensor ? op.tracer.item(size.value) : size));
  const dims = sizes.map((size, d): number | TracedNumber => {
    if (isNumber(size)) return numberOf(size);
    if (!(size instanceof TracedNumber)) throw new ScriptError('a size is no number');
    const [dim] = size.value.content ?? [];
    return dim !== undefined && dim !== null && x.shape?.[d] === dim ? 0 : size;
  });
  const open = dims.filter((dim) => dim instanceof TracedNumber);
  const isFull = dims.includes(-1);
  // A size of 0 would be taken for one that stays.
  if (sizes.includes(0) || (x.shape?.includes(0) ?? false)) {
    return op.emit('Reshape', [x, op.vectorOf(sizes)], { allowzero: sizes.includes(-1) ? undefined : 1 });
  }
  if (open.length === 0) return op.emit('Reshape', [x, op.intVector(dims as number[])]);
  if (open.length === 1 && !isFull) {
    return op.emit('Reshape', [x, op.intVector(dims.map((dim) => (dim instanceof TracedNumber ? -1 : dim)))]);
  }
  return op.emit('Reshape', [x, op.vectorOf(dims)]);
}

const view: Lower = (op) => {
  const sizes = op.raw('size');
  return reshaped(op, op.tensor('self'), Array.isArray(sizes) ? sizes : [sizes]);
};

/** Of what does not lie in order, other sizes are a copy. */
function copied(lower: Lower): Lower {
  return (op) => {
    const found = lower(op) as Value;
    const self = op.raw('self');
    const { shape } = op.tensor('self');
    const isSame =
      found.shape?.length === shape?.length &&
      shape?.every((dim, d) => sameDim(dim, found.shape?.[d] ?? null));
    return isSame || isInOrder(self) ? found : { value: new TracedTensor(found) };
  };
}

function transpose(op: OpCall, x: Value, a: number, b: number): Value {
  const perm = Array.from({ length: op.rank(x) }, (_, d) => (d === a ? b : d === b ? a : d));
  return a === b ? x : op.emit('Transpose', [x], { perm });
}

const flipped: Lower = (op) => {
  const x = op.tensor('self');
  const rank = op.rank(x);
  return rank < 2 ? x : transpose(op, x, rank - 2, rank - 1);
};

const swap: Lower = (op) => {
  const x = op.tensor('self');
  return transpose(op, x, op.axis('dim0', op.rank(x)), op.axis('dim1', op.rank(x)));
};

const permute: Lower = (op) => {
  const x = op.tensor('self');
  return op.emit('Transpose', [x], { perm: op.ints('dims').map((axis) => op.checkedAxis(axis, op.rank(x))) });
};

function squeezed(op: OpCall, x: Value, axes: readonly number[]): Value {
  const ones = axes.filter((axis) => op.knownSize(x, axis) === 1);
  return ones.length === 0 ? x : op.emit('Squeeze', [x, op.intVector(ones)]);
}

const expand: Lower = (op) => {
  const x = op.tensor('self');
  const given = op.raw('size');
  const sizes = Array.isArray(given) ? given : [given];
  const offset = sizes.length - op.rank(x);
  // ONNX's Expand keeps a dimension where it is asked for 1.
  const shape = op.vectorOf(sizes.map((size) => (size === -1 ? 1 : size)));
  const isSame = offset === 0 && sizes.every((size, d) => size === -1 || size === op.size(x, d));
  return isSame ? x : op.emit('Expand', [x, shape]);
};

const movedim: Lower = (op) => {
  const x = op.tensor('self');
  const rank = op.rank(x);
  const [from, to] = ['source', 'destination'].map((name) =>
    op.ints(name).map((axis) => op.checkedAxis(axis, rank)),
  ) as [number[], number[]];
  const others = Array.from({ length: rank }, (_, d) => d).filter((d) => !from.includes(d));
  const perm = Array.from({ length: rank }, (_, d) =>
    to.includes(d) ? (from[to.indexOf(d)] as number) : (others.shift() as number),
  );
  return op.emit('Transpose', [x], { perm });
};

/** Elements at so many places from each other. What is in order here is so in torch's memory, unless it is a view. */
const asStrided: Lower = (op) => {
  const self = op.raw('self');
  if (!isInOrder(self)) op.fail('of what does not lie in order in memory is not supported');
  const sizes = op.raw('size') as readonly ScriptValue[];
  const strides = op.raw('stride') as readonly ScriptValue[];
  if ([...sizes, ...strides].some((one) => typeof one === 'number' && one < 0))
    op.fail('sizes and strides must not be negative');
  const first = op.given('storage_offset') ? op.scalar('storage_offset', 'int64') : op.constant('int64', 0);
  const places = sizes.reduce((sum: Value, size, d) => {
    const steps = op.emit('Range', [
      op.constant('int64', 0),
      op.scalarOf(size, 'int64'),
      op.constant('int64', 1),
    ]);
    const along = op.reshape(steps, [-1, ...new Array<number>(sizes.length - 1 - d).fill(1)]);
    return op.emit('Add', [sum, op.emit('Mul', [along, op.scalarOf(strides[d] ?? 0, 'int64')])]);
  }, first);
  return op.emit('Gather', [op.reshape(op.tensor('self'), [-1]), places], { axis: 0 });
};

/** One bound of a slice, as ONNX takes it. */
function bound(op: OpCall, name: string, otherwise: number): Value {
  const value = op.raw(name);
  return value === null ? op.intVector([otherwise]) : op.vectorOf([value]);
}

const slice: Lower = (op) => {
  const x = op.tensor('self');
  const axis = op.axis('dim', op.rank(x));
  const [start, end] = [op.raw('start'), op.raw('end')];
  const step = op.int('step');
  if (step < 1) return op.fail('slice step must be positive');
  const isWhole =
    (start === null || start === 0) && (end === null || (typeof end === 'number' && end >= FAR));
  if (isWhole && step === 1) return op.emit('Identity', [x]);
  const inputs = [x, bound(op, 'start', 0), bound(op, 'end', Number.MAX_SAFE_INTEGER)];
  return op.emit('Slice', [...inputs, op.intVector([axis]), op.intVector([step])]);
};

const select: Lower = (op) => {
  const x = op.tensor('self');
  const axis = op.axis('dim', op.rank(x));
  const index = op.raw('index');
  const size = x.shape?.[axis];
  if (typeof index === 'number' && typeof size === 'number' && (index >= size || index < -size)) {
    return op.fail(`index ${index} out of range for tensor of size ${size} at dimension ${axis}`);
  }
  return op.emit('Gather', [x, op.scalar('index', 'int64')], { axis });
};

const unsqueeze: Lower = (op) => {
  const x = op.tensor('self');
  return op.emit('Unsqueeze', [x, op.intVector([op.axis('dim', op.rank(x) + 1)])]);
};

export const shapes = defineOps('Shapes and views', {
  ...views({
    'view(Tensor self, int[] size)': view,
    'reshape(Tensor self, int[] size)': copied(view),
    '_unsafe_view(Tensor self, int[] size)': view,
    'view_as(Tensor self, Tensor other)': (op) =>
      reshaped(op, op.tensor('self'), op.sizes(op.tensor('other'))),
    'reshape_as(Tensor self, Tensor other)': copied((op) =>
      reshaped(op, op.tensor('self'), op.sizes(op.tensor('other'))),
    ),
    'flatten(Tensor self, int start_dim=0, int end_dim=-1)': copied((op) => {
      const x = op.tensor('self');
      const rank = op.rank(x);
      const [from, to] = [op.axis('start_dim', rank), op.axis('end_dim', rank)];
      if (rank === 0) return op.reshape(x, [1]);
      const sizes = op.sizes(x);
      return from === to ? x : reshaped(op, x, [...sizes.slice(0, from), -1, ...sizes.slice(to + 1)]);
    }),
    'unflatten(Tensor self, int dim, int[] sizes)': (op) => {
      const x = op.tensor('self');
      const axis = op.axis('dim', op.rank(x));
      return reshaped(op, x, op.sizes(x).toSpliced(axis, 1, ...op.ints('sizes')));
    },
    'permute(Tensor self, int[] dims)': permute,
    'transpose(Tensor self, int dim0, int dim1)': swap,
    'swapaxes(Tensor self, int dim0, int dim1)': swap,
    'swapdims(Tensor self, int dim0, int dim1)': swap,
    ...alike(
      ['t', 'mT', 'mH', 'matrix_H', 'adjoint'].map((name) => `${name}(Tensor self)`),
      flipped,
    ),
    ...alike(
      ['movedim', 'moveaxis'].map((name) => `${name}(Tensor self, int[] source, int[] destination)`),
      movedim,
    ),
    'ravel(Tensor self)': copied((op) => op.reshape(op.tensor('self'), [-1])),
    'as_strided(Tensor self, int[] size, int[] stride, int? storage_offset=None)': asStrided,
    'broadcast_to(Tensor self, int[] size)': expand,
    'numpy_T(Tensor self)': (op) => op.emit('Transpose', [op.tensor('self')]),
    'unsqueeze(Tensor self, int dim)': unsqueeze,
    'squeeze(Tensor self)': (op) => {
      const x = op.tensor('self');
      return squeezed(
        op,
        x,
        Array.from({ length: op.rank(x) }, (_, d) => d),
      );
    },
    'squeeze(Tensor self, int[] dim)': (op) => {
      const x = op.tensor('self');
      const axes = op.ints('dim').map((axis) => op.checkedAxis(axis, op.rank(x)));
      return op.rank(x) === 0 ? x : squeezed(op, x, axes);
    },
    'expand(Tensor self, int[] size, *, bool implicit=False)': expand,
    'expand_as(Tensor self, Tensor other)': (op) =>
      op.emit('Expand', [op.tensor('self'), op.emit('Shape', [op.tensor('other')])]),
    'slice(Tensor self, int dim=0, int? start=None, int? end=None, int step=1)': slice,
    'select(Tensor self, int dim, int index)': select,
    'narrow(Tensor self, int dim, int start, int length)': (op) => {
      const x = op.tensor('self');
      const end = op.emit('Add', [op.vector('start'), op.vector('length')]);
      return op.emit('Slice', [x, op.vector('start'), end, op.intVector([op.axis('dim', op.rank(x))])]);
    },
  }),
});
