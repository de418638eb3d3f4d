import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { expect, test } from 'vitest';
import { collector } from '../support/collector.ts';
import { useSharedNode } from '../support/shared-node.ts';

const shared = useSharedNode();

test.each([2, 3] as const)('serves node-redis subscribers in RESP%i', async (RESP) => {
  const client = createClient({ url: `redis://127.0.0.1:${shared.node.port}`, RESP });
  const publisher = client.duplicate();
  await Promise.all([client.connect(), publisher.connect()]);
  const got = collector();
  await client.subscribe('news', got.add);
  await client.pSubscribe('n*', got.add);
  await client.sSubscribe('shard', got.add);
  expect(await publisher.publish('news', 'one')).toBe(2);
  expect(await publisher.sPublish('shard', 'two')).toBe(1);
  expect(await got.first(3)).toEqual([
    ['one', 'news'],
    ['one', 'news'],
    ['two', 'shard'],
  ]);
  await client.unsubscribe('news');
  expect(await publisher.publish('news', 'three')).toBe(1);
  await client.close();
  await publisher.close();
});

test('serves ioredis subscribers', async () => {
  const client = new Redis(shared.node.port, '127.0.0.1');
  const publisher = client.duplicate();
  const got = collector();
  client.on('message', got.add);
  client.on('pmessage', got.add);
  expect(await client.subscribe('news', 'other')).toBe(2);
  expect(await client.psubscribe('n*')).toBe(3);
  expect(await publisher.publish('news', 'one')).toBe(2);
  expect(await got.first(2)).toEqual([
    ['news', 'one'],
    ['n*', 'news', 'one'],
  ]);
  expect(await client.unsubscribe('news', 'other')).toBe(1);
  client.disconnect();
  publisher.disconnect();
});
