import type { Runnable, StoredModel } from '../backends/model.ts';
import type { StoredScript } from '../backends/script.ts';
import type { StoredExperiment } from '../experiments/experiment.ts';
import type { Tensor } from '../tensors/tensor.ts';
import type { EvictionPolicy } from './eviction-policy.ts';
import type { HashValue } from './values/hash-value.ts';
import type { ListValue } from './values/list-value.ts';
import type { SetValue } from './values/set-value.ts';
import type { SortedSetValue } from './values/sorted-set-value.ts';

/**
 * A key: its bytes as a string of one character a byte (latin1). JavaScript's Map cannot hash bytes; this form is lossless,
 * and no key is ever decoded as UTF-8.
 */
export type KeyName = string;

/** A value under a key. Strings, tensors, models, scripts and experiments never change, they are replaced; the four collections change in place. */
export type StoredValue =
  | { readonly type: 'string'; readonly bytes: Uint8Array }
  | { readonly type: 'hash'; readonly hash: HashValue }
  | { readonly type: 'list'; readonly list: ListValue }
  | { readonly type: 'set'; readonly set: SetValue }
  | { readonly type: 'zset'; readonly zset: SortedSetValue }
  | { readonly type: 'tensor'; readonly tensor: Tensor }
  | { readonly type: 'model'; readonly model: StoredModel }
  | { readonly type: 'script'; readonly script: StoredScript }
  | { readonly type: 'experiment'; readonly experiment: StoredExperiment };

export type ValueType = StoredValue['type'];

/** What TYPE answers: Redis's names for its own types, RedisAI's module type names for what it has too. */
export const TYPE_NAMES: Record<ValueType, string> = {
  string: 'string',
  hash: 'hash',
  list: 'list',
  set: 'set',
  zset: 'zset',
  tensor: 'AI_TENSOR',
  model: 'AI__MODEL',
  script: 'AI_SCRIPT',
  experiment: 'AI_EXPRMT',
};

/**
 * Keys of each type, and the bytes of those values that never change: of strings, and of what tensors, models and scripts hold. A value on the
 * disk alone has none; one under several keys counts with each. An expired key counts until it is found.
 */
export type TypeCounts = Record<ValueType, { keys: number; bytes: number }>;

export function noKeys(): TypeCounts {
  const entries = Object.keys(TYPE_NAMES).map((type) => [type, { keys: 0, bytes: 0 }]);
  return Object.fromEntries(entries) as TypeCounts;
}

export interface ScanPage {
  /** 0 when the scan is complete. */
  readonly cursor: number;
  readonly keys: readonly KeyName[];
}

/** How far the keys of an earlier process have come in. */
export interface LoadProgress {
  /** Unix time in ms. */
  readonly startedAt: number;
  readonly totalKeys: number;
  readonly loadedKeys: number;
}

/** How often `get` found a key and how often not. */
export interface Lookups {
  readonly hits: number;
  readonly misses: number;
}

/** The only writer of keys. An expired key is absent from every answer. */
export interface Keyspace {
  readonly size: number;
  /** Keys that carry an expiry. */
  readonly expiring: number;
  /** Bytes that keys and values hold, and requests under way (`hold`); a buffer shared by several values counts once, and as a whole. */
  readonly usedBytes: number;
  readonly lookups: Lookups;
  readonly byType: Readonly<TypeCounts>;
  /**
   * Null once all keys are here. Until then each key can be used, but what needs to see all of them (`keys`, `scan`, `randomKey`, `clear`,
   * slots) throws LOADING, and `size` is what is here so far.
   */
  readonly loading: LoadProgress | null;
  /** Keys that expired since the start. */
  readonly expired: number;
  /** Keys that were evicted since the start. */
  readonly evicted: number;
  /** The mean time in ms until the keys that expire do; 0 where none does. */
  readonly averageTtlMs: number;
  /** Whether keys expire by themselves, or only when they are looked at. */
  activeExpiry: boolean;
  get(key: KeyName): StoredValue | undefined;
  /** The same, but it does not count as reading for `idleSeconds`. */
  peek(key: KeyName): StoredValue | undefined;
  /** The type of the value, without bringing one in that is on the disk. */
  typeOf(key: KeyName): ValueType | undefined;
  /**
   * Bytes that a key and its value hold; undefined where it is absent. A buffer that several keys share is divided among them,
   * so that all keys together come to `usedBytes`.
   */
  bytesOf(key: KeyName): number | undefined;
  /** Replaces the value. Its expiry goes, unless `keepExpiry`. */
  set(key: KeyName, value: StoredValue, keepExpiry?: boolean): void;
  /** To be called after a collection under the key was changed in place: counts its bytes anew, and deletes the key when it is empty. */
  changed(key: KeyName): void;
  delete(key: KeyName): boolean;
  /**
   * Deletes a key that the policy chooses, or finds one that has expired.
   * @param samples keys to choose from: the more, the better the choice. @returns false where there is none to choose.
   */
  evict(policy: EvictionPolicy, samples: number): boolean;
  /**
   * Counts buffers as used while a request has them, whether or not they are under keys as well.
   * @returns a function that ends it, to be called once.
   */
  hold(buffers: readonly ArrayBufferLike[]): () => void;
  /** Unix time in ms, or undefined where the key is absent or does not expire. */
  expiryOf(key: KeyName): number | undefined;
  /** Sets (ms since the epoch; a time in the past deletes the key) or, with undefined, removes the expiry. */
  setExpiry(key: KeyName, at: number | undefined): void;
  /** Seconds since the key was last read or written; undefined where it is absent. Asking does not count as reading. */
  idleSeconds(key: KeyName): number | undefined;
  /** A key, each about equally likely; undefined where there is none. */
  randomKey(): KeyName | undefined;
  keys(): Iterable<KeyName>;
  /** A key that exists from the first call to the last is returned exactly once. */
  scan(cursor: number, count: number): ScanPage;
  clear(): void;
  /**
   * Calls back after each change of the key or its expiry: set, changed in place, deleted, expired.
   * @returns a function that ends it.
   */
  watch(key: KeyName, listener: () => void): () => void;
  countInSlot(slot: number): number;
  keysInSlot(slot: number, limit: number): KeyName[];
  /** Models and scripts leave with their keys: told when the last key that holds one is gone. */
  onModelDropped(listener: (model: Runnable) => void): void;
  close(): void;
}
