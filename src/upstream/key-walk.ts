import { HEAD_FIELD } from '../keyspace/redis/large-value.ts';
import { kindOf, MARK_BYTES, type StoredKind } from '../keyspace/redis/stored-value.ts';
import { ServerError } from '../protocol/reply.ts';
import { parseReply, textOf } from './reply-tree.ts';
import { type Argument, encodeRequest } from './requests.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

const COUNT = 1000;
const MINUS = 45;

/** Sends a request and gives its reply, as it came. */
export type Asker = (args: readonly Argument[]) => Promise<Buffer>;

/**
 * Finds the keys that have values of a kind, by SCAN and the first bytes of each string, or the head of one in pieces. Others may change them meanwhile: like SCAN's, the answer
 * has all keys that were there all the time.
 * @throws ServerError with Redis's text where it refuses.
 */
export async function keysOfKind(ask: Asker, kind: StoredKind): Promise<string[]> {
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
    if (page[0] === MINUS) throw new ServerError(page.toString('latin1', 1, page.length - 2));
    const [next, list] = parseReply(page).items ?? [];
    const keys = (list?.items ?? []).map((key) => key.bytes as Buffer);
    const marks = await Promise.all(keys.map((key) => ask(beginning(key))));
    for (const [i, mark] of marks.entries()) {
      // One that is of another type by now is none of ours: that is an error.
      if (kindOf((textOf(parseReply(mark)) ?? '').slice(0, MARK_BYTES)) === kind)
        found.add((keys[i] as Buffer).toString('latin1'));
    }
    cursor = textOf(next) ?? '0';
  } while (cursor !== '0');
  return found;
}

/** A way to ask over a connection that others use as well. */
export function asker(upstream: UpstreamConnection): Asker {
  return async (args) => {
    const reply = new Promise<Buffer>((resolve) => upstream.take(resolve));
    upstream.send(encodeRequest(args));
    return reply;
  };
}
