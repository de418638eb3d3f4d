import { afterEach, beforeEach, expect, test } from 'vitest';
import { RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServe } from '../support/serve.ts';

let node: ServedNode;
let client: RespClient;

beforeEach(async () => {
  node = await startServe();
  client = await RespClient.connect(node.port);
});

afterEach(async () => {
  client.close();
  await node.stop();
});

async function residentMegabytes(): Promise<number> {
  const info = String(await client.send('INFO', 'memory'));
  return Number(/used_memory_rss:(\d+)/.exec(info)?.[1]) / 2 ** 20;
}

test('the memory of overwritten, deleted and expired large tensors comes back', async () => {
  const blob = new Uint8Array(1_000_000);
  // 1.2 GB in all, 4 MB of them alive.
  for (let i = 0; i < 1200; i += 10) {
    const batch: Promise<unknown>[] = [];
    for (let k = 0; k < 10; k++) {
      batch.push(client.send('AI.TENSORSET', `k${k % 4}`, 'UINT8', blob.length, 'BLOB', blob));
      if (k % 4 === 2) batch.push(client.send('DEL', `k${k % 4}`));
      if (k % 4 === 3) batch.push(client.send('PEXPIRE', `k${k % 4}`, 1));
    }
    await Promise.all(batch);
  }
  expect(await residentMegabytes()).toBeLessThan(700);
});
