import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import type { NodeContext } from '../../node-context.ts';

/**
 * The string under the key, null where there is none. It is never to be written to.
 * @throws ServerError WRONGTYPE.
 */
export function readString(keyspace: Keyspace, key: KeyName): Uint8Array | null {
  const value = keyspace.get(key);
  if (value === undefined) return null;
  if (value.type !== 'string') throw errors.wrongType();
  return value.bytes;
}

/** Puts a changed string in place of the one before; the expiry stays. */
export function changeString(keyspace: Keyspace, key: KeyName, bytes: Uint8Array): void {
  keyspace.set(key, { type: 'string', bytes }, true);
}

/**
 * To be called before memory for a string is taken.
 * @param length in bytes.
 * @throws ServerError when the string would be longer than Redis's longest.
 */
export function checkLength(node: NodeContext, length: number): void {
  if (length > node.config.protoMaxBulkLen) throw errors.stringTooLong();
}
