import slotOf from 'cluster-key-slot';
import type { StoredModel } from '../../backends/model.ts';
import type { KeyName, Keyspace, ScanPage, StoredValue } from '../keyspace.ts';
import { collectionOf } from '../values/operations.ts';
import { ScanIndex } from './scan-index.ts';

interface Entry {
  readonly key: KeyName;
  /** Given once, rising; SCAN walks it downwards. */
  readonly sequence: number;
  value: StoredValue;
  /** Bytes counted for a collection when it was last looked at. */
  collectionBytes: number;
  expiresAt: number | undefined;
  /** Unix time in ms, as exact as the expiry cycle's interval. */
  accessedAt: number;
  readonly slot: number;
}

/** Rough cost of an entry outside of its bytes: the Map slot, the objects and the index, measured on a million small keys. */
const ENTRY_OVERHEAD_BYTES = 200;
const EXPIRY_INTERVAL_MS = 100;
const EXPIRY_SAMPLE = 20;
/** Keys that the average time to live is taken from. */
const TTL_SAMPLE = 100;

/** What a removed entry holds: tables that a Map has outgrown refer to entries for a while, and would keep their bytes. */
const REMOVED: StoredValue = { type: 'string', bytes: new Uint8Array(0) };

type Uses<K extends object> = Pick<WeakMap<K, number>, 'get' | 'set' | 'delete'>;

/** Told of each change, to write it down. */
export interface KeyspaceJournal {
  /** The key has another value, or a first one. */
  put(key: KeyName): void;
  /** The collection under the key was changed in place. */
  changed(key: KeyName): void;
  expiry(key: KeyName): void;
  removed(key: KeyName): void;
  /** All keys are gone. */
  cleared(): void;
}

/** The in-memory keyspace of one node. */
export class EmbeddedKeyspace implements Keyspace {
  readonly #entries = new Map<KeyName, Entry>();
  readonly #scan = new ScanIndex<Entry>();
  readonly #expiring = new Set<Entry>();
  readonly #slots: Map<number, Set<KeyName>> | null;
  /** Weak, though counted: the table that a growing Map leaves behind keeps its keys, and these are large. */
  readonly #bufferUses = new WeakMap<ArrayBufferLike, number>();
  readonly #modelUses = new Map<StoredModel, number>();
  readonly #droppedListeners: ((model: StoredModel) => void)[] = [];
  readonly #watchers = new Map<KeyName, Set<() => void>>();
  readonly #timer: NodeJS.Timeout;
  readonly lookups = { hits: 0, misses: 0 };
  activeExpiry = true;
  journal: KeyspaceJournal | null = null;
  #expired = 0;
  #nextSequence = 1;
  /** Time of the last cycle: a look at the clock for every read would cost more than the read. */
  #roughNow = Date.now();
  #bytes = 0;

  /** @param indexSlots whether to keep the keys of each hash slot at hand (cluster mode). */
  constructor(indexSlots: boolean) {
    this.#slots = indexSlots ? new Map() : null;
    this.#timer = setInterval(() => {
      this.#roughNow = Date.now();
      if (this.activeExpiry) this.#expireSome();
    }, EXPIRY_INTERVAL_MS).unref();
  }

  get size(): number {
    return this.#entries.size;
  }

  get expiring(): number {
    return this.#expiring.size;
  }

  get usedBytes(): number {
    return this.#bytes;
  }

  get expired(): number {
    return this.#expired;
  }

  get averageTtlMs(): number {
    let seen = 0;
    let sum = 0;
    const now = Date.now();
    for (const entry of this.#expiring) {
      if (seen++ >= TTL_SAMPLE) break;
      sum += Math.max(0, (entry.expiresAt as number) - now);
    }
    return seen === 0 ? 0 : Math.round(sum / Math.min(seen, TTL_SAMPLE));
  }

  get(key: KeyName): StoredValue | undefined {
    const entry = this.#live(key);
    if (entry === undefined) {
      this.lookups.misses++;
      return undefined;
    }
    this.lookups.hits++;
    entry.accessedAt = this.#roughNow;
    return entry.value;
  }

  peek(key: KeyName): StoredValue | undefined {
    return this.#live(key)?.value;
  }

  bytesOf(key: KeyName): number | undefined {
    const entry = this.#live(key);
    if (entry === undefined) return undefined;
    const buffer = bufferOf(entry.value);
    const share = buffer === undefined ? 0 : buffer.byteLength / (this.#bufferUses.get(buffer) ?? 1);
    return ENTRY_OVERHEAD_BYTES + key.length + entry.collectionBytes + Math.round(share);
  }

  set(key: KeyName, value: StoredValue, keepExpiry = false): void {
    const entry = this.#live(key);
    if (entry === undefined) {
      this.#insert(key, value);
      return;
    }
    this.#retain(value);
    this.#release(entry.value);
    entry.value = value;
    entry.accessedAt = this.#roughNow;
    this.#countCollection(entry);
    if (!keepExpiry) this.#setExpiry(entry, undefined);
    this.journal?.put(key);
    this.#notify(key);
  }

  changed(key: KeyName): void {
    const entry = this.#live(key);
    if (entry === undefined) return;
    if (collectionOf(entry.value)?.length === 0) {
      this.#remove(entry);
      return;
    }
    this.#countCollection(entry);
    this.journal?.changed(key);
    this.#notify(key);
  }

  delete(key: KeyName): boolean {
    const entry = this.#live(key);
    if (entry === undefined) return false;
    this.#remove(entry);
    return true;
  }

  expiryOf(key: KeyName): number | undefined {
    return this.#live(key)?.expiresAt;
  }

  setExpiry(key: KeyName, at: number | undefined): void {
    const entry = this.#live(key);
    if (entry === undefined) return;
    if (at !== undefined && at <= Date.now()) this.#remove(entry);
    else {
      this.#setExpiry(entry, at);
      this.journal?.expiry(key);
      this.#notify(key);
    }
  }

  idleSeconds(key: KeyName): number | undefined {
    const entry = this.#live(key);
    return entry === undefined ? undefined : Math.max(0, Math.floor((Date.now() - entry.accessedAt) / 1000));
  }

  randomKey(): KeyName | undefined {
    for (let entry = this.#scan.random(); entry !== undefined; entry = this.#scan.random()) {
      // One that has expired is removed here, so that this ends.
      if (this.#live(entry.key) !== undefined) return entry.key;
    }
    return undefined;
  }

  *keys(): Iterable<KeyName> {
    for (const key of [...this.#entries.keys()]) if (this.#live(key) !== undefined) yield key;
  }

  scan(cursor: number, count: number): ScanPage {
    const page = this.#scan.page(cursor, count);
    const keys = page.items.filter((e) => this.#live(e.key) !== undefined).map((e) => e.key);
    return { cursor: page.cursor, keys };
  }

  clear(): void {
    const { journal } = this;
    this.journal = null;
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
    this.journal = journal;
    journal?.cleared();
  }

  /** What is under the key now, expired or not. */
  contentOf(
    key: KeyName,
  ): { readonly value: StoredValue; readonly expiresAt: number | undefined } | undefined {
    return this.#entries.get(key);
  }

  watch(key: KeyName, listener: () => void): () => void {
    const listeners = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#watchers.get(key) === listeners) this.#watchers.delete(key);
    };
  }

  countInSlot(slot: number): number {
    return this.#slots?.get(slot)?.size ?? 0;
  }

  keysInSlot(slot: number, limit: number): KeyName[] {
    const keys = this.#slots?.get(slot);
    return keys === undefined ? [] : [...keys].slice(0, limit);
  }

  onModelDropped(listener: (model: StoredModel) => void): void {
    this.#droppedListeners.push(listener);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #live(key: KeyName): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry?.expiresAt === undefined || entry.expiresAt > Date.now()) return entry;
    this.#expired++;
    this.#remove(entry);
    return undefined;
  }

  #insert(key: KeyName, value: StoredValue): void {
    const slot = this.#slots === null ? 0 : slotOf(Buffer.from(key, 'latin1'));
    const entry: Entry = {
      key,
      sequence: this.#nextSequence++,
      value,
      collectionBytes: 0,
      expiresAt: undefined,
      accessedAt: this.#roughNow,
      slot,
    };
    this.#entries.set(key, entry);
    this.#scan.add(entry);
    this.#retain(value);
    this.#bytes += ENTRY_OVERHEAD_BYTES + key.length;
    this.#countCollection(entry);
    if (this.#slots !== null) {
      const inSlot = this.#slots.get(slot);
      if (inSlot === undefined) this.#slots.set(slot, new Set([key]));
      else inSlot.add(key);
    }
    this.journal?.put(key);
    this.#notify(key);
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#scan.remove(entry);
    this.#expiring.delete(entry);
    this.#bytes -= ENTRY_OVERHEAD_BYTES + entry.key.length;
    const inSlot = this.#slots?.get(entry.slot);
    inSlot?.delete(entry.key);
    if (inSlot?.size === 0) this.#slots?.delete(entry.slot);
    this.#release(entry.value);
    this.#bytes -= entry.collectionBytes;
    entry.value = REMOVED;
    this.journal?.removed(entry.key);
    this.#notify(entry.key);
  }

  #countCollection(entry: Entry): void {
    const bytes = collectionOf(entry.value)?.bytes ?? 0;
    this.#bytes += bytes - entry.collectionBytes;
    entry.collectionBytes = bytes;
  }

  #notify(key: KeyName): void {
    if (this.#watchers.size === 0) return;
    const listeners = this.#watchers.get(key);
    if (listeners !== undefined) for (const listener of [...listeners]) listener();
  }

  #setExpiry(entry: Entry, at: number | undefined): void {
    entry.expiresAt = at;
    if (at === undefined) this.#expiring.delete(entry);
    else this.#expiring.add(entry);
  }

  #retain(value: StoredValue): void {
    if (value.type === 'model') count(this.#modelUses, value.model, 1);
    const buffer = bufferOf(value);
    if (buffer === undefined) return;
    if (count(this.#bufferUses, buffer, 1) === 1) this.#bytes += buffer.byteLength;
  }

  #release(value: StoredValue): void {
    const buffer = bufferOf(value);
    if (buffer !== undefined && count(this.#bufferUses, buffer, -1) === 0) this.#bytes -= buffer.byteLength;
    if (value.type === 'model' && count(this.#modelUses, value.model, -1) === 0) {
      for (const listener of this.#droppedListeners) listener(value.model);
    }
  }

  /** Like Redis's active cycle: sample, and go on while a good part of the sample had expired. */
  #expireSome(): void {
    const now = Date.now();
    const until = now + EXPIRY_INTERVAL_MS / 4;
    for (let found = EXPIRY_SAMPLE; found * 4 > EXPIRY_SAMPLE && Date.now() < until; ) {
      found = 0;
      let seen = 0;
      for (const entry of this.#expiring) {
        if (seen++ >= EXPIRY_SAMPLE) break;
        if ((entry.expiresAt as number) <= now) {
          found++;
          this.#expired++;
          this.#remove(entry);
        } else {
          // To the back of the line, so that the next sample sees others.
          this.#expiring.delete(entry);
          this.#expiring.add(entry);
        }
      }
    }
  }
}

function count<K extends object>(uses: Uses<K>, key: K, by: number): number {
  const now = (uses.get(key) ?? 0) + by;
  if (now === 0) uses.delete(key);
  else uses.set(key, now);
  return now;
}

/** The buffer of a value that never changes. */
function bufferOf(value: StoredValue): ArrayBufferLike | undefined {
  switch (value.type) {
    case 'string':
      return value.bytes.buffer;
    case 'tensor':
      return value.tensor.buffer;
    case 'model':
      return value.model.blob.buffer;
    case 'script':
      return value.script.source.buffer;
    default:
      return undefined;
  }
}
