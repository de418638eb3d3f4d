/**
 * A value that commands change in place. Whoever changes one tells the keyspace with `changed(key)`, which then counts its bytes anew,
 * removes it when it is empty, and wakes whoever watches or waits for the key.
 */
export interface MutableValue {
  /** Elements; a value without any does not stay under its key. */
  readonly length: number;
  /** Bytes that it holds, its own overhead counted roughly. Kept up to date by each change: reading it is O(1). */
  readonly bytes: number;
  /** A copy that shares nothing that can change. */
  clone(): MutableValue;
}
