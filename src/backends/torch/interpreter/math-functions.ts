import type { Engine } from './engine.ts';
import {
  copySign,
  erf,
  erfc,
  frexp,
  gamma,
  greatestCommonDivisor,
  logGamma,
  nearestRemainder,
  roundEven,
} from './scalar-functions.ts';
import {
  Float,
  isNumber,
  type Named,
  numberOf,
  ScriptError,
  type ScriptValue,
  SymbolicNumber,
  type TensorValue,
  Tuple,
  typeName,
} from './values.ts';

type Function = (engine: Engine, args: readonly ScriptValue[], named: Named) => ScriptValue;

/** @param name of the op that it is on tensors. */
const floatFunction =
  (name: string, of: (x: number) => number): Function =>
  (engine, [x = null]) => {
    if (isNumber(x)) return new Float(of(numberOf(x)));
    if (x instanceof SymbolicNumber) {
      const scalar = engine.call('prim::NumToTensor', [engine.convert(x, 'float')], new Map());
      return engine.convert(engine.call(`aten::${name}`, [scalar], new Map()) as TensorValue, 'float');
    }
    throw new ScriptError(`expected a number, got ${typeName(x)}`);
  };

/** A number rounded to an int; ints stay what they are. @param name of the op that it is on tensors. */
export const intFunction =
  (name: string, of: (x: number) => number): Function =>
  (engine, args, named) => {
    const [x = null] = args;
    if (isNumber(x)) return of(numberOf(x));
    if (x instanceof SymbolicNumber && x.type === 'int') return x;
    const float = floatFunction(name, of)(engine, args, named);
    return float instanceof SymbolicNumber ? engine.convert(float, 'int') : Math.trunc(plain(engine, float));
  };

/** A number that is known, as these functions need them. */
function plain(engine: Engine, value: ScriptValue | undefined): number {
  if (value instanceof SymbolicNumber) return engine.known(value);
  if (value !== undefined && isNumber(value)) return numberOf(value);
  throw new ScriptError(`expected a number, got ${typeName(value ?? null)}`);
}

const ofTwo =
  (of: (x: number, y: number) => number): Function =>
  (engine, [x, y]) =>
    new Float(of(plain(engine, x), plain(engine, y)));
const ofOne =
  (of: (x: number) => ScriptValue): Function =>
  (engine, [x]) =>
    of(plain(engine, x));

function factorial(n: number): number {
  if (n < 0) throw new ScriptError('factorial() not defined for negative values');
  let product = 1n;
  // Beyond 65 the factorial is a multiple of 2^64.
  for (let i = 2; i <= Math.min(n, 66); i++) product = BigInt.asIntN(64, product * BigInt(i));
  return Number(product);
}

/** An op of one number that tensors have as well. */
const FLOATS: Readonly<Record<string, (x: number) => number>> = {
  ...{ sqrt: Math.sqrt, exp: Math.exp, log: Math.log, log2: Math.log2, log10: Math.log10, log1p: Math.log1p },
  ...{ sin: Math.sin, cos: Math.cos, tan: Math.tan, asin: Math.asin, acos: Math.acos, atan: Math.atan },
  ...{ sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh, asinh: Math.asinh, acosh: Math.acosh },
  ...{ atanh: Math.atanh, expm1: Math.expm1, erf, erfc, lgamma: logGamma, round: roundEven },
};

export const rounded = floatFunction('round', roundEven);

/** What Python's math and torch compute with numbers. */
export const MATH_FUNCTIONS: Readonly<Record<string, Function>> = {
  ...Object.fromEntries(
    Object.entries(FLOATS).map(([name, of]) => [`aten::${name}`, floatFunction(name, of)]),
  ),
  'aten::floor': intFunction('floor', Math.floor),
  'aten::ceil': intFunction('ceil', Math.ceil),
  'aten::log': (engine, args, named) =>
    args.length < 2
      ? floatFunction('log', Math.log)(engine, args, named)
      : ofTwo((x, base) => Math.log(x) / Math.log(base))(engine, args, named),
  'aten::gamma': ofOne((x) => new Float(gamma(x))),
  'aten::fabs': ofOne((x) => new Float(Math.abs(x))),
  'aten::degrees': ofOne((x) => new Float((x * 180) / Math.PI)),
  'aten::radians': ofOne((x) => new Float((x * Math.PI) / 180)),
  'aten::atan2': ofTwo(Math.atan2),
  'aten::copysign': ofTwo(copySign),
  'aten::fmod': ofTwo((x, y) => x % y),
  'aten::mathremainder': ofTwo(nearestRemainder),
  'aten::ldexp': ofTwo((x, exponent) => x * 2 ** exponent),
  'aten::isnan': ofOne(Number.isNaN),
  'aten::isinf': ofOne((x) => Math.abs(x) === Number.POSITIVE_INFINITY),
  'aten::isfinite': ofOne(Number.isFinite),
  'aten::gcd': (engine, [x, y]) => greatestCommonDivisor(plain(engine, x), plain(engine, y)),
  'aten::factorial': ofOne(factorial),
  'aten::frexp': ofOne((x) => {
    const [mantissa, exponent] = frexp(x);
    return new Tuple([new Float(mantissa), exponent]);
  }),
  'aten::modf': ofOne((x) => {
    const fraction = Number.isFinite(x) ? x % 1 : 0;
    return new Tuple([new Float(fraction), new Float(Number.isFinite(x) ? Math.trunc(x) : x)]);
  }),
};
