import type { KeyName, StoredValue } from '../keyspace.ts';
import { decodeHead, HEAD_FIELD, type LargeHead } from './large-value.ts';
import { decodeStored, HEADER_BYTES, headerOf } from './stored-value.ts';
import type { ValueCache } from './value-cache.ts';

/**
 * A conditional get, of all keys at one moment: for each the value, 1 where it begins with what the argument says, the head of one that is in
 * pieces, 2 where it is something else, or nil. It changes nothing, so that it works on replicas, too.
 */
const SCRIPT = `local r={}
for i,k in ipairs(KEYS) do
  local h=redis.pcall('GETRANGE',k,0,${HEADER_BYTES - 1})
  if type(h)=='table' then
    local m=redis.pcall('HGET',k,'${HEAD_FIELD}')
    if type(m)~='string' then r[i]=2
    elseif string.sub(m,1,${HEADER_BYTES})==ARGV[i] then r[i]=1
    else r[i]={m} end
  elseif h=='' then r[i]=false
  elseif h==ARGV[i] then r[i]=1
  else r[i]=redis.call('GET',k) end
end
return r`;

const LF = 10;
const ONE = 49;
const COLON = 58;
const DOLLAR = 36;
const MINUS = 45;
const STAR = 42;

/** What a key has: null where it is absent, `other` where it is none of this server's values. */
export type FetchedValue = StoredValue | 'other' | null;

export interface FetchRequest {
  readonly args: readonly Buffer[];
  readonly keys: readonly KeyName[];
  /** What each key had last, as far as that is known. Kept here until the reply comes, whatever the cache does meanwhile. */
  readonly known: readonly (StoredValue | undefined)[];
}

/** The request that fetches the keys. */
export function fetchRequest(cache: ValueCache, keys: readonly KeyName[]): FetchRequest {
  const hints = keys.map((key) => cache.hint(key));
  const known = hints.map((hint) => (hint === undefined ? undefined : cache.get(hint)));
  const headers = known.map((value, i) => (value === undefined ? '' : (hints[i] as string)));
  const args = [
    Buffer.from('EVAL_RO'),
    Buffer.from(SCRIPT),
    Buffer.from(String(keys.length)),
    ...[...keys, ...headers].map((text) => Buffer.from(text, 'latin1')),
  ];
  return { args, keys, known };
}

/** What a reply has, and what of it has still to be asked for in pieces. */
export interface Fetched {
  readonly values: Map<KeyName, FetchedValue>;
  readonly inPieces: ReadonlyMap<KeyName, LargeHead>;
}

/** The values in the reply of such a request, which is no error. */
export function fetchedValues(cache: ValueCache, { keys, known }: FetchRequest, reply: Buffer): Fetched {
  const values = new Map<KeyName, FetchedValue>();
  const inPieces = new Map<KeyName, LargeHead>();
  let at = reply.indexOf(LF) + 1;
  for (const [i, key] of keys.entries()) {
    const isHead = reply[at] === STAR;
    if (isHead) at = reply.indexOf(LF, at) + 1;
    const type = reply[at];
    const end = reply.indexOf(LF, at);
    let value: FetchedValue = null;
    let next = end + 1;
    if (type === COLON) value = reply[at + 1] === ONE ? (known[i] ?? null) : 'other';
    else if (type === DOLLAR && reply[at + 1] !== MINUS) {
      const length = Number(reply.toString('latin1', at + 1, end - 1));
      const bytes = reply.subarray(next, next + length);
      const head = isHead ? decodeHead(bytes) : undefined;
      if (!isHead) value = taken(cache, key, bytes);
      else if (head === undefined) value = 'other';
      else {
        value = cache.takeAs(key, head.header) ?? null;
        if (value === null) inPieces.set(key, head);
      }
      next += length + 2;
    }
    if (value === null || value === 'other') cache.forget(key);
    values.set(key, value);
    at = next;
  }
  return { values, inPieces };
}

/** The value that the bytes are, kept at hand. */
export function taken(cache: ValueCache, key: KeyName, bytes: Buffer): FetchedValue {
  const header = headerOf(bytes);
  if (header === undefined) return 'other';
  try {
    const value = cache.get(header) ?? decodeStored(bytes);
    cache.put(key, header, value, bytes.length);
    return value;
  } catch {
    // Somebody's string that begins like one of ours.
    return 'other';
  }
}
