import type { StoredModel } from '../backends/model.ts';
import type { Tensor } from '../tensors/tensor.ts';

/**
 * A key: its bytes as a string of one character a byte (latin1). JavaScript's Map cannot hash bytes; this form is lossless,
 * and no key is ever decoded as UTF-8.
 */
export type KeyName = string;

export type StoredValue =
  | { readonly type: 'string'; readonly bytes: Uint8Array }
  | { readonly type: 'tensor'; readonly tensor: Tensor }
  | { readonly type: 'model'; readonly model: StoredModel };

export type ValueType = StoredValue['type'];

/** What TYPE answers: Redis's name for strings, RedisAI's module type names for the rest. */
export const TYPE_NAMES: Record<ValueType, string> = {
  string: 'string',
  tensor: 'AI_TENSOR',
  model: 'AI__MODEL',
};

export interface ScanPage {
  /** 0 when the scan is complete. */
  readonly cursor: number;
  readonly keys: readonly KeyName[];
}

/** The only writer of keys. An expired key is absent from every answer. */
export interface Keyspace {
  readonly size: number;
  /** Keys that carry an expiry. */
  readonly expiring: number;
  /** Bytes that keys and values hold; a buffer shared by several values counts once. */
  readonly usedBytes: number;
  get(key: KeyName): StoredValue | undefined;
  /** Replaces the value. Its expiry goes, unless `keepExpiry`. */
  set(key: KeyName, value: StoredValue, keepExpiry?: boolean): void;
  delete(key: KeyName): boolean;
  /** Unix time in ms, or undefined where the key is absent or does not expire. */
  expiryOf(key: KeyName): number | undefined;
  /** Sets (ms since the epoch; a time in the past deletes the key) or, with undefined, removes the expiry. */
  setExpiry(key: KeyName, at: number | undefined): void;
  keys(): Iterable<KeyName>;
  /** A key that exists from the first call to the last is returned exactly once. */
  scan(cursor: number, count: number): ScanPage;
  clear(): void;
  countInSlot(slot: number): number;
  keysInSlot(slot: number, limit: number): KeyName[];
  /** Models leave with their keys: told when the last key that holds a model is gone. */
  onModelDropped(listener: (model: StoredModel) => void): void;
  close(): void;
}
