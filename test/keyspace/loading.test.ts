import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { HashValue } from '../../src/keyspace/values/hash-value.ts';
import {
  afterCrash,
  type DurableKeyspace,
  emptyFolder,
  openKeyspace,
  string,
  textOf,
  turn,
} from './durable-keyspace.ts';

const LOADING = 'LOADING Redis is loading the dataset in memory';
const KEYS = 20_000;
const large = (letter: string) => string(letter.repeat(10_000));

/** A folder with so many keys in the database that they do not come in at once, besides `wanted`. */
async function manyKeys(wanted: Record<string, string>): Promise<string> {
  const folder = emptyFolder();
  const { keyspace, persistence } = openKeyspace(folder);
  for (let i = 0; i < KEYS; i++) keyspace.set(`key:${i}`, string(`value ${i}`));
  for (const [key, text] of Object.entries(wanted)) keyspace.set(key, string(text));
  await persistence.checkpoint();
  return folder;
}

function logFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.bin'))
    .map((name) => path.join(folder, name));
}

test('keys are served and changed before all of them have come in', async () => {
  const folder = await manyKeys({ 'a:1': 'one', 'z:1': 'changed', 'z:2': 'deleted', 'z:3': 'set anew' });
  const found = openKeyspace(afterCrash(folder));
  const { keyspace, persistence } = found;
  expect(keyspace.loading?.totalKeys).toBe(KEYS + 4);
  expect(textOf(found, 'a:1')).toBe('one');
  expect(textOf(found, `key:${KEYS - 1}`)).toBe(`value ${KEYS - 1}`);
  expect(textOf(found, 'absent')).toBeUndefined();
  keyspace.set('z:1', string('change'));
  expect(keyspace.delete('z:2')).toBe(true);
  expect(keyspace.delete('z:2')).toBe(false);
  keyspace.delete('z:3');
  keyspace.set('z:3', string('new'));
  keyspace.set('new', string('new'));
  for (const act of [
    () => [...keyspace.keys()],
    () => keyspace.scan(0, 10),
    () => keyspace.randomKey(),
    () => keyspace.clear(),
    () => keyspace.countInSlot(0),
    () => keyspace.keysInSlot(0, 10),
  ]) {
    expect(act).toThrow(LOADING);
  }
  await persistence.loaded;
  const texts = () => ['a:1', 'z:1', 'z:2', 'z:3', 'new', 'key:7'].map((key) => textOf(found, key));
  const expected = ['one', 'change', undefined, 'new', 'new', 'value 7'];
  expect(texts()).toEqual(expected);
  expect(keyspace.loading).toBeNull();
  expect(keyspace.size).toBe(KEYS + 4);
  expect([...keyspace.keys()]).toHaveLength(KEYS + 4);
});

test('what is changed before all keys have come in is not lost', async () => {
  const folder = await manyKeys({ 'z:1': 'changed', 'z:2': 'deleted' });
  const second = afterCrash(folder);
  const { keyspace } = openKeyspace(second);
  keyspace.set('z:1', string('change'));
  keyspace.delete('z:2');
  await turn();
  expect(keyspace.loading).not.toBeNull();
  const third = openKeyspace(afterCrash(second));
  expect(textOf(third, 'z:1')).toBe('change');
  expect(textOf(third, 'z:2')).toBeUndefined();
  await third.persistence.checkpoint();
  const fourth = openKeyspace(afterCrash(second));
  await fourth.persistence.loaded;
  expect(textOf(fourth, 'z:1')).toBe('change');
  expect(fourth.keyspace.size).toBe(KEYS + 1);
});

test('a large value is not in memory until it is asked for', async () => {
  const folder = emptyFolder();
  const first = openKeyspace(folder);
  first.keyspace.set('large', large('a'));
  first.keyspace.set('expiring', large('b'));
  first.keyspace.set('renamed', large('c'));
  await first.persistence.checkpoint();
  const copy = afterCrash(folder);
  const found = openKeyspace(copy);
  await found.persistence.loaded;
  const { keyspace, persistence } = found;
  expect(keyspace.usedBytes).toBeLessThan(5000);
  expect(keyspace.typeOf('large')).toBe('string');
  keyspace.setExpiry('expiring', Date.now() + 100_000);
  expect(keyspace.usedBytes).toBeLessThan(5000);
  expect(textOf(found, 'large')).toBe('a'.repeat(10_000));
  expect(keyspace.usedBytes).toBeGreaterThan(10_000);
  expect(keyspace.usedBytes).toBeLessThan(15_000);
  expect(keyspace.bytesOf('renamed')).toBeGreaterThan(10_000);
  // An expiry alone is written, before and with a checkpoint, without the value.
  for (const step of [turn, () => persistence.checkpoint()]) {
    await step();
    const again = openKeyspace(afterCrash(copy));
    expect(again.keyspace.expiryOf('expiring')).toBe(keyspace.expiryOf('expiring'));
    expect(textOf(again, 'expiring')).toBe('b'.repeat(10_000));
  }
});

test('a value that grows and shrinks over checkpoints is never an old one', async () => {
  const folder = emptyFolder();
  const { keyspace, persistence } = openKeyspace(folder);
  for (const text of ['small', 'large'.repeat(5000), 'smaller', 'larger'.repeat(5000)]) {
    keyspace.set('k', string(text));
    await persistence.checkpoint();
    expect(textOf(openKeyspace(afterCrash(folder)), 'k')).toBe(text);
  }
  keyspace.delete('k');
  await persistence.checkpoint();
  expect(textOf(openKeyspace(afterCrash(folder)), 'k')).toBeUndefined();
});

test('a collection that is on the disk takes changes', async () => {
  const folder = emptyFolder();
  const { keyspace, persistence } = openKeyspace(folder);
  const hash = new HashValue();
  for (let i = 0; i < 2000; i++) hash.set(`field ${i}`, Buffer.from('value'));
  keyspace.set('hash', { type: 'hash', hash });
  await persistence.checkpoint();
  const copy = afterCrash(folder);
  const hashIn = ({ keyspace: of }: DurableKeyspace) => {
    const value = of.peek('hash');
    return value?.type === 'hash' ? value.hash : undefined;
  };
  const second = openKeyspace(copy);
  for (let i = 0; i < 3; i++) {
    hashIn(second)?.set(`new ${i}`, Buffer.from('value'));
    second.keyspace.changed('hash');
    await turn();
  }
  expect(hashIn(openKeyspace(afterCrash(copy)))?.length).toBe(2003);
});

test('keys that were deleted by FLUSHALL before a crash do not come back', async () => {
  const folder = await manyKeys({ 'z:1': 'old' });
  const first = afterCrash(folder);
  const cleared = openKeyspace(first);
  await cleared.persistence.loaded;
  cleared.keyspace.set('before', string('old'));
  await turn();
  cleared.keyspace.clear();
  cleared.keyspace.set('z:1', string('new'));
  await turn();
  const second = afterCrash(first);
  const found = openKeyspace(second);
  expect(textOf(found, 'z:1')).toBe('new');
  expect(textOf(found, 'key:1')).toBeUndefined();
  expect(textOf(found, 'before')).toBeUndefined();
  await found.persistence.checkpoint();
  expect([...found.keyspace.keys()]).toEqual(['z:1']);
  const again = openKeyspace(afterCrash(second));
  await again.persistence.loaded;
  expect([...again.keyspace.keys()]).toEqual(['z:1']);
});

test('a key whose deadline was put off before it passed is still there', async () => {
  const folder = emptyFolder();
  const { keyspace } = openKeyspace(folder);
  const soon = Date.now() + 60;
  for (const key of ['kept', 'put off', 'gone']) {
    keyspace.set(key, string('value'));
    keyspace.setExpiry(key, soon);
  }
  await turn();
  keyspace.setExpiry('kept', undefined);
  keyspace.setExpiry('put off', soon + 100_000);
  await turn();
  const copy = afterCrash(folder);
  while (Date.now() <= soon) await turn();
  const found = openKeyspace(copy);
  expect(['kept', 'put off', 'gone'].map((key) => textOf(found, key))).toEqual(['value', 'value', undefined]);
  expect(found.keyspace.expiryOf('put off')).toBe(soon + 100_000);
});

/** Three turns, each in its place in the file. */
async function threeTurns(): Promise<{ folder: string; ends: number[] }> {
  const folder = emptyFolder();
  const { keyspace } = openKeyspace(folder);
  const ends: number[] = [];
  for (const key of ['first', 'second', 'third']) {
    keyspace.set(key, string('value'));
    await turn();
    ends.push(statSync(logFiles(folder)[0] as string).size);
  }
  return { folder: afterCrash(folder), ends };
}

test('a damaged log ends before the damage, and what was found is kept aside', async () => {
  const { folder, ends } = await threeTurns();
  const [log] = logFiles(folder) as [string];
  const bytes = readFileSync(log);
  bytes.writeUInt8(bytes.readUInt8((ends[1] as number) - 1) ^ 1, (ends[1] as number) - 1);
  writeFileSync(log, bytes);
  const found = openKeyspace(folder);
  expect(found.damage).toMatchObject({ path: log, at: ends[0], lastTurn: 1, kept: [`${log}.damaged`] });
  expect(readFileSync(`${log}.damaged`).equals(bytes)).toBe(true);
  expect(['first', 'second', 'third'].map((key) => textOf(found, key))).toEqual([
    'value',
    undefined,
    undefined,
  ]);
  found.keyspace.set('fourth', string('value'));
  await turn();
  const again = openKeyspace(afterCrash(folder));
  expect(again.damage).toBeNull();
  expect(['first', 'second', 'fourth'].map((key) => textOf(again, key))).toEqual([
    'value',
    undefined,
    'value',
  ]);
});

test.each([1, 5, 13, 20])('a log that ends %i bytes too early loses its last turn only', async (missing) => {
  const { folder, ends } = await threeTurns();
  const [log] = logFiles(folder) as [string];
  truncateSync(log, (ends[2] as number) - missing);
  const found = openKeyspace(folder);
  expect(found.damage).toMatchObject({ at: ends[1], lastTurn: 2, kept: [] });
  expect(['first', 'second', 'third'].map((key) => textOf(found, key))).toEqual([
    'value',
    'value',
    undefined,
  ]);
});

test('after a gap between two files of the log nothing is taken', async () => {
  const { folder, ends } = await threeTurns();
  const second = openKeyspace(folder);
  second.keyspace.set('fourth', string('value'));
  await turn();
  const copy = afterCrash(folder);
  const [one, two] = logFiles(copy) as [string, string];
  truncateSync(one, ends[1]);
  const found = openKeyspace(copy);
  expect(found.damage).toMatchObject({ path: two, at: 0, lastTurn: 2, kept: [`${two}.damaged`] });
  expect(['second', 'third', 'fourth'].map((key) => textOf(found, key))).toEqual([
    'value',
    undefined,
    undefined,
  ]);
});
