import { kindOf, MARK_BYTES, type StoredKind } from '../keyspace/redis/stored-value.ts';
import { ServerError } from '../protocol/reply.ts';
import { encodeRequest } from './requests.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

const COUNT = 1000;
const LF = 10;
const MINUS = 45;
const DOLLAR = 36;

/**
 * Finds the keys that have values of a kind, by SCAN and the first bytes of each string. Others may change them meanwhile: like SCAN's, the answer
 * has all keys that were there all the time.
 * @param ask sends a request and gives its reply.
 * @throws ServerError with Redis's text where it refuses.
 */
export async function keysOfKind(
  ask: (args: readonly Buffer[]) => Promise<Buffer>,
  kind: StoredKind,
): Promise<string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const page = strings(
      await ask(['SCAN', cursor, 'COUNT', String(COUNT), 'TYPE', 'string'].map((word) => Buffer.from(word))),
    );
    const [next = '0', ...keys] = page;
    const marks = await Promise.all(
      keys.map((key) =>
        ask([
          Buffer.from('GETRANGE'),
          Buffer.from(key, 'latin1'),
          Buffer.from('0'),
          Buffer.from(String(MARK_BYTES - 1)),
        ]),
      ),
    );
    for (const [i, mark] of marks.entries()) {
      // One that is no string any more is none of ours.
      const [text = ''] = mark[0] === MINUS ? [] : strings(mark);
      if (kindOf(text) === kind) found.add(keys[i] as string);
    }
    cursor = next;
  } while (cursor !== '0');
  return [...found];
}

/** The bulk strings in a reply, whatever lists they are in. @throws ServerError where it is an error. */
function strings(reply: Buffer): string[] {
  if (reply[0] === MINUS) throw new ServerError(reply.toString('latin1', 1, reply.length - 2));
  const texts: string[] = [];
  for (let at = 0; at < reply.length; ) {
    const end = reply.indexOf(LF, at);
    const length = Number(reply.toString('latin1', at + 1, end - 1));
    if (reply[at] === DOLLAR && length >= 0) {
      texts.push(reply.toString('latin1', end + 1, end + 1 + length));
      at = end + 1 + length + 2;
    } else at = end + 1;
  }
  return texts;
}

/** A way to ask over a connection that others use as well. */
export function asker(upstream: UpstreamConnection): (args: readonly Buffer[]) => Promise<Buffer> {
  return async (args) => {
    const reply = new Promise<Buffer>((resolve) => upstream.take(resolve));
    upstream.send(encodeRequest(args));
    return reply;
  };
}
