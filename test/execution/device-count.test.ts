import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { model, startNode } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';

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

test('devices that clients make up are bounded, those that are there go on', async () => {
  const store = (device: string) => ['AI.MODELSTORE', 'm', 'ONNX', device, 'BLOB', model('mul')] as const;
  for (let i = 0; i < 16; i++) expect(await client.send(...store(`CPU:${i}`))).toBe('OK');
  expect(await client.error(...store('CPU:16'))).toBe(
    'ERR no more devices: 16 are in use, which is the most',
  );
  expect(await client.send(...store('cpu:3'))).toBe('OK');
});
