/** A change in place in a form that can be written down and done again: its name, then its arguments. Strings have one character a byte. */
export type Operation = readonly [name: string, ...args: (string | number | Uint8Array)[]];

/**
 * A value that commands change in place. Whoever changes one tells the keyspace with `changed(key)`, which then counts its bytes anew,
 * removes it when it is empty, and wakes whoever watches or waits for the key.
 */
export interface MutableValue {
  /** What was changed since it was last written down; null where nobody writes it down, or all of it has to be. */
  operations: Operation[] | null;
  /** Elements; a value without any does not stay under its key. */
  readonly length: number;
  /** Bytes that it holds, its own overhead counted roughly. Kept up to date by each change: reading it is O(1). */
  readonly bytes: number;
  /** A copy that shares nothing that can change. */
  clone(): MutableValue;
}
