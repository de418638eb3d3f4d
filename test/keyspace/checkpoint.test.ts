import { expect, test } from 'vitest';
import { ListValue } from '../../src/keyspace/values/list-value.ts';
import { afterCrash, emptyFolder, openKeyspace, string, textOf, turn } from './durable-keyspace.ts';

/** A checkpoint has then taken the keys that it writes, and waits for the old log's sync. */
async function begun(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

async function found(folder: string): Promise<Record<string, string | undefined>> {
  const durable = openKeyspace(afterCrash(folder));
  await durable.persistence.loaded;
  return Object.fromEntries([...durable.keyspace.keys()].map((key) => [key, textOf(durable, key)]));
}

test('all keys deleted and some set anew while a checkpoint is written', async () => {
  const folder = emptyFolder();
  const { keyspace, persistence } = openKeyspace(folder);
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
  expect(await found(folder)).toEqual({ b: 'new' });
  await persistence.checkpoint();
  expect(await found(folder)).toEqual({ b: 'new' });
});

test('changes while a checkpoint is written are done once', async () => {
  const folder = emptyFolder();
  const { keyspace, persistence } = openKeyspace(folder);
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
  const value = openKeyspace(afterCrash(folder)).keyspace.get('list');
  expect(value?.type === 'list' ? value.list.slice(0, 10) : value).toEqual([
    ...['first', 'before', 'during', 'also during', 'after'],
  ]);
});
