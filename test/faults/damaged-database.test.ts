import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { LmdbFile } from '../../src/keyspace/embedded/durability/lmdb-file.ts';
import { emptyFolder, openKeyspace, string, textOf } from '../keyspace/durable-keyspace.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServe, startServeOn } from '../support/serve.ts';
import { randomFrom } from './writers.ts';

/** `npm run test:faults` has 200 of them. */
const ROUNDS = Number(process.env.TESSERA_FAULT_ROUNDS ?? 25);
const PAGE = 4096;
const KEYS = 4000;
const LARGE = 12;

let node: ServedNode | undefined;
afterEach(() => node?.kill());

/** A database of trees two levels deep and long values, with pages that were given up in between. */
async function database(): Promise<Buffer> {
  const folder = emptyFolder();
  const { keyspace, persistence } = openKeyspace(folder);
  for (let i = 0; i < KEYS + 300; i++) keyspace.set(`key:${i}`, string(`${i} ${'v'.repeat(i % 200)}`));
  for (let i = 0; i < LARGE; i++) keyspace.set(`large:${i}`, string(`${i} ${'v'.repeat(5000 + i * 2000)}`));
  await persistence.checkpoint();
  for (let i = KEYS; i < KEYS + 300; i++) keyspace.delete(`key:${i}`);
  await persistence.checkpoint();
  return readFileSync(path.join(folder, 'keys.mdb'));
}

function damaged(file: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(file);
  const page = random(file.length / PAGE) * PAGE;
  const noise = (length: number) => {
    for (let i = page; i < page + length; i++) bytes[i] = random(256);
  };
  switch (random(6)) {
    case 0:
      for (let i = random(4); i >= 0; i--) {
        const at = page + random(PAGE);
        bytes[at] = (bytes[at] as number) ^ (1 << random(8));
      }
      return bytes;
    case 1:
      return bytes.fill(0, page, page + PAGE);
    case 2:
      noise(PAGE);
      return bytes;
    case 3:
      noise(32);
      return bytes;
    case 4:
      file.copy(bytes, page, random(file.length / PAGE) * PAGE, file.length);
      return bytes;
    default:
      return bytes.subarray(0, random(file.length));
  }
}

test(`a keyspace on ${ROUNDS} damaged databases: what can be read is served, what is lost is known`, async () => {
  const file = await database();
  const random = randomFrom(3);
  const outcomes = { whole: 0, damaged: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const folder = emptyFolder();
    writeFileSync(path.join(folder, 'keys.mdb'), damaged(file, random));
    const failures: string[] = [];
    const durable = openKeyspace(folder, (error) => failures.push(error.message));
    const { keyspace, persistence } = durable;
    await persistence.loaded;
    let read = 0;
    for (const key of keyspace.keys()) {
      const [kind, number] = key.split(':') as [string, string];
      try {
        expect(textOf(durable, key)?.split(' ')[0]).toBe(number);
        read++;
      } catch (error) {
        // A long value is read when it is asked for.
        expect([kind, (error as Error).message]).toEqual([
          'large',
          expect.stringMatching(/^ERR the value cannot be read/),
        ]);
      }
    }
    if (persistence.error === null) {
      outcomes.whole++;
      expect(read).toBeGreaterThanOrEqual(KEYS);
      keyspace.set('new', string('v'));
      await persistence.checkpoint();
    } else {
      outcomes.damaged++;
      expect(failures).not.toEqual([]);
    }
    await persistence.close();
  }
  expect(outcomes.whole).toBeGreaterThan(0);
  expect(outcomes.damaged).toBeGreaterThan(0);
});

test('a file that is in order is found to be so, whatever has been done to it', async () => {
  const folder = emptyFolder();
  const { keyspace, persistence } = openKeyspace(folder);
  const random = randomFrom(11);
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 400; i++) {
      const key = `${'k'.repeat(random(40))}${random(1500)}`;
      if (random(3) === 0) keyspace.delete(key);
      else keyspace.set(key, string('v'.repeat(random(10) === 0 ? random(20_000) : random(300))));
    }
    await persistence.checkpoint();
    const file = new LmdbFile(path.join(folder, 'keys.mdb'));
    expect(file.damage()).toBeNull();
    expect([...file.entries('values')]).toHaveLength(keyspace.size);
    expect(file.count('values')).toBe(keyspace.size);
    file.close();
  }
});

test('what LMDB would end the process for, or lose keys for, is told', async () => {
  const file = await database();
  const damageOf = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(file);
    change(bytes);
    const name = path.join(emptyFolder(), 'keys.mdb');
    writeFileSync(name, bytes);
    const read = new LmdbFile(name);
    const damage = read.damage();
    read.close();
    return damage;
  };
  // Some of them are free: what is changed in all of them is changed in one that is in use.
  const leaves = Array.from({ length: file.length / PAGE - 2 }, (_, i) => (i + 2) * PAGE).filter(
    (page) => file.readUInt16LE(page + 18) === 2 && file.readUInt16LE(page + 20) > 40,
  );
  const inLeaves = (at: number, by: number) => (bytes: Buffer) => {
    for (const page of leaves) bytes.writeUInt16LE(bytes.readUInt16LE(page + at) + by, page + at);
  };
  expect(damageOf(() => {})).toBeNull();
  for (const page of [0, 1]) {
    expect(damageOf((bytes) => bytes.fill(0, page * PAGE, (page + 1) * PAGE))).toMatch(/: page \d /);
  }
  // An entry less: it would be missing, and nothing else would be wrong.
  expect(damageOf(inLeaves(20, -2))).toMatch(/other room|entries has/);
  expect(damageOf(inLeaves(22, 64))).toMatch(/other room/);
});

/** Zeroes the first page of a tree's leaves that has this key in it. */
function losePageOf(database: string, key: string): void {
  const bytes = readFileSync(database);
  const number = bytes.readBigUInt64LE.bind(bytes);
  for (let page = 2 * PAGE; page < bytes.length; page += PAGE) {
    const isLeaf = number(page) === BigInt(page / PAGE) && bytes.readUInt16LE(page + 18) === 2;
    if (isLeaf && bytes.subarray(page, page + PAGE).includes(key)) bytes.fill(0, page, page + PAGE);
  }
  writeFileSync(database, bytes);
}

describe('a node on a damaged database', () => {
  async function folderWith(values: number, length: number): Promise<string> {
    const data = mkdtempSync(path.join(tmpdir(), 'tessera-'));
    node = await startServeOn(data);
    const client = await RespClient.connect(node.port);
    for (let i = 0; i < values; i++) await client.send('SET', `key:${i}`, `${i} ${'v'.repeat(length)}`);
    await client.send('SAVE');
    await client.send('SET', 'logged', 'v');
    client.close();
    await node.kill();
    return data;
  }

  test('serves what there is, refuses writes with the reason, and is copied to a folder that is whole', async () => {
    const data = await folderWith(200, 100);
    losePageOf(path.join(data, 'keys.mdb'), 'key:7');
    const before = readFileSync(path.join(data, 'keys.mdb'));
    node = await startServeOn(data);
    expect(node.log()).toMatch(
      /the database is damaged: .*keys\.mdb: page \d+ .*; \d+ keys of it can be read, \d+ cannot/,
    );
    const client = await RespClient.connect(node.port);
    const size = (await client.send('DBSIZE')) as number;
    expect(size).toBeGreaterThan(50);
    expect(size).toBeLessThan(200);
    expect(await client.send('GET', 'logged')).toBe('v');
    expect(await client.send('GET', 'key:7')).toBeNull();
    for (const write of [
      ['SET', 'a', 'b'],
      ['DEL', 'logged'],
      ['AI.TENSORSET', 't', 'FLOAT', '1', 'VALUES', '1'],
    ]) {
      expect(String(await client.send(...(write as [string])))).toContain(
        'MISCONF Errors writing to the data folder: the database is damaged',
      );
    }
    expect(String(await client.send('SAVE'))).toMatch(/the database is damaged/);
    const copy = path.join(mkdtempSync(path.join(tmpdir(), 'tessera-')), 'copy.rdb');
    const tool = (...args: string[]) =>
      spawnSync(process.execPath, [path.join(import.meta.dirname, '../../src/main.ts'), ...args], {
        encoding: 'utf8',
      });
    expect(tool('backup', `127.0.0.1:${node.port}`, copy)).toMatchObject({ status: 0 });
    const other = await startServe();
    expect(tool('restore', copy, `127.0.0.1:${other.port}`)).toMatchObject({ status: 0 });
    const restored = await RespClient.connect(other.port);
    expect(await restored.send('DBSIZE')).toBe(size);
    restored.close();
    await other.kill();
    client.close();
    await node.stop();
    expect(readFileSync(path.join(data, 'keys.mdb')).equals(before)).toBe(true);
  });

  test('that is larger is looked through where the start before did not come to its end', async () => {
    const data = await folderWith(160, 120_000);
    losePageOf(path.join(data, 'keys.mdb'), 'key:');
    expect(existsSync(path.join(data, 'opening'))).toBe(false);
    writeFileSync(path.join(data, 'opening'), '');
    node = await startServeOn(data);
    expect(node.log()).toContain('the database is damaged');
    const client = await RespClient.connect(node.port);
    expect(await client.send('GET', 'logged')).toBe('v');
    client.close();
  });

  test('that is no database serves what is in the log', async () => {
    const data = await folderWith(3, 10);
    writeFileSync(path.join(data, 'keys.mdb'), Buffer.alloc(16_384, 7));
    node = await startServeOn(data);
    expect(node.log()).toContain('is no LMDB database; 0 keys of it can be read');
    const client = await RespClient.connect(node.port);
    expect(await client.send('KEYS', '*')).toEqual(['logged']);
    client.close();
  });
});
