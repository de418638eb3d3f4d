import type { Engine } from '../interpreter/engine.ts';
import { callOperation } from '../interpreter/functions.ts';
import { intFunction } from '../interpreter/math-functions.ts';
import { operate, truth } from '../interpreter/operators.ts';
import { Float, isNumber, numberOf, ScriptError, type ScriptValue, Tuple } from '../interpreter/values.ts';

type Function = (engine: Engine, args: readonly ScriptValue[]) => ScriptValue;

const NO_NAMES = new Map<string, ScriptValue>();

/** An op that the interpreter has on numbers. */
const operation =
  (name: string): Function =>
  (engine, args) =>
    callOperation(engine, `aten::${name}`, args, NO_NAMES);

const rounding =
  (name: string, of: (x: number) => number): Function =>
  (engine, args) =>
    intFunction(name, of)(engine, args, NO_NAMES);

const identity: Function = (_, [x = null]) => x;
const negation: Function = (engine, [x = null]) => !truth(engine, x);

const item: Function = (_, [items, index]) => {
  const list = items instanceof Tuple ? items.items : items;
  const found = Array.isArray(list) && typeof index === 'number' ? list.at(index) : undefined;
  if (found === undefined) throw new ScriptError('there is no such item');
  return found;
};

/** Python's operators and functions on sizes, by the names that node targets have. */
const FUNCTIONS: Readonly<Record<string, Function>> = {
  ...Object.fromEntries(
    ['add', 'sub', 'mul', 'pow', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'neg', 'floordiv'].map((name) => [
      `_operator.${name}`,
      operation(name),
    ]),
  ),
  '_operator.mod': operation('remainder'),
  '_operator.truediv': operation('div'),
  '_operator.pos': identity,
  '_operator.index': identity,
  '_operator.abs': operation('abs'),
  '_operator.getitem': item,
  '_operator.not_': negation,
  '_operator.and_': (engine, [a = null, b = null]) => truth(engine, a) && truth(engine, b),
  '_operator.or_': (engine, [a = null, b = null]) => truth(engine, a) || truth(engine, b),
  '_operator.trunc': rounding('trunc', Math.trunc),
  'math.trunc': rounding('trunc', Math.trunc),
  'math.floor': rounding('floor', Math.floor),
  'math.ceil': rounding('ceil', Math.ceil),
  'torch.sym_int': rounding('trunc', Math.trunc),
  'torch.sym_float': (engine, [x = null]) =>
    isNumber(x) ? new Float(numberOf(x)) : operation('Float')(engine, [x]),
  'torch.sym_not': negation,
  'torch.sym_max': operationOf('prim::max'),
  'torch.sym_min': operationOf('prim::min'),
  'torch.sym_sum': (engine, [items]) =>
    (Array.isArray(items) ? items : []).reduce(
      (sum: ScriptValue, one) => operate(engine, '+', sum, one),
      0 as ScriptValue,
    ),
  'torch.sym_ite': (engine, [condition = null, a = null, b = null]) => (truth(engine, condition) ? a : b),
  ...Object.fromEntries(
    ['sqrt', 'exp', 'log', 'log2', 'sin', 'cos'].flatMap((name) => [
      [`torch._sym_${name}`, operation(name)],
      [`torch.sym_${name}`, operation(name)],
      [`math.${name}`, operation(name)],
    ]),
  ),
};

function operationOf(name: string): Function {
  return (engine, args) => callOperation(engine, name, args, NO_NAMES);
}

export function symbolicFunction(target: string): Function | undefined {
  return Object.hasOwn(FUNCTIONS, target) ? FUNCTIONS[target] : undefined;
}
