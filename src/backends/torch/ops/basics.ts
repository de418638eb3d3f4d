import { DATA_TYPES, isFloat, isUnsigned } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { Float, type ScriptValue } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import type { TracedTensor } from '../tracing/traced-tensor.ts';
import { isOfSameSize } from './lengths.ts';
import { isInOrder } from './strides.ts';

const self: Lower = (op) => op.tensor('self');

/** The tensor itself, not a copy: what is written to the one changes the other. */
const same: Lower = (op) => ({ value: op.raw('self') });

function converted(op: OpCall, name = 'dtype'): ReturnType<Lower> {
  const dtype = op.dtype(name);
  const x = op.tensor('self');
  return dtype === undefined || dtype === x.dtype ? same(op) : op.cast(x, dtype);
}

/** Lists of fewer numbers keep them in the graph, so that it serves other numbers, too, until the program needs one. */
const FEW = 64;

/** A tensor as lists of numbers in lists; without dimensions, as a number. */
function nested(op: OpCall, x: Value): ScriptValue {
  const sizes = Array.from({ length: op.rank(x) }, (_, d) => op.knownSize(x, d));
  const count = sizes.reduce((product, size) => product * size, 1);
  const numbers = count > FEW ? op.tracer.elements(x) : undefined;
  const flat = op.reshape(x, [-1]);
  const number = (at: number): ScriptValue => {
    const known = numbers?.[at];
    if (known === undefined) return op.tracer.item(op.emit('Gather', [flat, op.constant('int64', at)]));
    return x.dtype === 'bool' ? known !== 0 : isFloat(x.dtype) ? new Float(known) : known;
  };
  const list = (d: number, at: number): ScriptValue => {
    const size = sizes[d];
    return size === undefined
      ? number(at)
      : Array.from({ length: size }, (_, i) => list(d + 1, at * size + i));
  };
  return list(0, 0);
}

const to =
  (dtype: Value['dtype']): Lower =>
  (op) =>
    op.tensor('self').dtype === dtype ? same(op) : op.cast(op.tensor('self'), dtype);

/** Of torch before 1.0, which archives may still have. */
const CASTS: Readonly<Record<string, Value['dtype']>> = {
  ...{ Byte: 'uint8', Char: 'int8', Short: 'int16', Int: 'int32', Long: 'int64', Half: 'float16' },
  ...{ Float: 'float', Double: 'double' },
};

/** Elements from one place of an axis to the next; of what lies in order alone. */
function strideOf(op: OpCall, axis: number): ScriptValue {
  if (!isInOrder(op.raw('self'))) return op.fail('of what does not lie in order in memory is not supported');
  const behind = op.sizes(op.tensor('self')).slice(axis + 1);
  return behind.reduce((product: ScriptValue, size) => {
    if (typeof product === 'number' && typeof size === 'number') return product * size;
    return op.tracer.symbolic('*', product, size);
  }, 1);
}

export const basics = defineOps('Tensors and their properties', {
  'size(Tensor self) -> int[]': (op) => ({ value: op.sizes(op.tensor('self')) }),
  'size(Tensor self, int dim) -> int': (op) => {
    const x = op.tensor('self');
    return { value: op.size(x, op.axis('dim', op.rank(x))) };
  },
  'dim(Tensor self) -> int': (op) => ({ value: op.rank(op.tensor('self')) }),
  'len(Tensor self) -> int': (op) => ({ value: op.size(op.tensor('self'), 0) }),
  'numel(Tensor self) -> int': (op) => {
    const shape = op.emit('Shape', [op.tensor('self')]);
    return { value: op.tracer.item(op.emit('ReduceProd', [shape, op.intVector([0])], { keepdims: 0 })) };
  },
  '_shape_as_tensor(Tensor self)': (op) => op.emit('Shape', [op.tensor('self')]),
  'is_floating_point(Tensor self) -> bool': (op) => ({ value: isFloat(op.tensor('self').dtype) }),
  'is_complex(Tensor self) -> bool': () => ({ value: false }),
  'is_signed(Tensor self) -> bool': (op) => {
    const { dtype } = op.tensor('self');
    return { value: dtype !== 'bool' && !isUnsigned(dtype) };
  },
  'is_contiguous(Tensor self, Any memory_format=None) -> bool': (op) => ({
    value: isInOrder(op.raw('self')),
  }),
  'stride(Tensor self) -> int[]': (op) => ({
    value: op.sizes(op.tensor('self')).map((_, axis) => strideOf(op, axis)),
  }),
  'stride(Tensor self, int dim) -> int': (op) => ({
    value: strideOf(op, op.axis('dim', op.rank(op.tensor('self')))),
  }),
  'element_size(Tensor self) -> int': (op) => ({ value: DATA_TYPES[op.tensor('self').dtype].bytes }),
  'is_same_size(Tensor self, Tensor other) -> bool': (op) => ({
    value: isOfSameSize(op, op.tensor('self'), op.tensor('other')),
  }),
  // There are no complex numbers.
  ...alike(
    ['real', 'conj', 'conj_physical', 'resolve_conj', 'resolve_neg'].map((name) => `${name}(Tensor self)`),
    same,
  ),
  'item(Tensor self) -> Scalar': (op) => ({ value: op.tracer.item(op.tensor('self')) }),
  ...alike(['ScalarImplicit(Tensor self) -> Scalar', 'IntImplicit(Tensor self) -> int'], (op: OpCall) => ({
    value: op.tracer.item(op.tensor('self')),
  })),
  'tolist(Tensor self) -> Any': (op) => ({ value: nested(op, op.tensor('self')) }),
  'prim::NumToTensor(Scalar a)': (op) => op.tensor('a'),
  ...alike(['detach(Tensor self)', 'alias(Tensor self)', 'lift(Tensor self)'], same),
  'contiguous(Tensor self, Any memory_format=None)': (op) =>
    isInOrder(op.raw('self')) ? same(op) : op.emit('Identity', [op.tensor('self')]),
  ...alike(
    ['cpu(Tensor self)', 'requires_grad_(Tensor self, bool requires_grad=True)', 'lift_fresh(Tensor self)'],
    same,
  ),
  'clone(Tensor self, *, Any memory_format=None)': self,
  'to(Tensor self, Device device, ScalarType? dtype=None, bool non_blocking=False, bool copy=False, Any memory_format=None)':
    (op) => converted(op),
  'to(Tensor self, ScalarType dtype, bool non_blocking=False, bool copy=False, Any memory_format=None)': (
    op,
  ) => converted(op),
  'to(Tensor self, Tensor other, bool non_blocking=False, bool copy=False, Any memory_format=None)': (op) =>
    to(op.tensor('other').dtype)(op),
  'to(Tensor self, ScalarType? dtype=None, *, Any layout=None, Device? device=None, bool? pin_memory=None, bool non_blocking=False, bool copy=False, Any memory_format=None)':
    (op) => converted(op),
  'type_as(Tensor self, Tensor other)': (op) => to(op.tensor('other').dtype)(op),
  'float(Tensor self)': to('float'),
  'double(Tensor self)': to('double'),
  'half(Tensor self)': to('float16'),
  'long(Tensor self)': to('int64'),
  'int(Tensor self)': to('int32'),
  'short(Tensor self)': to('int16'),
  'char(Tensor self)': to('int8'),
  'byte(Tensor self)': to('uint8'),
  ...Object.fromEntries(
    Object.entries(CASTS).map(([name, dtype]) => [
      `_cast_${name}(Tensor self, bool non_blocking=False)`,
      to(dtype),
    ]),
  ),
  'bool(Tensor self)': to('bool'),
  'copy_(Tensor self, Operand src, bool non_blocking=False)': (op) => {
    const target = op.raw('self') as TracedTensor;
    const source = op.operand(op.raw('src'), target.value.dtype);
    op.tracer.write(target, op.emit('Expand', [source, op.emit('Shape', [target.value])]));
    return { value: target };
  },
  'fill_diagonal_(Tensor self, Scalar fill_value, bool wrap=False)': {
    limits: 'matrices, no wrap',
    lower: (op) => {
      if (op.bool('wrap') || op.rank(op.tensor('self')) !== 2)
        op.fail('only matrices without wrap are supported');
      const part = op.tracer.call('aten::diagonal', [op.raw('self'), 0, 0, 1], new Map());
      op.tracer.call('aten::fill_', [part, op.raw('fill_value')], new Map());
      return { value: op.raw('self') };
    },
  },
  'fill_(Tensor self, Operand value)': (op) => {
    const target = op.raw('self') as TracedTensor;
    const element = op.scalar('value', target.value.dtype);
    op.tracer.write(target, op.emit('Expand', [element, op.emit('Shape', [target.value])]));
    return { value: target };
  },
  'zero_(Tensor self)': (op) => {
    const target = op.raw('self') as TracedTensor;
    const element = op.constant(target.value.dtype, 0);
    op.tracer.write(target, op.emit('Expand', [element, op.emit('Shape', [target.value])]));
    return { value: target };
  },
});
