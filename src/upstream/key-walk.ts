import type { KeyName } from '../keyspace/keyspace.ts';
import { type FetchedValue, fetchedValues, fetchRequest } from '../keyspace/redis/fetch.ts';
import { HEAD_FIELD } from '../keyspace/redis/large-value.ts';
import { kindOf, MARK_BYTES, type StoredKind } from '../keyspace/redis/stored-value.ts';
import type { ValueCache } from '../keyspace/redis/value-cache.ts';
import { ServerError } from '../protocol/reply.ts';
import { completed } from './large-values.ts';
import { isError } from './reply-kinds.ts';
import { parseReply, textOf } from './reply-tree.ts';
import { type Argument, encodeRequest } from './requests.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

const COUNT = 1000;

/** Sends a request and gives its reply, as it came. */
export type Asker = (args: readonly Argument[]) => Promise<Buffer>;

/**
 * Finds the keys that have values of a kind, by SCAN and the first bytes of each string. Others may change them meanwhile: like SCAN's, the answer
 * has all keys that were there all the time.
 * @throws ServerError with Redis's text where it refuses.
 */
async function keysOfKind(ask: Asker, kind: StoredKind): Promise<string[]> {
  const strings = await keysThatBegin(ask, kind, 'string', (key) => ['GETRANGE', key, 0, MARK_BYTES - 1]);
  const hashes = await keysThatBegin(ask, kind, 'hash', (key) => ['HGET', key, HEAD_FIELD]);
  return [...new Set([...strings, ...hashes])];
}

async function keysThatBegin(
  ask: Asker,
  kind: StoredKind,
  type: string,
  beginning: (key: Buffer) => readonly Argument[],
): Promise<Set<string>> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const page = await ask(['SCAN', cursor, 'COUNT', COUNT, 'TYPE', type]);
    if (isError(page)) throw new ServerError(page.toString('latin1', 1, page.length - 2));
    const [next, list] = parseReply(page).items ?? [];
    const keys = (list?.items ?? []).map((key) => key.bytes as Buffer);
    const marks = await Promise.all(keys.map((key) => ask(beginning(key))));
    for (const [i, mark] of marks.entries()) {
      // One that is no string any more is none of ours: that is an error.
      if (kindOf((textOf(parseReply(mark)) ?? '').slice(0, MARK_BYTES)) === kind)
        found.add((keys[i] as Buffer).toString('latin1'));
    }
    cursor = textOf(next) ?? '0';
  } while (cursor !== '0');
  return found;
}

/**
 * All values of a kind with their keys, each as it was at a moment of its own.
 * @throws ServerError with Redis's text where it refuses.
 */
export async function valuesOfKind(
  ask: Asker,
  cache: ValueCache,
  kind: StoredKind,
): Promise<Map<KeyName, FetchedValue>> {
  const requests = (await keysOfKind(ask, kind)).map((key) => fetchRequest(cache, [key]));
  const replies = await Promise.all(requests.map((request) => ask(request.args)));
  const values = new Map<KeyName, FetchedValue>();
  for (const [i, request] of requests.entries()) {
    const fetched = fetchedValues(cache, request, replies[i] as Buffer);
    for (const entry of await completed(ask, cache, fetched, withoutBlob)) values.set(...entry);
  }
  return values;
}

/** As lists of all models need it: together they may be more than fits into memory. */
function withoutBlob(value: FetchedValue): FetchedValue {
  if (value === null || value === 'other' || value.type !== 'model') return value;
  return { ...value, model: { ...value.model, blob: new Uint8Array(new SharedArrayBuffer(0)) } };
}

/** A way to ask over a connection that others use as well. */
export function asker(upstream: UpstreamConnection): Asker {
  return async (args) => {
    const reply = new Promise<Buffer>((resolve) => upstream.take(resolve));
    upstream.send(encodeRequest(args));
    return reply;
  };
}
