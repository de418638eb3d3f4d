import type { DataType } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { Float, isNumber, numberOf, type ScriptValue, TensorValue } from '../interpreter/values.ts';
import { defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedNumber, TracedTensor } from '../tracing/traced-tensor.ts';
import { checkElements } from './checks.ts';

/** What all of them may be told besides; there is one device and one layout. */
const OPTIONS = '*, ScalarType? dtype=None, Any layout=None, Any device=None, Any pin_memory=None';
const LIKE = `${OPTIONS}, Any memory_format=None`;

function filled(op: OpCall, element: Value, sizes: Value): Value {
  return op.emit('Expand', [element, sizes]);
}

const fill =
  (element: number): Lower =>
  (op) =>
    filled(op, op.constant(op.dtype() ?? 'float', element), op.vector('size'));

const fillLike =
  (element: number): Lower =>
  (op) => {
    const x = op.tensor('self');
    return filled(op, op.constant(op.dtype() ?? x.dtype, element), op.emit('Shape', [x]));
  };

const fillNew =
  (element: number): Lower =>
  (op) =>
    filled(op, op.constant(op.dtype() ?? op.tensor('self').dtype, element), op.vector('size'));

function numberType(value: ScriptValue): DataType {
  if (value instanceof Float || (value instanceof TracedNumber && value.type === 'float')) return 'float';
  return typeof value === 'boolean' || (value instanceof TracedNumber && value.type === 'bool')
    ? 'bool'
    : 'int64';
}

/** Nested lists of numbers, which have to be of one length at each level. */
function tensorFrom(op: OpCall, data: ScriptValue, dtype: DataType | undefined): Value {
  if (data instanceof TracedTensor) return dtype === undefined ? data.value : op.cast(data.value, dtype);
  if (!Array.isArray(data)) return op.scalarOf(data, dtype ?? numberType(data));
  const shape: number[] = [];
  let flat: ScriptValue[] = [data];
  while (flat.length > 0 && Array.isArray(flat[0])) {
    shape.push(flat[0].length);
    flat = flat.flatMap((item) =>
      Array.isArray(item) ? item : op.fail('expected sequences of equal length'),
    );
  }
  const own =
    flat.length === 0
      ? 'float'
      : flat.map(numberType).includes('float')
        ? 'float'
        : numberType(flat[0] as ScriptValue);
  const type = dtype ?? own;
  if (flat.every((item) => isNumber(item))) return op.tracer.fill(type, shape, flat.map(numberOf));
  const parts = flat.map((item) =>
    op.reshape(op.scalarOf(item instanceof TensorValue ? item : item, type), [1]),
  );
  return op.reshape(parts.length === 1 ? (parts[0] as Value) : op.emit('Concat', parts, { axis: 0 }), shape);
}

function range(op: OpCall, start: ScriptValue, end: ScriptValue, step: ScriptValue): Value {
  const isFloat = [start, end, step].some((bound) => numberType(bound) === 'float');
  const dtype = isFloat ? 'float' : 'int64';
  const made = op.emit(
    'Range',
    [start, end, step].map((bound) => op.scalarOf(bound, dtype)),
  );
  return op.cast(made, op.dtype() ?? dtype);
}

export const creation = defineOps('Creation', {
  [`zeros(int[] size, ${OPTIONS})`]: fill(0),
  [`ones(int[] size, ${OPTIONS})`]: fill(1),
  // What is not written to is anything; zeros are as good.
  [`empty(int[] size, ${LIKE})`]: fill(0),
  [`zeros_like(Tensor self, ${LIKE})`]: fillLike(0),
  [`ones_like(Tensor self, ${LIKE})`]: fillLike(1),
  [`empty_like(Tensor self, ${LIKE})`]: fillLike(0),
  [`new_zeros(Tensor self, int[] size, ${OPTIONS})`]: fillNew(0),
  [`new_ones(Tensor self, int[] size, ${OPTIONS})`]: fillNew(1),
  [`new_empty(Tensor self, int[] size, ${OPTIONS})`]: fillNew(0),
  [`full(int[] size, Scalar fill_value, ${OPTIONS})`]: (op) => {
    const element = op.raw('fill_value');
    return filled(op, op.scalarOf(element, op.dtype() ?? numberType(element)), op.vector('size'));
  },
  [`full_like(Tensor self, Scalar fill_value, ${LIKE})`]: (op) => {
    const x = op.tensor('self');
    return filled(op, op.scalar('fill_value', op.dtype() ?? x.dtype), op.emit('Shape', [x]));
  },
  [`new_full(Tensor self, int[] size, Scalar fill_value, ${OPTIONS})`]: (op) =>
    filled(op, op.scalar('fill_value', op.dtype() ?? op.tensor('self').dtype), op.vector('size')),
  'tensor(Any data, *, ScalarType? dtype=None, Any device=None, bool requires_grad=False)': (op) =>
    tensorFrom(op, op.raw('data'), op.dtype()),
  'as_tensor(Any data, ScalarType? dtype=None, Any device=None)': (op) =>
    tensorFrom(op, op.raw('data'), op.dtype()),
  [`scalar_tensor(Scalar s, ${OPTIONS})`]: (op) => op.scalar('s', op.dtype() ?? 'float'),
  [`arange(Scalar end, ${OPTIONS})`]: (op) => range(op, 0, op.raw('end'), 1),
  [`arange(Scalar start, Scalar end, ${OPTIONS})`]: (op) => range(op, op.raw('start'), op.raw('end'), 1),
  [`arange(Scalar start, Scalar end, Scalar step, ${OPTIONS})`]: (op) =>
    range(op, op.raw('start'), op.raw('end'), op.raw('step')),
  [`range(Scalar start, Scalar end, Scalar step=1, ${OPTIONS})`]: (op) => {
    const [start, end, step] = [op.float('start'), op.float('end'), op.float('step')];
    const count = Math.floor((end - start) / step) + 1;
    checkElements(op, count);
    const elements = Array.from({ length: count }, (_, i) => start + i * step);
    return op.tracer.fill(op.dtype() ?? 'float', [elements.length], elements);
  },
  [`linspace(Scalar start, Scalar end, int steps, ${OPTIONS})`]: (op) =>
    op.tracer.fill(op.dtype() ?? 'float', [op.int('steps')], evenSteps(op)),
  [`logspace(Scalar start, Scalar end, int steps, float base=10.0, ${OPTIONS})`]: (op) => {
    const base = op.float('base');
    const elements = evenSteps(op).map((exponent) => base ** exponent);
    return op.tracer.fill(op.dtype() ?? 'float', [elements.length], elements);
  },
  [`eye(int n, ${OPTIONS})`]: (op) => eye(op, op.int('n'), op.int('n')),
  [`eye(int n, int m, ${OPTIONS})`]: (op) => eye(op, op.int('n'), op.int('m')),
  [`empty_strided(int[] size, int[] stride, ${OPTIONS})`]: fill(0),
});

/** torch counts from both ends, each half from its own. */
function evenSteps(op: OpCall): number[] {
  const [start, end, steps] = [op.float('start'), op.float('end'), op.int('steps')];
  checkElements(op, steps);
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  return Array.from({ length: steps }, (_, i) =>
    i < steps / 2 ? start + step * i : end - step * (steps - 1 - i),
  );
}

function eye(op: OpCall, rows: number, columns: number): Value {
  checkElements(op, Math.min(rows, columns));
  const places = (count: number) =>
    op.emit(
      'Range',
      [0, count, 1].map((bound) => op.constant('int64', bound)),
    );
  const column = op.emit('Unsqueeze', [places(rows), op.intVector([1])]);
  return op.cast(op.emit('Equal', [column, places(columns)]), op.dtype() ?? 'float');
}
