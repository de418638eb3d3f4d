import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { distance, loadCases, numbersOf } from '../../scripts/torch-models/cases.ts';
import type { Dtype } from '../../src/tensors/dtype.ts';
import { ownBytes } from '../../src/tensors/shared-bytes.ts';
import { tensorBytes } from '../../src/tensors/tensor.ts';
import type { RespClient } from './resp-client.ts';

export const TOLERANCE = 1e-5;

/**
 * Stores the archive of a folder and runs all of its cases, which io.json lists.
 * @param refusal of the runs, where they are not expected to work.
 */
export async function expectLibtorchsOutputs(
  client: RespClient,
  folder: string,
  refusal?: string,
): Promise<void> {
  const archive = readFileSync(path.join(folder, 'model.pt'));
  expect(await client.send('AI.MODELSTORE', 'm', 'TORCH', 'CPU', 'BLOB', archive)).toBe('OK');
  for (const { inputs, outputs } of loadCases(folder)) {
    const [ins, outs] = [inputs.map((_, i) => `in${i}`), outputs.map((_, i) => `out${i}`)];
    for (const [i, input] of inputs.entries()) {
      const blob = Buffer.from(tensorBytes(input));
      const set = ['AI.TENSORSET', ins[i] as string, input.dtype, ...input.shape, 'BLOB', blob];
      expect(await client.send(...set)).toBe('OK');
    }
    const execute = ['AI.MODELEXECUTE', 'm', 'INPUTS', ins.length, ...ins, 'OUTPUTS', outs.length, ...outs];
    const reply = await client.send(...execute);
    if (refusal !== undefined) {
      expect(String(reply)).toContain(refusal);
      continue;
    }
    expect(reply).toBe('OK');
    for (const [i, expected] of outputs.entries()) {
      const got = (await client.send('AI.TENSORGET', `out${i}`, 'META', 'BLOB')) as unknown[];
      expect([String(got[1]), got[3]]).toEqual([expected.dtype, expected.shape]);
      const { buffer, byteOffset, byteLength } = ownBytes(Buffer.from(got[5] as string));
      const dtype = String(got[1]) as Dtype;
      const actual = { dtype, shape: got[3] as number[], buffer, byteOffset, byteLength };
      expect(distance(numbersOf(actual), numbersOf(expected))).toBeLessThan(TOLERANCE);
    }
  }
  const bytes = await client.send('AI.MODELGET', 'm', 'BLOB');
  expect(Buffer.from(bytes as string).equals(archive)).toBe(true);
}
