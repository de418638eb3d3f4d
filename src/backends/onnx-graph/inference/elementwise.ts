import { DATA_TYPES, type DataType, isInteger } from '../data-types.ts';
import type { Known } from '../value.ts';
import { broadcastShape, elementwise, held } from './content.ts';
import { type Inferred, input, intAttribute, type Operation, type Rule } from './rule.ts';

type Unary = (x: number) => number;
type Binary = (x: number, y: number) => number;

const same =
  (of?: Unary): Rule =>
  (operation) => {
    const x = input(operation, 0);
    const content =
      of && elementwise([x], x.shape, (e) => (typeof e === 'number' ? held(x.dtype, of(e)) : null));
    return [{ dtype: x.dtype, shape: x.shape, content }];
  };

/** @param named what is known where an operand is the name of a dimension. */
const binary =
  (of?: (dtype: DataType) => Binary, named: (x: Known, y: Known) => Known = () => null): Rule =>
  (operation) => {
    const [x, y] = [input(operation, 0), input(operation, 1)];
    const shape = broadcastShape(x.shape, y.shape);
    const compute = of?.(x.dtype);
    const content =
      compute &&
      elementwise([x, y], shape, (a, b) =>
        typeof a === 'number' && typeof b === 'number' ? held(x.dtype, compute(a, b)) : named(a, b),
      );
    return [{ dtype: x.dtype, shape, content }];
  };

const compare =
  (of?: Binary, named: (x: Known, y: Known) => Known = () => null): Rule =>
  (operation) => {
    const [x, y] = [input(operation, 0), input(operation, 1)];
    const shape = broadcastShape(x.shape, y.shape);
    const content =
      of &&
      elementwise([x, y], shape, (a, b) =>
        typeof a === 'number' && typeof b === 'number' ? of(a, b) : named(a, b),
      );
    return [{ dtype: 'bool', shape, content }];
  };

const variadic =
  (of: Binary): Rule =>
  ({ inputs, ...rest }) => {
    let out = rule(inputs[0] ?? null);
    for (const next of inputs.slice(1)) {
      const left = { name: '', ...out };
      out = binary(
        () => of,
        (a, b) => (a === b ? a : null),
      )({ ...rest, inputs: [left, next] })[0] as Inferred;
    }
    return [out];
    function rule(first: Operation['inputs'][number]): { dtype: DataType; shape: Inferred['shape'] } {
      if (first === null) throw new Error('an operator lacks its inputs');
      return first;
    }
  };

const where: Rule = (operation) => {
  const [c, x, y] = [input(operation, 0), input(operation, 1), input(operation, 2)];
  const shape = broadcastShape(c.shape, broadcastShape(x.shape, y.shape));
  const content = elementwise([c, x, y], shape, (p, a, b) =>
    typeof p !== 'number' ? null : ((p !== 0 ? a : b) as Known),
  );
  return [{ dtype: x.dtype, shape, content }];
};

const cast: Rule = (operation) => {
  const x = input(operation, 0);
  const code = intAttribute(operation, 'to', 0);
  const found = (Object.keys(DATA_TYPES) as DataType[]).find((name) => DATA_TYPES[name].code === code);
  const dtype = found ?? x.dtype;
  const content = elementwise([x], x.shape, (e) => {
    if (typeof e !== 'number') return dtype === 'int32' || dtype === 'int64' ? (e ?? null) : null;
    // A float outside of the integers is whatever the processor makes of it.
    const whole = isInteger(dtype) ? Math.trunc(e) : e;
    return isInteger(dtype) && Math.abs(whole) > 0x7fffffff ? null : held(dtype, whole);
  });
  return [{ dtype, shape: x.shape, content }];
};

const bool: Rule = (operation) => [{ dtype: 'bool', shape: input(operation, 0).shape }];

/** ONNX Runtime's Mod with fmod = 0 on integers: the sign of the divisor. */
const mod: Rule = (operation) => {
  const integers = isInteger(input(operation, 0).dtype);
  if (!integers || intAttribute(operation, 'fmod', 0) === 1) return binary()(operation);
  return binary(() => (x, y) => (y === 0 ? Number.NaN : x - y * Math.floor(x / y)))(operation);
};

const divide = (dtype: DataType): Binary => {
  if (!isInteger(dtype)) return (x, y) => x / y;
  return (x, y) => (y === 0 ? Number.NaN : Math.trunc(x / y));
};

export const ELEMENTWISE: Readonly<Record<string, Rule>> = {
  Identity: (operation) => {
    const { dtype, shape, content } = input(operation, 0);
    return [{ dtype, shape, content }];
  },
  Neg: same((x) => -x),
  Abs: same(Math.abs),
  Floor: same(Math.floor),
  Ceil: same(Math.ceil),
  Sqrt: same(Math.sqrt),
  ...Object.fromEntries(
    [
      ...[
        'Exp',
        'Log',
        'Round',
        'Sign',
        'Reciprocal',
        'Sigmoid',
        'Tanh',
        'Relu',
        'Elu',
        'Selu',
        'Softplus',
        'Softsign',
      ],
      ...[
        'Erf',
        'Sin',
        'Cos',
        'Tan',
        'Asin',
        'Acos',
        'Atan',
        'Sinh',
        'Cosh',
        'Asinh',
        'Acosh',
        'Atanh',
        'Celu',
        'Gelu',
      ],
      ...[
        'LeakyRelu',
        'HardSigmoid',
        'HardSwish',
        'Clip',
        'Softmax',
        'LogSoftmax',
        'LRN',
        'CumSum',
        'BitwiseNot',
      ],
      ...[
        'ReverseSequence',
        'ScatterND',
        'ScatterElements',
        'Trilu',
        'InstanceNormalization',
        'LayerNormalization',
      ],
      ...['ThresholdedRelu', 'PRelu', 'Mish'],
    ].map((op) => [op, same()]),
  ),
  Not: (operation) => {
    const x = input(operation, 0);
    const content = elementwise([x], x.shape, (e) => (typeof e === 'number' ? 1 - e : null));
    return [{ dtype: 'bool', shape: x.shape, content }];
  },
  IsNaN: bool,
  IsInf: bool,
  Cast: cast,
  Where: where,
  Add: binary(
    () => (x, y) => x + y,
    (x, y) => (x === 0 ? y : y === 0 ? x : null),
  ),
  Sub: binary(
    () => (x, y) => x - y,
    (x, y) => (y === 0 ? x : x !== null && x === y ? 0 : null),
  ),
  Mul: binary(
    () => (x, y) => x * y,
    (x, y) => (x === 1 ? y : y === 1 ? x : x === 0 || y === 0 ? 0 : null),
  ),
  Div: binary(divide, (x, y) => (y === 1 ? x : null)),
  Mod: mod,
  Pow: binary(),
  BitwiseAnd: binary(),
  BitwiseOr: binary(),
  BitwiseXor: binary(),
  BitShift: binary(),
  Max: variadic(Math.max),
  Min: variadic(Math.min),
  Sum: variadic((x, y) => x + y),
  Equal: compare(
    (x, y) => Number(x === y),
    (x, y) => (x !== null && x === y ? 1 : null),
  ),
  Less: compare((x, y) => Number(x < y)),
  LessOrEqual: compare((x, y) => Number(x <= y)),
  Greater: compare((x, y) => Number(x > y)),
  GreaterOrEqual: compare((x, y) => Number(x >= y)),
  And: compare((x, y) => x & y),
  Or: compare((x, y) => x | y),
  Xor: compare((x, y) => x ^ y),
};
