import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Persistence } from '../../src/keyspace/embedded/durability/persistence.ts';
import { EmbeddedKeyspace } from '../../src/keyspace/embedded/embedded-keyspace.ts';

const opened: { keyspace: EmbeddedKeyspace; persistence: Persistence }[] = [];

function open(folder: string): { keyspace: EmbeddedKeyspace; persistence: Persistence } {
  const keyspace = new EmbeddedKeyspace(false);
  const persistence = new Persistence(keyspace, {
    folder,
    durability: 'everysec',
    isVolatile: () => false,
    failed: (error) => {
      throw error;
    },
    recovered: () => {},
  });
  opened.push({ keyspace, persistence });
  return { keyspace, persistence };
}

afterEach(async () => {
  for (const { keyspace, persistence } of opened.splice(0)) {
    keyspace.close();
    await persistence.close();
  }
});

const string = (text: string) => ({ type: 'string', bytes: Uint8Array.from(Buffer.from(text)) }) as const;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A checkpoint has then taken the keys that it writes, and waits for the old log's sync. */
async function begun(): Promise<void> {
  for (let i = 0; i < 4; i++) await Promise.resolve();
}

/** What another process would find if this one died now. */
function afterCrash(folder: string): Record<string, string> {
  const copy = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  cpSync(folder, copy, { recursive: true });
  rmSync(path.join(copy, 'lock'));
  const { keyspace } = open(copy);
  return Object.fromEntries(
    [...keyspace.keys()].map((key) => {
      const value = keyspace.get(key);
      return [key, value?.type === 'string' ? Buffer.from(value.bytes).toString() : String(value?.type)];
    }),
  );
}

test('all keys deleted and some set anew while a checkpoint is written', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  const { keyspace, persistence } = open(folder);
  for (const key of ['a', 'b', 'c']) keyspace.set(key, string('old'));
  await persistence.checkpoint();
  keyspace.set('a', string('changed'));
  keyspace.set('b', string('changed'));
  await turn();
  const saving = persistence.checkpoint();
  await begun();
  keyspace.clear();
  keyspace.set('b', string('new'));
  await saving;
  await turn();
  expect(afterCrash(folder)).toEqual({ b: 'new' });
  await persistence.checkpoint();
  expect(afterCrash(folder)).toEqual({ b: 'new' });
});

test('changes while a checkpoint is written are done once', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  const { keyspace, persistence } = open(folder);
  const { ListValue } = await import('../../src/keyspace/values/list-value.ts');
  const list = new ListValue();
  list.push('right', 'first');
  keyspace.set('list', { type: 'list', list });
  await turn();
  const push = (element: string) => {
    list.push('right', element);
    keyspace.changed('list');
  };
  push('before');
  await turn();
  const saving = persistence.checkpoint();
  await begun();
  push('during');
  await turn();
  push('also during');
  await saving;
  push('after');
  await turn();
  const copy = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  cpSync(folder, copy, { recursive: true });
  rmSync(path.join(copy, 'lock'));
  const found = open(copy).keyspace.get('list');
  expect(found?.type === 'list' ? found.list.slice(0, 10) : found).toEqual([
    ...['first', 'before', 'during', 'also during', 'after'],
  ]);
});
