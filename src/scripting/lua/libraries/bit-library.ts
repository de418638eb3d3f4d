import type { LuaFunction } from '../fengari.ts';
import { argumentCount, checkNumber, type Library, optionalInteger } from '../library.ts';
import { push } from '../values.ts';

/** The number rounded to even and cut to 32 bits, with a sign: what BitOp's functions take and give (https://bitop.luajit.org/semantics.html). */
function toBits(x: number): number {
  if (!Number.isFinite(x)) return 0;
  const floor = Math.floor(x);
  const rounded = x - floor === 0.5 ? floor + (Math.abs(floor) % 2) : Math.round(x);
  return (rounded % 0x100000000) | 0;
}

function unary(compute: (x: number) => number): LuaFunction {
  return (L) => {
    push(L, compute(toBits(checkNumber(L, 1))) | 0);
    return 1;
  };
}

function folded(compute: (x: number, y: number) => number): LuaFunction {
  return (L) => {
    let result = toBits(checkNumber(L, 1));
    for (let i = 2; i <= argumentCount(L); i++) result = compute(result, toBits(checkNumber(L, i)));
    push(L, result);
    return 1;
  };
}

function shift(compute: (x: number, by: number) => number): LuaFunction {
  return (L) => {
    push(L, compute(toBits(checkNumber(L, 1)), toBits(checkNumber(L, 2)) & 31) | 0);
    return 1;
  };
}

const swapBytes = (x: number) => (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24);

/** Mike Pall's BitOp. */
export const bitLibrary: Library = {
  arshift: shift((x, by) => x >> by),
  band: folded((x, y) => x & y),
  bnot: unary((x) => ~x),
  bor: folded((x, y) => x | y),
  bswap: unary(swapBytes),
  bxor: folded((x, y) => x ^ y),
  lshift: shift((x, by) => x << by),
  rol: shift((x, by) => (x << by) | (x >>> (32 - by))),
  ror: shift((x, by) => (x >>> by) | (x << (32 - by))),
  rshift: shift((x, by) => x >>> by),
  tobit: unary((x) => x),
  tohex(L) {
    const bits = toBits(checkNumber(L, 1));
    const wanted = optionalInteger(L, 2, 8);
    const digits = Math.min(8, Math.abs(wanted));
    const text = (bits >>> 0)
      .toString(16)
      .padStart(8, '0')
      .slice(8 - digits);
    push(L, wanted < 0 ? text.toUpperCase() : text);
    return 1;
  },
};
