import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { fitsInt64, parseInt64 } from '../../protocol/integer-text.ts';
import { latin1 } from '../../protocol/latin1.ts';
import { changeString, readString } from './string-value.ts';

/**
 * Adds to the integer under the key, 0 where there is none.
 * @throws ServerError when the string there is no 64-bit integer, or the sum is none.
 */
export function addToInteger(keyspace: Keyspace, key: KeyName, by: bigint): bigint {
  const bytes = readString(keyspace, key);
  const present = bytes === null ? 0n : parseInt64(latin1(bytes));
  if (present === undefined) throw errors.notAnInteger();
  const sum = present + by;
  if (!fitsInt64(sum)) throw errors.incrementOverflow();
  changeString(keyspace, key, Uint8Array.from(Buffer.from(String(sum), 'latin1')));
  return sum;
}
