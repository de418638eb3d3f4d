import { expect } from 'vitest';
import { runOp, type Seen } from './tensorflow-graphs.ts';

/** The only output of an op. */
export async function oneOutput(...args: Parameters<typeof runOp>): Promise<Seen> {
  return (await runOp(...args))[0] as Seen;
}

/** Expects the same shape, and numbers that agree to so many digits after the point; NaN and infinities exactly. */
export function expectClose(actual: Seen, expected: Pick<Seen, 'shape' | 'values'>, digits = 5): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.values.length).toBe(expected.values.length);
  actual.values.forEach((x, i) => {
    const wanted = expected.values[i] as number;
    if (Number.isFinite(wanted)) expect(x).toBeCloseTo(wanted, digits);
    else expect(x).toBe(wanted);
  });
}
