import type { LuaFunction, LuaState } from '../fengari.ts';
import { argumentCount, badArgument, checkInteger, checkNumber, type Library, raise } from '../library.ts';
import { push } from '../values.ts';

const INT32_MAX = 0x7fffffff;

/**
 * The generator of `lrand48` with its usual start, as Redis has it (src/rand.c), so that scripts draw the same numbers as there.
 * The state is 48 bits, which a double holds; the product is made of halves of 24 bits.
 */
class Random48 {
  #high = 0x1234ab;
  #low = 0xcd330e;

  /** @param value of which 32 bits count. */
  seed(value: number): void {
    const state = (value >>> 0) * 0x10000 + 0x330e;
    this.#high = Math.floor(state / 0x1000000);
    this.#low = state % 0x1000000;
  }

  /** 31 bits. */
  next(): number {
    // x = x * 0x5deece66d + 11, modulo 2^48
    const low = this.#low * 0xece66d + 11;
    const carry = Math.floor(low / 0x1000000);
    const high = this.#high * 0xece66d + this.#low * 0x5de + carry;
    this.#low = low % 0x1000000;
    this.#high = high % 0x1000000;
    return Math.floor((this.#high * 0x1000000 + this.#low) / 0x20000);
  }
}

function of(compute: (x: number) => number): LuaFunction {
  return (L) => {
    push(L, compute(checkNumber(L, 1)));
    return 1;
  };
}

function ofTwo(compute: (x: number, y: number) => number): LuaFunction {
  return (L) => {
    push(L, compute(checkNumber(L, 1), checkNumber(L, 2)));
    return 1;
  };
}

function extreme(isBetter: (candidate: number, best: number) => boolean): LuaFunction {
  return (L) => {
    let best = checkNumber(L, 1);
    for (let i = 2; i <= argumentCount(L); i++) {
      const candidate = checkNumber(L, i);
      if (isBetter(candidate, best)) best = candidate;
    }
    push(L, best);
    return 1;
  };
}

/** Splits x into a fraction of at least a half and below one, and a power of two. */
function frexp(x: number): [number, number] {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1);
  let fraction = x * 2 ** -exponent;
  while (Math.abs(fraction) < 0.5) {
    fraction *= 2;
    exponent--;
  }
  while (Math.abs(fraction) >= 1) {
    fraction /= 2;
    exponent++;
  }
  return [fraction, exponent];
}

function modf(L: LuaState): number {
  const x = checkNumber(L, 1);
  const whole = Math.trunc(x);
  push(L, whole);
  push(L, Number.isFinite(x) ? x - whole : Number.isNaN(x) ? x : 0);
  return 2;
}

/** Lua 5.1's math library, with random numbers of its own. */
export function mathLibrary(): Library {
  const generator = new Random48();
  return {
    abs: of(Math.abs),
    acos: of(Math.acos),
    asin: of(Math.asin),
    atan: of(Math.atan),
    atan2: ofTwo(Math.atan2),
    ceil: of(Math.ceil),
    cos: of(Math.cos),
    cosh: of(Math.cosh),
    deg: of((x) => x / (Math.PI / 180)),
    exp: of(Math.exp),
    floor: of(Math.floor),
    fmod: ofTwo((x, y) => x % y),
    frexp(L) {
      const [fraction, exponent] = frexp(checkNumber(L, 1));
      push(L, fraction);
      push(L, exponent);
      return 2;
    },
    huge: Infinity,
    ldexp(L) {
      push(L, checkNumber(L, 1) * 2 ** checkInteger(L, 2));
      return 1;
    },
    log: of(Math.log),
    log10: of(Math.log10),
    max: extreme((candidate, best) => candidate > best),
    min: extreme((candidate, best) => candidate < best),
    mod: ofTwo((x, y) => x % y),
    modf,
    pi: Math.PI,
    pow: ofTwo((x, y) => x ** y),
    rad: of((x) => x * (Math.PI / 180)),
    random(L) {
      const fraction = (generator.next() % INT32_MAX) / INT32_MAX;
      const count = argumentCount(L);
      if (count > 2) raise(L, 'wrong number of arguments');
      if (count === 0) {
        push(L, fraction);
        return 1;
      }
      const low = count === 1 ? 1 : checkInteger(L, 1);
      const high = checkInteger(L, count);
      if (low > high) badArgument(L, count, 'interval is empty');
      push(L, Math.floor(fraction * (high - low + 1)) + low);
      return 1;
    },
    randomseed(L) {
      generator.seed(checkInteger(L, 1));
      return 0;
    },
    sin: of(Math.sin),
    sinh: of(Math.sinh),
    sqrt: of(Math.sqrt),
    tan: of(Math.tan),
    tanh: of(Math.tanh),
  };
}
