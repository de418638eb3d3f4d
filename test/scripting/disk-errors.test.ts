import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { startNode } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tessera-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { encoding: 'utf8' });
const noMount = mounted.status === 0 ? undefined : `no small file system: ${mounted.stderr ?? mounted.error}`;
if (noMount !== undefined) console.warn(`skipped: ${noMount}`);

describe.skipIf(noMount !== undefined)('while the data folder cannot be written', () => {
  const clients: RespClient[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(() => {
    spawnSync('umount', ['-l', folder]);
  });

  test('scripts and transactions may not begin to write, and read as before', async () => {
    const node = await startNode({}, 0, {
      dataDirectory: path.join(folder, 'data'),
      durability: { mode: 'everysec', volatileTensors: [] },
    });
    const connect = async () => {
      const client = await RespClient.connect(node.port);
      clients.push(client);
      return client;
    };
    const client = await connect();
    await client.send('SET', 'k', 'v');
    await client.send('MULTI');
    await client.send('SET', 'k', 'w');
    const ballast = path.join(folder, 'ballast');
    const filled = spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096'], { stdio: 'ignore' });
    expect(filled.error).toBeUndefined();
    // The one whose write does not fit is cut off.
    const writer = await connect();
    await writer.send('SET', 'l', Buffer.alloc(100_000)).catch(() => undefined);

    const misconf = 'MISCONF Errors writing to the data folder: ENOSPC: no space left on device, write';
    const other = await connect();
    expect(await other.error('SET', 'k', 'w')).toBe(misconf);
    expect(await other.error('EVAL', "return redis.call('set', 'k', 'w')", 0)).toMatch(
      new RegExp(`^${misconf} script: [0-9a-f]{40}, on @user_script:1\\.$`),
    );
    expect(await other.send('EVAL', "return redis.pcall('set', 'k', 'w').err", 0)).toBe(misconf);
    expect(await other.send('EVAL', "return redis.call('get', 'k')", 0)).toBe('v');
    expect(await other.error('EVAL', '#!lua\nreturn 1', 0)).toBe(misconf);
    expect(await other.send('EVAL', "#!lua flags=no-writes\nreturn redis.call('get', 'k')", 0)).toBe('v');
    expect(await client.error('EXEC')).toBe(`EXECABORT Transaction discarded because of: ${misconf}`);
    expect(await client.error('EXEC')).toBe('ERR EXEC without MULTI');
    await other.send('MULTI');
    await other.send('GET', 'k');
    expect(await other.send('EXEC')).toEqual(['v']);

    rmSync(ballast);
    await vi.waitFor(
      async () => expect(await other.send('EVAL', "return redis.call('set', 'k', 'x')", 0)).toBe('OK'),
      { timeout: 20_000, interval: 100 },
    );
    await node.close();
  });
});
