import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import { ScriptError, type ScriptValue, typeName } from '../interpreter/values.ts';
import { TracedNumber } from './traced-tensor.ts';
import type { Tracer } from './tracer.ts';

const SYMBOLIC: Readonly<Record<string, { readonly op: string; readonly compares?: true }>> = {
  ...{ '+': { op: 'Add' }, '-': { op: 'Sub' }, '*': { op: 'Mul' }, '**': { op: 'Pow' } },
  ...{ min: { op: 'Min' }, max: { op: 'Max' } },
  ...{ '<': { op: 'Less', compares: true }, '>': { op: 'Greater', compares: true } },
  ...{ '<=': { op: 'LessOrEqual', compares: true }, '>=': { op: 'GreaterOrEqual', compares: true } },
  '==': { op: 'Equal', compares: true },
};

/** An operator between numbers of the language of which one is a scalar of the graph. @throws ScriptError */
export function numberOperation(
  tracer: Tracer,
  operator: string,
  left: ScriptValue,
  right: ScriptValue,
): ScriptValue {
  const emit = (op: string, ...inputs: Value[]) => tracer.emit(op, inputs)[0] as Value;
  if (operator === '!=') {
    const same = numberOperation(tracer, '==', left, right);
    return same instanceof TracedNumber ? new TracedNumber('bool', emit('Not', same.value)) : !same;
  }
  if (operator === '//' || operator === '%' || operator === '/') return divide(tracer, operator, left, right);
  const found = SYMBOLIC[operator];
  if (found === undefined) throw new ScriptError(`the operator ${operator} needs a number that is known`);
  const floats = [left, right].some((side) => typeName(side) === 'float');
  const [a, b] = [left, right].map((side) => tracer.tensorOf(side, floats ? 'double' : 'int64'));
  const result = emit(found.op, a as Value, b as Value);
  return tracer.number(found.compares ? 'bool' : floats ? 'float' : 'int', result);
}

/** Rounds down, unlike ONNX. Sizes are not negative, but what is computed of them may be. */
function divide(
  tracer: Tracer,
  operator: '//' | '%' | '/',
  left: ScriptValue,
  right: ScriptValue,
): ScriptValue {
  const emit = (op: string, ...inputs: Value[]) => tracer.emit(op, inputs)[0] as Value;
  const floats = operator === '/' || [left, right].some((side) => typeName(side) === 'float');
  const [a, b] = [left, right].map((side) => tracer.tensorOf(side, floats ? 'double' : 'int64')) as [
    Value,
    Value,
  ];
  const [divisor] = numbersOf(b) ?? [];
  if (divisor === 0) throw new ScriptError('ZeroDivisionError: division by zero');
  if (operator === '/') return tracer.number('float', emit('Div', a, b));
  if (floats) {
    const quotient = emit('Floor', emit('Div', a, b));
    if (operator === '//') return tracer.number('float', quotient);
    return tracer.number('float', emit('Sub', a, emit('Mul', quotient, b)));
  }
  // ONNX Runtime ends the process when an integer is divided by zero: that has to be known before.
  if (divisor === undefined && tracer.decide(emit('Equal', b, tracer.scalar('int64', 0))) !== 0) {
    throw new ScriptError('ZeroDivisionError: integer division or modulo by zero');
  }
  if (divisor === 1) return operator === '%' ? 0 : tracer.number('int', a);
  const rest = emit('Mod', a, b);
  if (operator === '%') return tracer.number('int', rest);
  return tracer.number('int', emit('Div', emit('Sub', a, rest), b));
}
