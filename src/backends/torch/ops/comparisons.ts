import { isFloat, isUnsigned } from '../../onnx-graph/data-types.ts';
import { Formula } from '../../onnx-graph/formula.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import type { TracedTensor } from '../tracing/traced-tensor.ts';
import { isNegative } from './functions.ts';
import { isOfSameSize } from './lengths.ts';

const compare =
  (operator: string, negated = false): Lower =>
  (op) => {
    let [x, y] = op.promoted('self', 'other') as [Value, Value];
    // ONNX compares no bools by size.
    if (x.dtype === 'bool' && operator !== 'Equal') [x, y] = [op.cast(x, 'int32'), op.cast(y, 'int32')];
    const result = op.emit(operator, [x, y]);
    return negated ? op.emit('Not', [result]) : result;
  };

const logical =
  (operator: 'And' | 'Or' | 'Xor'): Lower =>
  (op) =>
    op.emit(operator, [op.cast(op.tensor('self'), 'bool'), op.cast(op.tensor('other'), 'bool')]);

const bitwise =
  (operator: 'And' | 'Or' | 'Xor'): Lower =>
  (op) => {
    const operands = op.promoted('self', 'other');
    return op.emit(operands[0]?.dtype === 'bool' ? operator : `Bitwise${operator}`, operands);
  };

function where(op: OpCall): Value {
  const [x, y] = op.promoted('self', 'other') as [Value, Value];
  return op.emit('Where', [op.cast(op.tensor('condition'), 'bool'), x, y]);
}

/** What is asked of floats alone: of integers it is known. */
const ofFloats =
  (of: (op: OpCall, x: Value) => Value, ofIntegers = false): Lower =>
  (op) => {
    const x = op.tensor('self');
    return isFloat(x.dtype) ? of(op, x) : constantly(op, x, ofIntegers);
  };

function constantly(op: OpCall, x: Value, answer: boolean): Value {
  return op.emit('Expand', [op.constant('bool', Number(answer)), op.emit('Shape', [x])]);
}

function isFiniteNumber(op: OpCall, x: Value): Value {
  return op.emit('Not', [op.emit('Or', [op.emit('IsNaN', [x]), op.emit('IsInf', [x])])]);
}

/** A tensor, and the powers of 2 that shifts multiply or divide it by. */
function shifted(op: OpCall): [Value, Value] {
  const [x, bits] = op.promoted('self', 'other') as [Value, Value];
  return [x, op.emit('Pow', [op.constant(x.dtype, 2), bits])];
}

const CLOSENESS = 'float rtol=1e-05, float atol=1e-08, bool equal_nan=False';

function isClose(op: OpCall): Value {
  const [x, y] = op.promoted('self', 'other') as [Value, Value];
  const same = op.emit('Equal', [x, y]);
  const [a, b] = [op.cast(x, 'double'), op.cast(y, 'double')];
  const m = new Formula(op, 'double');
  const allowed = m.add(m.mul(m.abs(b), op.float('rtol')), op.float('atol'));
  const off = m.abs(m.sub(a, b));
  const isNear = m.of('And', m.of('LessOrEqual', off, allowed), isFiniteNumber(op, allowed));
  const found = m.of('Or', same, isNear);
  return op.bool('equal_nan') && isFloat(x.dtype)
    ? m.of('Or', found, m.of('And', m.of('IsNaN', a), m.of('IsNaN', b)))
    : found;
}

const COMPARISONS: Readonly<Record<string, readonly [string, boolean?]>> = {
  ...{ eq: ['Equal'], ne: ['Equal', true], not_equal: ['Equal', true], lt: ['Less'], less: ['Less'] },
  ...{ gt: ['Greater'], greater: ['Greater'], le: ['LessOrEqual'], less_equal: ['LessOrEqual'] },
  ...{ ge: ['GreaterOrEqual'], greater_equal: ['GreaterOrEqual'] },
};

/** `a &= b` and the like, which have no underscore at their end. */
const IN_PLACE = ['and', 'or', 'xor', 'lshift', 'rshift'];

export const comparisons = defineOps('Comparisons and logic', {
  ...Object.fromEntries(
    Object.entries(COMPARISONS).map(([name, [operator, negated]]) => [
      `${name}(Operand self, Operand other)`,
      compare(operator, negated),
    ]),
  ),
  'logical_and(Tensor self, Tensor other)': logical('And'),
  'logical_or(Tensor self, Tensor other)': logical('Or'),
  'logical_xor(Tensor self, Tensor other)': logical('Xor'),
  'logical_not(Tensor self)': (op) => op.emit('Not', [op.cast(op.tensor('self'), 'bool')]),
  ...alike(
    ['bitwise_and(Operand self, Operand other)', '__and__(Operand self, Operand other)'],
    bitwise('And'),
  ),
  ...alike(['bitwise_or(Operand self, Operand other)', '__or__(Operand self, Operand other)'], bitwise('Or')),
  ...alike(
    ['bitwise_xor(Operand self, Operand other)', '__xor__(Operand self, Operand other)'],
    bitwise('Xor'),
  ),
  'bitwise_not(Tensor self)': (op) =>
    op.emit(op.tensor('self').dtype === 'bool' ? 'Not' : 'BitwiseNot', [op.tensor('self')]),
  'where(Tensor condition, Operand self, Operand other)': where,
  'masked_fill(Tensor self, Tensor mask, Operand value)': (op) => {
    const x = op.tensor('self');
    return op.emit('Where', [op.cast(op.tensor('mask'), 'bool'), op.scalar('value', x.dtype), x]);
  },
  ...alike(
    ['bitwise_left_shift(Operand self, Operand other)', '__lshift__(Operand self, Operand other)'],
    (op: OpCall) => op.emit('Mul', shifted(op)),
  ),
  ...alike(
    ['bitwise_right_shift(Operand self, Operand other)', '__rshift__(Operand self, Operand other)'],
    (op: OpCall) => op.call('floor_divide', ...shifted(op)),
  ),
  ...Object.fromEntries(
    IN_PLACE.map((name): [string, Lower] => [
      `__i${name}__(Tensor self, Operand other)`,
      (op) => {
        const target = op.raw('self') as TracedTensor;
        op.tracer.write(target, op.call(`__${name}__`, target, op.raw('other')));
        return { value: target };
      },
    ]),
  ),
  'isnan(Tensor self)': ofFloats((op, x) => op.emit('IsNaN', [x])),
  'isinf(Tensor self)': ofFloats((op, x) => op.emit('IsInf', [x])),
  'isposinf(Tensor self)': ofFloats((op, x) => op.emit('Equal', [x, op.constant(x.dtype, Infinity)])),
  'isneginf(Tensor self)': ofFloats((op, x) => op.emit('Equal', [x, op.constant(x.dtype, -Infinity)])),
  'isfinite(Tensor self)': ofFloats(isFiniteNumber, true),
  'isreal(Tensor self)': (op) => constantly(op, op.tensor('self'), true),
  'signbit(Tensor self)': (op) => {
    const x = op.tensor('self');
    if (isFloat(x.dtype)) return isNegative(new Formula(op, x.dtype), x);
    if (x.dtype === 'bool' || isUnsigned(x.dtype)) return constantly(op, x, false);
    return op.emit('Less', [x, op.constant(x.dtype, 0)]);
  },
  [`isclose(Tensor self, Tensor other, ${CLOSENESS})`]: isClose,
  [`allclose(Tensor self, Tensor other, ${CLOSENESS}) -> bool`]: (op) => ({
    value: op.tracer.item(op.call('all', isClose(op))),
  }),
  'equal(Tensor self, Tensor other) -> bool': (op) => {
    const [x, y] = [op.tensor('self'), op.tensor('other')];
    return { value: isOfSameSize(op, x, y) && op.tracer.item(op.call('all', op.emit('Equal', [x, y]))) };
  },
  'is_nonzero(Tensor self) -> bool': (op) => ({
    value: op.tracer.item(op.cast(op.reshape(op.tensor('self'), []), 'bool')),
  }),
  'isin(Operand elements, Operand test_elements, *, bool assume_unique=False, bool invert=False)': (op) => {
    const [x, tested] = op.promoted('elements', 'test_elements') as [Value, Value];
    const matches = op.emit('Equal', [
      op.emit('Unsqueeze', [x, op.intVector([-1])]),
      op.reshape(tested, [-1]),
    ]);
    const found = op.call('any', matches, -1);
    return op.bool('invert') ? op.emit('Not', [found]) : found;
  },
});
