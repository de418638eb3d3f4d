import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClusterHere, startClusterHere } from '../support/cluster-here.ts';
import { model } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { tagOn } from '../support/slots.ts';
import { callOf, storeFunction } from '../support/torch-scripts.ts';

const FOREIGN = 'ERR Script attempted to access a non local key in a cluster node (<string>:2 in f)';
const CROSS_SLOT = 'ERR Script attempted to access keys that do not hash to the same slot (<string>:2 in f)';
// Two slots of the first node, and one of another.
const [own, near, far] = [`{${tagOn(0, 'own')}}`, `{${tagOn(0, 'near')}}`, `{${tagOn(2, 'far')}}`];

let cluster: ClusterHere;
let client: RespClient;
beforeAll(async () => {
  cluster = await startClusterHere();
  client = await RespClient.connect(cluster.ports[0] as number);
});
afterAll(async () => {
  client.close();
  await cluster.stop();
});

test('a script reaches the slot that it lies in', async () => {
  await storeFunction(client, `${own}s`, 'redis.execute("SET", keys[0], "v")');
  expect(await client.send(...callOf(`${own}s`, { keys: [`${own}k`] }))).toBe('OK');
  expect(await client.send('GET', `${own}k`)).toBe('v');
});

test('and no other, on its own node or elsewhere', async () => {
  await storeFunction(client, `${own}s`, 'redis.execute("SET", args[0], "v")');
  expect(await client.error(...callOf(`${own}s`, { args: [`${near}k`] }))).toBe(CROSS_SLOT);
  expect(await client.error(...callOf(`${own}s`, { args: [`${far}k`] }))).toBe(FOREIGN);
  expect(await client.send('GET', `${near}k`)).toBeNull();
});

test('nor models of other slots', async () => {
  await client.send('AI.TENSORSET', `${own}a`, 'FLOAT', 1, 2, 'VALUES', 2, 3);
  for (const tag of [own, near])
    await client.send('AI.MODELSTORE', `${tag}m`, 'ONNX', 'CPU', 'BLOB', model('mul'));
  await storeFunction(
    client,
    `${own}s`,
    'return redisAI.model_execute(args[0], [tensors[0], tensors[0]], 1)',
  );
  const run = (key: string) => callOf(`${own}s`, { inputs: [`${own}a`], args: [key], outputs: [`${own}b`] });
  expect(await client.send(...run(`${own}m`))).toBe('OK');
  expect(await client.error(...run(`${near}m`))).toBe(CROSS_SLOT);
  expect(await client.error(...run(`${far}m`))).toBe(FOREIGN);
});
