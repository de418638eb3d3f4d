import { afterEach, beforeEach, expect, test } from 'vitest';
import { EmbeddedKeyspace } from '../../src/keyspace/embedded/embedded-keyspace.ts';
import type { StoredValue } from '../../src/keyspace/keyspace.ts';
import { grown } from '../../src/keyspace/values/growing-bytes.ts';
import { HashValue } from '../../src/keyspace/values/hash-value.ts';
import { ListValue } from '../../src/keyspace/values/list-value.ts';
import { SetValue } from '../../src/keyspace/values/set-value.ts';
import { SortedSetValue } from '../../src/keyspace/values/sorted-set-value.ts';
import { bytesOf, latin1 } from '../../src/protocol/latin1.ts';
import { collectGarbage } from '../../src/tensors/shared-memory.ts';

let keyspace: EmbeddedKeyspace;
beforeEach(() => {
  keyspace = new EmbeddedKeyspace(false);
});
afterEach(() => keyspace.close());

/** A string of its own, not a constant that many share. */
const name = (i: number, length: number) => latin1(bytesOf(String(i).padStart(length, 'm')));

function hash(fields: number): StoredValue {
  const value = new HashValue();
  for (let i = 0; i < fields; i++) value.set(name(i, 8), Uint8Array.from(bytesOf(name(i, 20))));
  return { type: 'hash', hash: value };
}

function list(elements: number): StoredValue {
  const value = new ListValue();
  for (let i = 0; i < elements; i++) value.push('right', name(i, 12));
  return { type: 'list', list: value };
}

function set(members: number): StoredValue {
  const value = new SetValue();
  for (let i = 0; i < members; i++) value.add(name(i, 12));
  return { type: 'set', set: value };
}

function zset(members: number): StoredValue {
  const value = new SortedSetValue();
  for (let i = 0; i < members; i++) value.set(name(i, 12), i * 1.5);
  return { type: 'zset', zset: value };
}

/** What V8 counts: its heap, and buffers that are not shared by their bytes alone. */
async function heapBytes(): Promise<number> {
  collectGarbage();
  // What the turn still refers to is garbage behind it, and a backing store goes with the collection after its buffer's.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test.each<[string, number, (i: number) => StoredValue]>([
  ['short strings', 50_000, (i) => ({ type: 'string', bytes: Uint8Array.from(bytesOf(name(i, 10))) })],
  ['appended strings', 50_000, (i) => ({ type: 'string', bytes: grown(bytesOf(name(i, 10)), 30) })],
  ['strings of 2 KB', 20_000, () => ({ type: 'string', bytes: new Uint8Array(2000) })],
  ['hashes of 1', 20_000, () => hash(1)],
  ['hashes of 20', 3000, () => hash(20)],
  ['a large hash', 1, () => hash(100_000)],
  ['lists of 1', 30_000, () => list(1)],
  ['lists of 20', 5000, () => list(20)],
  ['a large list', 1, () => list(200_000)],
  ['sets of 1', 20_000, () => set(1)],
  ['sets of 20', 5000, () => set(20)],
  ['a large set', 1, () => set(100_000)],
  ['sorted sets of 1', 20_000, () => zset(1)],
  ['sorted sets of 20', 3000, () => zset(20)],
  ['a large sorted set', 1, () => zset(100_000)],
])('%s count for what they take (%d of them)', async (_, count, make) => {
  const before = await heapBytes();
  for (let i = 0; i < count; i++) keyspace.set(name(i, 14), make(i));
  const taken = (await heapBytes()) - before;
  expect(keyspace.usedBytes / taken).toBeGreaterThan(0.7);
  expect(keyspace.usedBytes / taken).toBeLessThan(1.3);
});
