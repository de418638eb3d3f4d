import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { backup } from '../../src/backup/backup.ts';
import type { FileSummary } from '../../src/backup/inspection.ts';
import { type RestoreOptions, type RestoreResult, restore } from '../../src/backup/restore.ts';
import type { NodeAddress } from '../../src/cli/connection/address.ts';
import { model } from '../support/node.ts';
import { floats, type Parsed, RespClient } from '../support/resp-client.ts';

/** A file of a folder of its own that is not there yet. */
export function newFile(name = 'copy.rdb'): string {
  return path.join(mkdtempSync(path.join(tmpdir(), 'tessera-backup-')), name);
}

export function addressOf(port: number, password?: string, username?: string): NodeAddress {
  return { host: '127.0.0.1', port, username, password, tls: undefined };
}

const quiet = () => ({ output: new PassThrough().resume(), signal: new AbortController().signal });

export async function takeBackup(port: number): Promise<{ file: string; summary: FileSummary }> {
  const file = newFile();
  return { file, summary: await backup({ node: addressOf(port), file, force: false, ...quiet() }) };
}

export function putBack(
  file: string,
  port: number,
  options: Partial<RestoreOptions> = {},
): Promise<RestoreResult> {
  return restore({ file, node: addressOf(port), replace: false, flush: false, ...quiet(), ...options });
}

/** Keys of each of Redis's types, with bytes that are no text. */
export const nativeKeys: readonly (string | number | Uint8Array)[][] = [
  ['SET', 'string', 'value'],
  ['SET', 'number', 12345],
  ['SET', 'empty', ''],
  ['SET', 'long', Buffer.alloc(300_000, 'abc')],
  ['SET', 'temporary', 'v', 'PXAT', Date.now() + 1_000_000],
  ['SET', Buffer.from([0, 255, 10, 13]), Buffer.from([0, 128, 255])],
  ['HSET', 'hash', 'f', 1, 'g', Buffer.from([255, 0]), 'long', 'x'.repeat(10_000)],
  ['RPUSH', 'list', 'a', 'b', Buffer.from([200]), -5, 'y'.repeat(20_000)],
  ['SADD', 'set', 'm', 'n', 'o'],
  ['SADD', 'integers', 1, 2, 300, -70_000],
  ['ZADD', 'zset', 1.5, 'a', '-inf', 'b', 'inf', 'c', 0.1, 'd'],
  ['HSET', 'large hash', ...Array.from({ length: 1000 }, (_, i) => [`f${i}`, i]).flat()],
  ['RPUSH', 'large list', ...Array.from({ length: 2000 }, (_, i) => `element ${i}`)],
  ['ZADD', 'large zset', ...Array.from({ length: 1000 }, (_, i) => [i / 3, `m${i}`]).flat()],
];

const SOURCE = 'def f(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[0]\n';

/** Tensors, a model and a script. */
export const aiKeys: readonly (string | number | Uint8Array)[][] = [
  ['AI.TENSORSET', 'tensor', 'FLOAT', 2, 2, 'BLOB', floats(1, 2, 3, 4)],
  ['AI.TENSORSET', 'large tensor', 'UINT8', 700_001, 'BLOB', Buffer.alloc(700_001, 7)],
  ['AI.TENSORSET', 'words', 'STRING', 2, 'VALUES', 'one', 'two'],
  ['AI.MODELSTORE', 'model', 'ONNX', 'CPU', 'TAG', 'v1', 'BATCHSIZE', 4, 'BLOB', model('mul')],
  ['AI.SCRIPTSTORE', 'script', 'CPU', 'TAG', 's', 'ENTRY_POINTS', 1, 'f', 'SOURCE', SOURCE],
];

/** Runs commands of which none may fail. */
export async function runAll(client: RespClient, commands: readonly (string | number | Uint8Array)[][]) {
  for (const command of commands) {
    const reply = await client.send(...command);
    if (reply instanceof Error) throw reply;
  }
}

const READ: Record<string, (key: Uint8Array) => (string | Uint8Array)[]> = {
  string: (key) => ['GET', key],
  hash: (key) => ['HGETALL', key],
  list: (key) => ['LRANGE', key, '0', '-1'],
  set: (key) => ['SORT', key, 'ALPHA'],
  zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  AI_TENSOR: (key) => ['AI.TENSORGET', key, 'META', 'BLOB'],
  AI__MODEL: (key) => ['AI.MODELGET', key, 'META', 'BLOB'],
  AI_SCRIPT: (key) => ['AI.SCRIPTGET', key, 'META', 'SOURCE'],
};

/** The keys of a server that match, by name: type, expiry and content. */
export async function contentsOf(port: number, pattern = '*'): Promise<Record<string, Parsed>> {
  const client = await RespClient.connect(port);
  const keys = ((await client.send('KEYS', pattern)) as (string | Buffer)[]).map((key) => Buffer.from(key));
  const contents: Record<string, Parsed> = {};
  for (const key of keys.sort(Buffer.compare)) {
    const type = (await client.send('TYPE', key)) as string;
    const read = READ[type];
    if (read === undefined) throw new Error(`no way to read a ${type}`);
    const content = await client.send(...read(key));
    // Redis keeps small hashes in the order of insertion, large ones in any.
    const value = type === 'hash' ? pairs(content as Parsed[]) : content;
    contents[key.toString('latin1')] = [type, await client.send('PEXPIRETIME', key), value];
  }
  client.close();
  return contents;
}

function pairs(flat: readonly Parsed[]): Parsed[] {
  const all = Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]] as Parsed[]);
  return all.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}
