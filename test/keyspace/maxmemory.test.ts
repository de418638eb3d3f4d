import { expect, test } from 'vitest';
import { nodeFixture } from '../support/node-fixture.ts';

const fixture = nodeFixture();

test('above maxmemory writes are refused, reads and deletes go on', async () => {
  const client = await fixture.start({}, 100_000);
  await client.send('AI.TENSORSET', 'big', 'FLOAT', 50_000);
  const oom = "OOM command not allowed when used memory > 'maxmemory'.";
  expect(await client.error('SET', 'k', 'v')).toBe(oom);
  expect(await client.error('AI.TENSORSET', 'x', 'FLOAT', 1)).toBe(oom);
  expect(await client.send('EXISTS', 'big')).toBe(1);
  expect(await client.send('DEL', 'big')).toBe(1);
  expect(await client.send('SET', 'k', 'v')).toBe('OK');
});
