import { expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { useSharedNode } from '../support/shared-node.ts';

const shared = useSharedNode();

test('devices that clients make up are bounded, those that are there go on', async () => {
  const client = await shared.connect();
  const store = (device: string) => ['AI.MODELSTORE', 'm', 'ONNX', device, 'BLOB', model('mul')] as const;
  for (let i = 0; i < 16; i++) expect(await client.send(...store(`CPU:${i}`))).toBe('OK');
  expect(await client.error(...store('CPU:16'))).toBe(
    'ERR no more devices: 16 are in use, which is the most',
  );
  expect(await client.send(...store('cpu:3'))).toBe('OK');
});
