import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import calculateSlot from 'cluster-key-slot';
import { afterEach, describe, expect, test } from 'vitest';
import { rdbFile } from '../../src/keyspace/dump/rdb-file-writer.ts';
import { startClusterHere } from '../support/cluster-here.ts';
import { startNode } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { nodeOf, tagOn } from '../support/slots.ts';
import { addressOf, aiKeys, contentsOf, nativeKeys, newFile, putBack, runAll, takeBackup } from './copies.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(): Promise<{ port: number; client: RespClient }> {
  const node = await startNode({}, 0, { durability: { mode: 'off', volatileTensors: [] } });
  closers.push(() => node.close());
  return { port: node.port, client: await connect(node.port) };
}

async function connect(port: number): Promise<RespClient> {
  const client = await RespClient.connect(port);
  closers.push(() => client.close());
  return client;
}

test('all types come back as they were, and a model runs', async () => {
  const here = await start();
  await runAll(here.client, [...nativeKeys, ...aiKeys]);
  const { file, summary } = await takeBackup(here.port);
  const { length } = readFileSync(file);
  const keys = nativeKeys.length + aiKeys.length;
  expect(summary).toEqual({ version: 10, bytes: length, keys, checksum: expect.any(BigInt) });
  const there = await start();
  expect(await putBack(file, there.port)).toEqual({
    summary,
    restored: keys,
    expired: 0,
    skipped: new Map(),
    failed: [],
  });
  expect(await contentsOf(there.port)).toEqual(await contentsOf(here.port));
  await there.client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 2, 3);
  await there.client.send('AI.MODELEXECUTE', 'model', 'INPUTS', 2, 'x', 'x', 'OUTPUTS', 1, 'y');
  expect(await there.client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['4', '9']);
});

test('keys that have expired meanwhile are left out', async () => {
  const entry = (key: string, expiresAt: number) => ({ key, expiresAt, parts: [Buffer.from('\x00\x01v')] });
  const entries = [entry('over', Date.now() - 1), entry('long ago', 1), entry('left', 8_000_000_000_000)];
  const file = newFile();
  await writeFile(file, rdbFile({ keys: 3, expiring: 3, entries: () => entries, close() {} }, {}));
  const there = await start();
  expect(await putBack(file, there.port)).toMatchObject({
    summary: { keys: 3 },
    restored: 1,
    expired: 2,
    failed: [],
  });
  expect(await contentsOf(there.port)).toEqual({ left: ['string', 8_000_000_000_000, 'v'] });
});

test('a target that has keys is left alone, unless it is to be emptied or overwritten', async () => {
  const here = await start();
  await here.client.send('MSET', 'a', 1, 'b', 2);
  const { file } = await takeBackup(here.port);
  const there = await start();
  await there.client.send('MSET', 'a', 'other', 'c', 3);
  await expect(putBack(file, there.port)).rejects.toThrow(
    `127.0.0.1:${there.port} has 2 keys: --flush empties it first, --replace overwrites those that the file has too`,
  );
  expect(await there.client.send('MGET', 'a', 'b', 'c')).toEqual(['other', null, '3']);
  expect(await putBack(file, there.port, { replace: true })).toMatchObject({ restored: 2, failed: [] });
  expect(await there.client.send('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
  expect(await putBack(file, there.port, { flush: true })).toMatchObject({ restored: 2, failed: [] });
  expect(await there.client.send('MGET', 'a', 'b', 'c')).toEqual(['1', '2', null]);
});

test('a value that is too long for the target is told of before anything is sent', async () => {
  const here = await start();
  await here.client.send('MSET', 'a', 1, 'long', Buffer.alloc(2_000_000));
  const { file } = await takeBackup(here.port);
  const there = await start();
  await there.client.send('SET', 'kept', 'v');
  await there.client.send('CONFIG', 'SET', 'proto-max-bulk-len', '1mb');
  await expect(putBack(file, there.port, { flush: true })).rejects.toThrow(
    '"long" takes 2000016 bytes, the node takes 1048576: CONFIG SET proto-max-bulk-len 2000016 first',
  );
  expect(await there.client.send('KEYS', '*')).toEqual(['kept']);
});

test('keys that the target refuses are named, the others are restored', async () => {
  const here = await start();
  await here.client.send('MSET', 'mine:a', 1, 'other:b', 2, 'other:c', 3);
  const { file } = await takeBackup(here.port);
  const there = await start();
  await there.client.send('ACL', 'SETUSER', 'half', 'on', '>secret', '+@all', '~mine:*');
  const result = await putBack(file, there.port, { node: addressOf(there.port, 'secret', 'half') });
  expect(result.restored).toBe(1);
  const failed = result.failed.map(({ key, reason }) => [Buffer.from(key).toString(), reason]);
  const reason = 'NOPERM this user has no permissions to access one of the keys used as arguments';
  expect(failed.sort()).toEqual([
    ['other:b', reason],
    ['other:c', reason],
  ]);
});

describe('in a cluster', () => {
  async function cluster() {
    const started = await startClusterHere();
    closers.push(() => started.stop());
    const clients = await Promise.all(started.ports.map(connect));
    return { ports: started.ports, clients };
  }

  const spread = Array.from({ length: 60 }, (_, i) => `key:${i}`);

  async function backupOfOneNode(): Promise<string> {
    const here = await start();
    for (const key of spread) await here.client.send('SET', key, key);
    return (await takeBackup(here.port)).file;
  }

  async function keysOf(clients: readonly RespClient[]): Promise<string[][]> {
    return Promise.all(clients.map(async (c) => ((await c.send('KEYS', '*')) as string[]).sort()));
  }

  const expected = [0, 1, 2].map((n) => spread.filter((key) => nodeOf(key) === n).sort());

  test('keys go to the nodes that they belong to', async () => {
    const file = await backupOfOneNode();
    const { ports, clients } = await cluster();
    expect(await putBack(file, ports[1] as number)).toMatchObject({ restored: 60, failed: [] });
    expect(await keysOf(clients)).toEqual(expected);
    const { file: part, summary } = await takeBackup(ports[1] as number);
    expect(summary.keys).toBe(expected[1]?.length);
    expect(readFileSync(part).includes('tessera-slots\x0a5461-10922')).toBe(true);
  });

  test('a target that does not tell who has which slot is followed', async () => {
    const file = await backupOfOneNode();
    const { ports, clients } = await cluster();
    for (const client of clients) {
      await client.send('ACL', 'SETUSER', 'default', '-cluster', '+acl');
    }
    expect(await putBack(file, ports[2] as number)).toMatchObject({ restored: 60, failed: [] });
    expect(await keysOf(clients)).toEqual(expected);
  });

  test('a slot that is on the move is asked for at its new node', async () => {
    const file = await backupOfOneNode();
    const { ports, clients } = await cluster();
    const [from, to] = clients as [RespClient, RespClient];
    const key = expected[0]?.[0] as string;
    const slot = calculateSlot(key);
    const [fromId, toId] = [await from.send('CLUSTER', 'MYID'), await to.send('CLUSTER', 'MYID')] as string[];
    expect(await to.send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId as string)).toBe('OK');
    expect(await from.send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId as string)).toBe('OK');
    expect(await putBack(file, ports[0] as number)).toMatchObject({ restored: 60, failed: [] });
    const moved = expected[0]?.filter((k) => calculateSlot(k) === slot) as string[];
    expect((await keysOf(clients))[1]).toEqual([...(expected[1] as string[]), ...moved].sort());
  });

  test('another node that has keys is not emptied, and not overwritten unasked', async () => {
    const file = await backupOfOneNode();
    const { ports, clients } = await cluster();
    const tag = tagOn(2, 'kept');
    await clients[2]?.send('SET', tag, 'v');
    await expect(putBack(file, ports[0] as number, { flush: true })).rejects.toThrow(
      `127.0.0.1:${ports[2]} has 1 keys: --replace overwrites those that the file has too`,
    );
    expect(await keysOf(clients)).toEqual([[], [], [tag]]);
    expect(await putBack(file, ports[0] as number, { flush: true, replace: true })).toMatchObject({
      restored: 60,
    });
    expect((await keysOf(clients))[2]).toEqual([...(expected[2] as string[]), tag].sort());
  });
});

describe('a file that is not as it was written', () => {
  /** A small file of all types, as bytes, and a target that has one key. */
  async function prepared() {
    const here = await start();
    await runAll(here.client, [
      ['SET', 'string', 'value', 'PX', 1_000_000],
      ['HSET', 'hash', 'f', 1],
      ['RPUSH', 'list', 'a', 'b'],
      ['SADD', 'set', 'm'],
      ['ZADD', 'zset', 1.5, 'a'],
      ['AI.TENSORSET', 'tensor', 'INT8', 2, 'VALUES', 1, 2],
      ['SET', 'long', 'x'.repeat(200)],
    ]);
    const bytes = readFileSync((await takeBackup(here.port)).file);
    const there = await start();
    await there.client.send('SET', 'kept', 'v');
    const file = newFile('damaged.rdb');
    const attempt = (damaged: Uint8Array): Promise<string> => {
      writeFileSync(file, damaged);
      return putBack(file, there.port, { flush: true }).then(
        () => 'restored',
        (error: Error) => error.message.replace(file, 'FILE'),
      );
    };
    return { bytes, attempt, kept: () => there.client.send('EXISTS', 'kept') };
  }

  test('one wrong bit anywhere is found, and the target is as it was', async () => {
    const { bytes, attempt, kept } = await prepared();
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      expect([at, await attempt(damaged)]).toEqual([
        at,
        expect.stringMatching(
          /^FILE cannot be used: it (is no RDB file|is of RDB version|is cut off|goes on for|has a value of type)|^FILE cannot be used: (its checksum is wrong|more elements|unknown|a length was|LZF|a module value is damaged|a score is)/,
        ),
      ]);
    }
    expect(await kept()).toBe(1);
  });

  test('a file that ends early is found wherever it does', async () => {
    const { bytes, attempt, kept } = await prepared();
    for (let length = 0; length < bytes.length; length++) {
      const reason = length < 9 ? 'it is no RDB file' : 'it is cut off';
      expect([length, await attempt(bytes.subarray(0, length))]).toEqual([
        length,
        `FILE cannot be used: ${reason}`,
      ]);
    }
    expect(await kept()).toBe(1);
  });

  test('more behind the end, other versions and other files are refused', async () => {
    const { bytes, attempt, kept } = await prepared();
    const reason = async (damaged: Uint8Array) =>
      (await attempt(damaged)).replace('FILE cannot be used: ', '');
    expect(await reason(Buffer.concat([bytes, Buffer.from('\n')]))).toBe(
      'it goes on for 1 bytes behind its end',
    );
    expect(await reason(Buffer.concat([bytes, bytes]))).toBe(
      `it goes on for ${bytes.length} bytes behind its end`,
    );
    const ofVersion = (digits: string) => Buffer.concat([Buffer.from(`REDIS${digits}`), bytes.subarray(9)]);
    expect(await reason(ofVersion('0012'))).toBe('it is of RDB version 0012, not 5 to 11');
    expect(await reason(ofVersion('0004'))).toBe('it is of RDB version 0004, not 5 to 11');
    expect(await reason(ofVersion('x010'))).toBe('it is of RDB version x010, not 5 to 11');
    expect(await reason(ofVersion('0011'))).toMatch(/^its checksum is wrong: /);
    expect(await reason(Buffer.from('*3\r\n$3\r\nSET\r\n'))).toBe('it is no RDB file');
    expect(await kept()).toBe(1);
    expect([await attempt(bytes), await kept()]).toEqual(['restored', 0]);
  });

  test('a file without checksum, as Redis can write it, is taken', async () => {
    const { bytes, attempt, kept } = await prepared();
    const without = Buffer.from(bytes).fill(0, bytes.length - 8);
    expect([await attempt(without), await kept()]).toEqual(['restored', 0]);
  });
});
