import { isFloat } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

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

const COMPARISONS: Readonly<Record<string, readonly [string, boolean?]>> = {
  ...{ eq: ['Equal'], ne: ['Equal', true], not_equal: ['Equal', true], lt: ['Less'], less: ['Less'] },
  ...{ gt: ['Greater'], greater: ['Greater'], le: ['LessOrEqual'], less_equal: ['LessOrEqual'] },
  ...{ ge: ['GreaterOrEqual'], greater_equal: ['GreaterOrEqual'] },
};

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
  'isnan(Tensor self)': (op) => {
    const x = op.tensor('self');
    return isFloat(x.dtype) ? op.emit('IsNaN', [x]) : op.emit('Not', [op.emit('Equal', [x, x])]);
  },
  'isinf(Tensor self)': (op) => op.emit('IsInf', [op.floating()]),
  'isfinite(Tensor self)': (op) => {
    const x = op.floating();
    return op.emit('Not', [op.emit('Or', [op.emit('IsNaN', [x]), op.emit('IsInf', [x])])]);
  },
});
