import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { oneOperator } from '../support/models.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServeOn } from '../support/serve.ts';

let node: ServedNode | undefined;
afterEach(() => node?.kill());

test('an experiment outlives kill -9, promoted or not, and begins to count anew', async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  node = await startServeOn(data, '--durability', 'always');
  let client = await RespClient.connect(node.port);
  for (const [key, type] of [
    ['neg', 'Neg'],
    ['abs', 'Abs'],
  ] as const) {
    await client.send('AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB', oneOperator(type));
  }
  const set = ['PRIMARY', 'neg', 'CANDIDATES', 1, 'abs', 'TOLERANCE', '0.25', 'SAMPLE', '100'];
  for (const key of ['e', 'f', 'g'])
    expect(await client.send('AI.EXPERIMENT', 'SET', key, ...set)).toBe('OK');
  expect(await client.send('AI.EXPERIMENT', 'PROMOTE', 'f', 'abs')).toBe('OK');
  expect(await client.send('AI.EXPERIMENT', 'DEL', 'g')).toBe('OK');
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', -1, 2);
  expect(await client.send('AI.MODELEXECUTE', 'e', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y')).toBe('OK');
  client.close();
  await node.kill();

  node = await startServeOn(data);
  client = await RespClient.connect(node.port);
  expect(await client.send('TYPE', 'e')).toBe('AI_EXPRMT');
  expect(await client.send('EXISTS', 'g')).toBe(0);
  const arms = async (key: string) => {
    const reply = (await client.send('AI.EXPERIMENT', 'GET', key)) as unknown[];
    expect(reply.slice(0, 6)).toEqual(['mode', 'SHADOW', 'sample', '100', 'tolerance', '0.25']);
    return (reply.at(-1) as unknown[][]).map((arm) => [arm[1], arm[3], arm[7]]);
  };
  expect(await arms('e')).toEqual([
    ['neg', 'primary', 0],
    ['abs', 'candidate', 0],
  ]);
  expect(await client.send('AI.MODELEXECUTE', 'f', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y')).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['1', '2']);
  await expect
    .poll(() => arms('f'), { timeout: 30_000 })
    .toEqual([
      ['abs', 'primary', 1],
      ['neg', 'candidate', 1],
    ]);
  client.close();
}, 90_000);
