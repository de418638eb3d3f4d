import { errors } from '../errors.ts';
import type { KeyName } from '../keyspace/keyspace.ts';
import { type Fetched, type FetchedValue, taken } from '../keyspace/redis/fetch.ts';
import {
  commitRequest,
  encodeHead,
  HEAD_FIELD,
  inPieces,
  keyBeside,
  type LargeHead,
} from '../keyspace/redis/large-value.ts';
import type { EncodedValue } from '../keyspace/redis/stored-value.ts';
import type { ValueCache } from '../keyspace/redis/value-cache.ts';
import { ServerError } from '../protocol/reply.ts';
import { type Acknowledgement, waitRequest } from './acknowledgement.ts';
import type { Asker } from './key-walk.ts';
import { isError } from './reply-kinds.ts';
import { parseReply } from './reply-tree.ts';

const ONE = ':1\r\n';
/** How long what was put together lives without its name: a node that ends meanwhile leaves nothing behind for good. */
const LIFE_MS = 600_000;

/**
 * Adds the values that are in pieces, one piece after the other, to those that are there.
 * @param ask sends a request to Redis and gives its reply.
 * @param shown may put something smaller in the value's place, of which only the cache has the whole then.
 * @throws ServerError where one cannot be read, or is not there any more.
 */
export async function completed(
  ask: Asker,
  cache: ValueCache,
  { values, inPieces }: Fetched,
  shown: (value: FetchedValue) => FetchedValue = (value) => value,
): Promise<Map<KeyName, FetchedValue>> {
  for (const [key, head] of inPieces) values.set(key, shown(await joined(ask, cache, key, head)));
  return values;
}

async function joined(
  ask: Asker,
  cache: ValueCache,
  key: KeyName,
  { header, pieces: count }: LargeHead,
): Promise<FetchedValue> {
  const name = Buffer.from(key, 'latin1');
  const pieces: Buffer[] = [];
  for (let n = 0; n < count; n++) {
    const reply = await ask(['HMGET', name, HEAD_FIELD, n]);
    if (isError(reply)) throw new ServerError(reply.toString('utf8', 1).trimEnd());
    const [head, piece] = (parseReply(reply).items ?? []).map(({ bytes }) => bytes);
    if (head?.toString('latin1', 0, header.length) !== header) throw errors.valueChanged();
    if (!piece) throw errors.pieceMissing(key, n + 1, count);
    pieces.push(piece);
  }
  return taken(cache, key, Buffer.concat(pieces));
}

/**
 * Writes values of which some are too long for one string, all at one moment. The long ones are put together under keys of their own before.
 * @param pieceBytes the most of one request.
 * @param acknowledgement what is waited for after each piece, without a word of it: whoever calls asks for the whole.
 * @returns what Redis answers: OK, or the error of what was refused; nothing is left of them then.
 */
export async function storeInPieces(
  ask: Asker,
  writes: ReadonlyMap<KeyName, EncodedValue>,
  pieceBytes: number,
  acknowledgement: Acknowledgement,
): Promise<Buffer> {
  const long: { key: KeyName; beside: KeyName; pieces: number }[] = [];
  const short = new Map<KeyName, Buffer>();
  const undone = async (failure: Buffer) => {
    for (const { beside } of long) await ask(['UNLINK', Buffer.from(beside, 'latin1')]);
    return failure;
  };
  for (const [key, value] of writes) {
    if (value.length <= pieceBytes) {
      short.set(key, Buffer.concat(value.parts));
      continue;
    }
    const pieces = Math.ceil(value.length / pieceBytes);
    const beside = keyBeside(key);
    long.push({ key, beside, pieces });
    const name = Buffer.from(beside, 'latin1');
    const begun = await ask(['HSET', name, HEAD_FIELD, encodeHead({ header: value.header, pieces })]);
    if (isError(begun)) return undone(begun);
    let n = 0;
    for (const piece of inPieces(value.parts, pieceBytes)) {
      // Not the other way round: what was gone by then would come back for good.
      const lives = await ask(['PEXPIRE', name, LIFE_MS]);
      if (isError(lives)) return undone(lives);
      if (lives.toString('latin1') !== ONE) return undone(Buffer.from(`-${errors.incomplete().message}\r\n`));
      const put = await ask(['HSET', name, n++, piece]);
      if (isError(put)) return undone(put);
      // Replicas keep up: they are cut off where too much waits for them, and have all the more to do at the end.
      if (acknowledgement.replicas > 0) await ask(waitRequest(acknowledgement));
    }
  }
  const answer = await ask(commitRequest(long, short));
  return isError(answer) ? undone(answer) : answer;
}
