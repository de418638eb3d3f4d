import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { model, startNode } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';

const REFUSED = 'ERR Cannot run RedisAI command within a transaction or a LUA script';

let node: TesseraNode;
let client: RespClient;

beforeEach(async () => {
  node = await startNode();
  client = await RespClient.connect(node.port);
});

afterEach(async () => {
  client.close();
  await node.close();
});

test('tensors are set and read', async () => {
  const script = `
    redis.call('AI.TENSORSET', KEYS[1], 'FLOAT', 2, 'VALUES', ARGV[1], 2.5)
    return redis.call('AI.TENSORGET', KEYS[1], 'META', 'VALUES')`;
  expect(await client.send('EVAL', script, 1, 't', '1.5')).toEqual([
    ...['dtype', 'FLOAT', 'shape', [2], 'values', ['1.5', '2.5']],
  ]);
});

test('bytes of tensors pass through a script unchanged', async () => {
  const bytes = Uint8Array.from({ length: 256 * 1024 }, (_, i) => i * 7);
  const script = `
    redis.call('AI.TENSORSET', KEYS[1], 'UINT8', #ARGV[1], 'BLOB', ARGV[1])
    return redis.call('AI.TENSORGET', KEYS[1], 'BLOB')`;
  const reply = (await client.send('EVAL', script, 1, 't', bytes)) as Buffer;
  expect(Buffer.compare(reply, bytes)).toBe(0);
  const stored = (await client.send('AI.TENSORGET', 't', 'BLOB')) as Buffer;
  expect(Buffer.compare(stored, bytes)).toBe(0);
});

test('models do not run in a script', async () => {
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  const runs = [
    "'AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'b', 'OUTPUTS', 1, 'c'",
    "'AI.MODELRUN', 'm', 'INPUTS', 'a', 'b', 'OUTPUTS', 'c'",
    "'AI.DAGEXECUTE', 'LOAD', 1, 'a', '|>', 'AI.TENSORGET', 'a', 'VALUES'",
    "'AI.DAGRUN_RO', '|>', 'AI.TENSORGET', 'a', 'VALUES'",
    "'AI.SCRIPTEXECUTE', 's', 'f'",
  ];
  for (const run of runs) expect(await client.error('EVAL', `return redis.pcall(${run})`, 0)).toBe(REFUSED);
});

test('models are not stored by a script', async () => {
  const script = "return redis.pcall('AI.MODELSTORE', KEYS[1], 'ONNX', 'CPU', 'BLOB', ARGV[1])";
  expect(await client.error('EVAL', script, 1, 'm', model('mul'))).toBe(REFUSED);
  const deprecated = "return redis.pcall('AI.MODELSET', KEYS[1], 'ONNX', 'CPU', 'BLOB', ARGV[1])";
  expect(await client.error('EVAL', deprecated, 1, 'm', model('mul'))).toBe(REFUSED);
  const torch = "return redis.pcall('AI.SCRIPTSET', KEYS[1], 'CPU', 'SOURCE', 'def f(a):\\n return a')";
  expect(await client.error('EVAL', torch, 1, 'm')).toBe(REFUSED);
  expect(await client.send('EXISTS', 'm')).toBe(0);
});

test('models are read and deleted', async () => {
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'TAG', 'v1', 'BLOB', model('mul'));
  const script = `
    local meta = redis.call('AI.MODELGET', KEYS[1], 'META')
    return {meta[1], meta[2], redis.call('AI.MODELDEL', KEYS[1]), redis.call('EXISTS', KEYS[1])}`;
  expect(await client.send('EVAL', script, 1, 'm')).toEqual(['backend', 'ONNX', 'OK', 0]);
});
