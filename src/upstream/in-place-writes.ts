import type { KeyName } from '../keyspace/keyspace.ts';
import { kindOf } from '../keyspace/redis/stored-value.ts';
import { parseReply, textOf } from './reply-tree.ts';

/** What changes a part of a string: of an AI value it would keep the header, by which the value is known to be the same. */
export const IN_PLACE_WRITES = new Set(['APPEND', 'SETRANGE', 'SETBIT', 'BITFIELD']);

/** Whether a key has an AI value. @param reply to GETRANGE of its mark. */
export function isMarked(reply: Buffer): boolean {
  return kindOf(textOf(parseReply(reply)) ?? '') !== undefined;
}

const TRUSTED_MS = 10_000;
const MOST_KEYS = 10_000;

/**
 * Keys that had no AI value when they were last looked at: bitmaps and logs are written again and again, and need not be looked at each time.
 * Writes of this node are noticed; those that come otherwise, such as RENAME, after a while.
 */
export class PlainKeys {
  readonly #seenAt = new Map<KeyName, number>();

  has(key: KeyName): boolean {
    const seenAt = this.#seenAt.get(key);
    return seenAt !== undefined && performance.now() - seenAt < TRUSTED_MS;
  }

  add(key: KeyName): void {
    if (this.#seenAt.size >= MOST_KEYS) this.#seenAt.clear();
    this.#seenAt.set(key, performance.now());
  }

  forget(key: KeyName): void {
    this.#seenAt.delete(key);
  }
}
