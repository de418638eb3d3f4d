import { randomBytes } from 'node:crypto';
import slotOf from 'cluster-key-slot';
import { errors } from '../../errors.ts';
import { liveValue } from '../dump/live-value.ts';
import type { KeyName } from '../keyspace.ts';
import { type AiValue, HEADER_BYTES, type Header, headerOf, kindOf, MARK_BYTES } from './stored-value.ts';

/**
 * A value that is too long for one string is a hash: one key, so that Redis itself moves, copies, renames, expires, evicts and deletes it as one.
 * ```
 *  | tessera | header | number of pieces, 4 bytes, little-endian |
 *  | 0 .. n-1 | pieces of the value                              |
 * ```
 */
export const HEAD_FIELD = 'tessera';
const HEAD_BYTES = HEADER_BYTES + 4;

export interface LargeHead {
  readonly header: Header;
  readonly pieces: number;
}

export function encodeHead({ header, pieces }: LargeHead): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(header, 'latin1');
  head.writeUInt32LE(pieces, HEADER_BYTES);
  return head;
}

/** Undefined where it is somebody's hash. */
export function decodeHead(bytes: Buffer): LargeHead | undefined {
  const header = headerOf(bytes);
  if (header === undefined || bytes.length !== HEAD_BYTES) return undefined;
  return { header, pieces: bytes.readUInt32LE(HEADER_BYTES) };
}

const NOTHING = new Uint8Array(new SharedArrayBuffer(0));

/** Stands for a value of which only the kind is wanted. */
export function standIn({ header }: LargeHead): AiValue {
  const kind = kindOf(header.slice(0, MARK_BYTES));
  const [device, tag] = ['CPU', NOTHING];
  if (kind === 'model') {
    const batching = { batchSize: 0, minBatchSize: 0, minBatchTimeoutMs: 0 };
    const model = { backend: 'ONNX', device, tag, batching, inputs: [], outputs: [], blob: NOTHING } as const;
    return liveValue({ type: 'model', model }) as AiValue;
  }
  if (kind === 'script') {
    return liveValue({
      type: 'script',
      script: { device, tag, entryPoints: [], source: NOTHING },
    }) as AiValue;
  }
  return {
    type: 'tensor',
    tensor: { dtype: 'INT8', shape: [0], buffer: NOTHING.buffer, byteOffset: 0, byteLength: 0 },
  };
}

/** The bytes in pieces of that length, the last one perhaps shorter. Only one is in memory twice at a time. */
export function* inPieces(parts: readonly Uint8Array[], bytes: number): Generator<Buffer> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const taken = part.subarray(at, at + bytes - length);
      gathered.push(taken);
      length += taken.length;
      at += taken.length;
      if (length < bytes) continue;
      yield Buffer.concat(gathered, length);
      gathered = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(gathered, length);
}

/**
 * A new key where a value is put together before it has its name: in the same slot, and beginning like it, so that whoever may use the keys of a
 * prefix may use it.
 */
export function keyBeside(key: KeyName): KeyName {
  const slot = slotOf(Buffer.from(key, 'latin1'));
  const id = randomBytes(8).toString('hex');
  for (let n = 0; ; n++) {
    const beside = `${key}~${id}-${n}`;
    if (slotOf(Buffer.from(beside, 'latin1')) === slot) return beside;
  }
}

/**
 * Gives values that were put together their keys, all at once, and short ones of the same command with them.
 * KEYS: for each long one where it is and its key, then those of the short ones. ARGV: number of long ones, the fields of each, the short ones.
 */
const COMMIT = `local n=tonumber(ARGV[1])
for i=1,n do
  if redis.call('HLEN',KEYS[2*i-1])~=tonumber(ARGV[i+1]) then return redis.error_reply('${errors.incomplete().message}') end
end
for i=2*n+1,#KEYS do redis.call('SET',KEYS[i],ARGV[i-n+1]) end
for i=1,n do
  redis.call('PERSIST',KEYS[2*i-1])
  redis.call('RENAME',KEYS[2*i-1],KEYS[2*i])
end
return redis.status_reply('OK')`;

/** @param long ones, each with the key where it is, and its pieces. @param short ones as they are written. */
export function commitRequest(
  long: readonly { readonly key: KeyName; readonly beside: KeyName; readonly pieces: number }[],
  short: ReadonlyMap<KeyName, Buffer>,
): Uint8Array[] {
  const keys = [...long.flatMap(({ beside, key }) => [beside, key]), ...short.keys()];
  const texts = [COMMIT, keys.length, ...keys, long.length, ...long.map(({ pieces }) => pieces + 1)];
  return [...['EVAL', ...texts].map((text) => Buffer.from(String(text), 'latin1')), ...short.values()];
}
