import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServeOn } from '../support/serve.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tessera-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]);
const noMount = mounted.status === 0 ? undefined : `no small file system: ${mounted.stderr ?? mounted.error}`;
if (noMount !== undefined) console.warn(`skipped: ${noMount}`);

let node: ServedNode | undefined;
afterEach(() => node?.kill());

describe.skipIf(noMount !== undefined)('a disk that is full', () => {
  afterEach(() => {
    spawnSync('umount', ['-l', folder]);
  });

  test('refuses writes and names the reason, serves reads, and recovers when there is room again', async () => {
    const ballast = path.join(folder, 'ballast');
    writeFileSync(ballast, Buffer.alloc(8 * 1024 * 1024));
    node = await startServeOn(path.join(folder, 'data'));
    const { port } = node;
    const connect = () => RespClient.connect(port);
    const written: string[] = [];
    const blob = Buffer.alloc(500_000, 1);
    // The write that does not fit has its connection closed: what it says of it must not be taken for granted.
    let client = await connect();
    for (let i = 0; i < 100; i++) {
      const reply = await client.send('SET', `k${i}`, blob).catch(() => undefined);
      if (reply !== 'OK') break;
      written.push(`k${i}`);
    }
    client.close();
    expect(written.length).toBeGreaterThan(3);
    expect(written.length).toBeLessThan(20);
    client = await connect();
    expect(await client.error('SET', 'k', 1)).toMatch(/^MISCONF Errors writing to the data folder: ENOSPC/);
    expect(await client.error('AI.TENSORSET', 't', 'FLOAT', 1)).toMatch(/^MISCONF /);
    expect(await client.send('STRLEN', 'k0')).toBe(blob.length);
    expect(String(await client.send('INFO', 'persistence'))).toContain('aof_last_write_status:err');
    rmSync(ballast);
    await vi.waitFor(async () => expect(await client.send('SET', 'k', 1)).toBe('OK'), {
      timeout: 20_000,
      interval: 200,
    });
    expect(String(await client.send('INFO', 'persistence'))).toContain('aof_last_write_status:ok');
    client.close();
    await node.kill();
    node = await startServeOn(path.join(folder, 'data'));
    const again = await RespClient.connect(node.port);
    expect(await again.send('EXISTS', ...written, 'k')).toBe(written.length + 1);
    again.close();
  });
});

describe.skipIf(noMount !== undefined)('a data folder that can only be read', () => {
  const disk = mkdtempSync(path.join(tmpdir(), 'tessera-disk-'));
  afterEach(() => {
    spawnSync('umount', ['-l', disk]);
  });

  test('is served, writes are refused with the reason, until it can be written again', async () => {
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]);
    const data = path.join(disk, 'data');
    node = await startServeOn(data);
    let client = await RespClient.connect(node.port);
    await client.send('SET', 'saved', 'v');
    await client.send('SET', 'large', 'v'.repeat(10_000));
    await client.send('SAVE');
    await client.send('SET', 'logged', 'v');
    await client.send('SET', 'expiring', 'v', 'PX', 1);
    client.close();
    await node.kill();
    expect(spawnSync('mount', ['-o', 'remount,ro', disk]).status).toBe(0);
    node = await startServeOn(data);
    client = await RespClient.connect(node.port);
    expect(await client.error('SET', 'k', 1)).toMatch(/^MISCONF Errors writing to the data folder: EROFS/);
    expect(await client.send('MGET', 'saved', 'logged', 'expiring')).toEqual(['v', 'v', null]);
    expect(await client.send('STRLEN', 'large')).toBe(10_000);
    expect(await client.error('SAVE')).toMatch(/^MISCONF .*EROFS/);
    expect(String(await client.send('INFO', 'persistence'))).toContain('aof_last_write_status:err');
    expect(spawnSync('mount', ['-o', 'remount,rw', disk]).status).toBe(0);
    await vi.waitFor(async () => expect(await client.send('SET', 'k', 1)).toBe('OK'), {
      timeout: 20_000,
      interval: 200,
    });
    expect(await client.send('STRLEN', 'large')).toBe(10_000);
    expect(await client.send('SAVE')).toBe('OK');
    client.close();
    await node.kill();
    node = await startServeOn(data);
    client = await RespClient.connect(node.port);
    expect(await client.send('EXISTS', 'saved', 'large', 'logged', 'k', 'expiring')).toBe(4);
    client.close();
  });
});
