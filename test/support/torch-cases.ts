import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { RespClient } from './resp-client.ts';

interface Reference {
  readonly file: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

interface Case {
  readonly inputs: readonly Reference[];
  /** What libtorch gives. */
  readonly outputs: readonly Reference[];
}

const DTYPES: Record<string, string> = { float32: 'FLOAT', int64: 'INT64' };
export const TOLERANCE = 1e-5;

function numbers(dtype: string, bytes: Uint8Array): number[] {
  const { buffer } = Uint8Array.from(bytes);
  return dtype === 'float32' ? [...new Float32Array(buffer)] : Array.from(new BigInt64Array(buffer), Number);
}

/** The largest distance, as a part of the largest number; NaN where one of the two has a number and the other has none. */
export function distance(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.NaN;
  const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  return expected.reduce((most, x, i) => Math.max(most, Math.abs((actual[i] as number) - x) / scale), 0);
}

/**
 * Stores the archive of a folder and runs all of its cases, which io.json lists.
 * @param refusal of the runs, where they are not expected to work.
 */
export async function expectLibtorchsOutputs(
  client: RespClient,
  folder: string,
  refusal?: string,
): Promise<void> {
  const file = (part: string): Buffer => readFileSync(path.join(folder, part));
  const { cases } = JSON.parse(file('io.json').toString()) as { cases: Case[] };
  const archive = file('model.pt');
  expect(await client.send('AI.MODELSTORE', 'm', 'TORCH', 'CPU', 'BLOB', archive)).toBe('OK');
  for (const { inputs, outputs } of cases) {
    const [ins, outs] = [inputs.map((_, i) => `in${i}`), outputs.map((_, i) => `out${i}`)];
    for (const [i, { dtype, shape, file: data }] of inputs.entries()) {
      const set = ['AI.TENSORSET', ins[i] as string, DTYPES[dtype] as string, ...shape, 'BLOB', file(data)];
      expect(await client.send(...set)).toBe('OK');
    }
    const execute = ['AI.MODELEXECUTE', 'm', 'INPUTS', ins.length, ...ins, 'OUTPUTS', outs.length, ...outs];
    const reply = await client.send(...execute);
    if (refusal !== undefined) {
      expect(String(reply)).toContain(refusal);
      continue;
    }
    expect(reply).toBe('OK');
    for (const [i, { dtype, shape, file: data }] of outputs.entries()) {
      const got = (await client.send('AI.TENSORGET', `out${i}`, 'META', 'BLOB')) as unknown[];
      expect([String(got[1]), got[3]]).toEqual([DTYPES[dtype], shape]);
      const off = distance(numbers(dtype, Buffer.from(got[5] as string)), numbers(dtype, file(data)));
      expect(off).toBeLessThan(TOLERANCE);
    }
  }
  const bytes = await client.send('AI.MODELGET', 'm', 'BLOB');
  expect(Buffer.from(bytes as string).equals(archive)).toBe(true);
}
