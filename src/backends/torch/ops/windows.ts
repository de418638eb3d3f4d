import { defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { checkElements } from './checks.ts';

const OPTIONS = '*, ScalarType? dtype=None, Any layout=None, Any device=None, Any pin_memory=None';

/** A cosine of each harmonic, with signs that alternate. */
const cosines =
  (...factors: readonly number[]) =>
  (place: number): number =>
    factors.reduce((sum, factor, k) => sum + (-1) ** k * factor * Math.cos(2 * Math.PI * k * place), 0);

/** The modified Bessel function of order 0, by its power series. */
function besselI0(x: number): number {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

/** @param at the window's height, from 0 at its beginning to 1 at its end. */
function windowOf(op: OpCall, isPeriodic: boolean, at: (place: number) => number): ReturnType<Lower> {
  const length = op.int('window_length');
  checkElements(op, length);
  const steps = isPeriodic ? length : length - 1;
  const elements = Array.from({ length }, (_, i) => (length === 1 ? 1 : at(i / steps)));
  return op.tracer.fill(op.dtype() ?? 'float', [length], elements);
}

/** A window that is periodic unless it is told not to be. */
function windows(
  name: string,
  at: (op: OpCall) => (place: number) => number,
  more = '',
): Record<string, Lower> {
  return {
    [`${name}(int window_length, ${OPTIONS})`]: (op) => windowOf(op, true, at(op)),
    [`${name}(int window_length, bool periodic${more}, ${OPTIONS})`]: (op) =>
      windowOf(op, op.bool('periodic'), at(op)),
  };
}

/** The argument where the overload has it. */
function float(op: OpCall, name: string, otherwise: number): number {
  return op.has(name) ? op.float(name) : otherwise;
}

export const windowFunctions = defineOps('Windows', {
  ...windows('hann_window', () => cosines(0.5, 0.5)),
  ...windows(
    'hamming_window',
    (op) => cosines(float(op, 'alpha', 0.54), float(op, 'beta', 0.46)),
    ', float alpha=0.54, float beta=0.46',
  ),
  ...windows('blackman_window', () => cosines(0.42, 0.5, 0.08)),
  ...windows('bartlett_window', () => (place) => 1 - Math.abs(2 * place - 1)),
  ...windows(
    'kaiser_window',
    (op) => {
      const beta = float(op, 'beta', 12);
      return (place) => besselI0(beta * Math.sqrt(1 - (2 * place - 1) ** 2)) / besselI0(beta);
    },
    ', float beta=12.0',
  ),
});
