import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';

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

/** Real archives are not part of the repository; where they lie can be said in TESSERA_TEST_MODELS. */
const folder = path.resolve(
  process.env.TESSERA_TEST_MODELS ?? path.join(import.meta.dirname, '../../../shared/models'),
  'torch',
);
const names = existsSync(folder)
  ? readdirSync(folder).filter((name) => existsSync(path.join(folder, name, 'io.json')))
  : [];
if (names.length === 0) console.warn(`skipped: real TorchScript archives, for want of ${folder}`);

/** Archives that ask for what is still to come, with the refusal of the run. */
const AWAITED: Record<string, string> = {
  ctldata_scripted: 'what comes next depends on what is in a tensor, which only a run tells',
};

const DTYPES: Record<string, string> = { float32: 'FLOAT', int64: 'INT64' };
const TOLERANCE = 1e-5;

function numbers(dtype: string, bytes: Uint8Array): number[] {
  const { buffer } = Uint8Array.from(bytes);
  return dtype === 'float32' ? [...new Float32Array(buffer)] : Array.from(new BigInt64Array(buffer), Number);
}

/** NaN where one of the two has a number and the other has none. */
function distance(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.NaN;
  const off = expected.map((x, i) => Math.abs((actual[i] as number) - x));
  return off.some(Number.isNaN) ? Number.NaN : Math.max(0, ...off);
}

describe.skipIf(names.length === 0)('a real TorchScript archive', () => {
  const shared = useSharedNode();

  test.each(names)('gives what libtorch gives: %s', async (name) => {
    const client = await shared.connect();
    const file = (part: string): Buffer => readFileSync(path.join(folder, name, part));
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
      if (name in AWAITED) {
        expect(String(reply)).toContain(AWAITED[name]);
        continue;
      }
      expect(reply).toBe('OK');
      for (const [i, { dtype, shape, file: data }] of outputs.entries()) {
        const [, type, , sizes, , bytes] = (await client.send(
          'AI.TENSORGET',
          `out${i}`,
          'META',
          'BLOB',
        )) as unknown[];
        expect([String(type), sizes]).toEqual([DTYPES[dtype], shape]);
        const off = distance(numbers(dtype, Buffer.from(bytes as string)), numbers(dtype, file(data)));
        expect(off).toBeLessThan(TOLERANCE);
      }
    }
    const bytes = await client.send('AI.MODELGET', 'm', 'BLOB');
    expect(Buffer.from(bytes as string).equals(archive)).toBe(true);
  });
});
