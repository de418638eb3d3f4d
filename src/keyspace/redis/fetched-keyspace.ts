import type { EvictionPolicy } from '../eviction-policy.ts';
import {
  type KeyName,
  type Keyspace,
  noKeys,
  type ScanPage,
  type StoredValue,
  type ValueType,
} from '../keyspace.ts';
import { type AiValue, isAiValue } from './stored-value.ts';

/** Stands for what Redis has under a key that is none of this server's values: commands answer WRONGTYPE. */
const SOMETHING_ELSE: StoredValue = { type: 'string', bytes: new Uint8Array(0) };

const NONE = noKeys();

/**
 * The keys of one command, as they were in Redis at one moment. What the command writes is gathered, to be sent there when it is done.
 */
export class FetchedKeyspace implements Keyspace {
  readonly size = 0;
  readonly expiring = 0;
  readonly usedBytes = 0;
  readonly loading = null;
  readonly expired = 0;
  readonly evicted = 0;
  readonly averageTtlMs = 0;
  readonly lookups = { hits: 0, misses: 0 };
  readonly byType = NONE;
  activeExpiry = true;
  readonly #values: Map<KeyName, StoredValue | 'other' | null>;
  readonly #writes = new Map<KeyName, AiValue | null>();
  readonly #keepExpiry = new Set<KeyName>();

  /** @param values null for a key that is absent. */
  constructor(values: Map<KeyName, StoredValue | 'other' | null>) {
    this.#values = values;
  }

  /** What is to be written; null for a key that is to be deleted. */
  get writes(): ReadonlyMap<KeyName, AiValue | null> {
    return this.#writes;
  }

  /** Of the keys that are to be written, those that are to expire when they would have. */
  get keepExpiry(): ReadonlySet<KeyName> {
    return this.#keepExpiry;
  }

  get(key: KeyName): StoredValue | undefined {
    const value = this.peek(key);
    if (value === undefined) this.lookups.misses++;
    else this.lookups.hits++;
    return value;
  }

  peek(key: KeyName): StoredValue | undefined {
    const value = this.#values.get(key);
    if (value === undefined) throw new Error('a command reads a key that it does not name');
    return value === 'other' ? SOMETHING_ELSE : (value ?? undefined);
  }

  typeOf(key: KeyName): ValueType | undefined {
    return this.peek(key)?.type;
  }

  bytesOf(): number | undefined {
    return undefined;
  }

  set(key: KeyName, value: StoredValue, keepExpiry = false): void {
    if (!isAiValue(value)) throw unknown();
    this.#values.set(key, value);
    this.#writes.set(key, value);
    if (keepExpiry) this.#keepExpiry.add(key);
    else this.#keepExpiry.delete(key);
  }

  changed(): void {
    throw unknown();
  }

  delete(key: KeyName): boolean {
    const existed = this.peek(key) !== undefined;
    this.#values.set(key, null);
    this.#writes.set(key, null);
    return existed;
  }

  evict(_policy: EvictionPolicy, _samples: number): boolean {
    return false;
  }

  hold(): () => void {
    return () => {};
  }

  expiryOf(): number | undefined {
    return undefined;
  }

  setExpiry(): void {
    throw unknown();
  }

  idleSeconds(): number | undefined {
    return undefined;
  }

  randomKey(): KeyName | undefined {
    throw unknown();
  }

  keys(): Iterable<KeyName> {
    return [...this.#values].filter(([, value]) => value !== null).map(([key]) => key);
  }

  scan(): ScanPage {
    throw unknown();
  }

  clear(): void {
    throw unknown();
  }

  watch(): () => void {
    return () => {};
  }

  countInSlot(): number {
    throw unknown();
  }

  keysInSlot(): KeyName[] {
    throw unknown();
  }

  onModelDropped(): void {}

  close(): void {}
}

function unknown(): Error {
  return new Error('only Redis knows');
}
