import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { HashValue } from '../../keyspace/values/hash-value.ts';

/** @throws ServerError WRONGTYPE. */
export function readHash(keyspace: Keyspace, key: KeyName): HashValue | undefined {
  const value = keyspace.get(key);
  if (value === undefined) return undefined;
  if (value.type !== 'hash') throw errors.wrongType();
  return value.hash;
}

/**
 * Changes the hash under the key, a new one where there is none. `change` throws before it changes anything, or not at all.
 * @throws ServerError WRONGTYPE, and what `change` throws.
 */
export function changeHash<T>(keyspace: Keyspace, key: KeyName, change: (hash: HashValue) => T): T {
  const present = readHash(keyspace, key);
  const hash = present ?? new HashValue();
  const result = change(hash);
  if (present === undefined) keyspace.set(key, { type: 'hash', hash });
  else keyspace.changed(key);
  return result;
}
