import { createHash } from 'node:crypto';
import type { KeyName } from '../../keyspace.ts';

/** LMDB takes keys of up to 1978 bytes; longer ones are stored under their hash. */
const LONGEST_KEY_BYTES = 1900;
const PLAIN = 0;
const HASHED = 1;

/** Under what a key is in the database. */
export function storedKey(key: KeyName): Buffer {
  const bytes = Buffer.from(key, 'latin1');
  return bytes.length <= LONGEST_KEY_BYTES
    ? Buffer.concat([Buffer.of(PLAIN), bytes])
    : Buffer.concat([Buffer.of(HASHED), createHash('sha256').update(bytes).digest()]);
}
