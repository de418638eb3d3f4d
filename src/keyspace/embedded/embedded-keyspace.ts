import slotOf from 'cluster-key-slot';
import type { Runnable } from '../../backends/model.ts';
import { errors } from '../../errors.ts';
import type { EvictionPolicy } from '../eviction-policy.ts';
import type {
  KeyName,
  Keyspace,
  LoadProgress,
  ScanPage,
  StoredValue,
  TypeCounts,
  ValueType,
} from '../keyspace.ts';
import { collectionOf } from '../values/operations.ts';
import { Eviction } from './eviction.ts';
import { ScanIndex } from './scan-index.ts';
import { ownBytes } from './value-size.ts';
import { ValueUses } from './value-uses.ts';

/** Stands for a value that has not been asked for since the start, and is still on the disk alone. */
export interface OnDisk {
  readonly type: 'onDisk';
  readonly of: ValueType;
}

/** A value or its place, and when it expires: Unix time in ms. */
export interface Content {
  readonly value: StoredValue | OnDisk;
  readonly expiresAt: number | undefined;
}

/** What an earlier process has left on the disk. */
export interface KeyspaceSource {
  /** Asked for keys that are not here while loading. */
  find(key: KeyName): Content | undefined;
  /** The value of a key whose content is `OnDisk`. @throws Error where it cannot be read. */
  read(key: KeyName): StoredValue;
}

interface Entry {
  readonly key: KeyName;
  /** Given once, rising; SCAN walks it downwards. */
  readonly sequence: number;
  value: StoredValue | OnDisk;
  /** Bytes counted for the value when it was last looked at, its buffer apart. */
  ownBytes: number;
  expiresAt: number | undefined;
  /** Unix time in ms, as exact as the expiry cycle's interval; in between, a count that rises with each access. */
  accessedAt: number;
  readonly slot: number;
  place: number;
  expiringPlace: number;
}

/** Rough cost of an entry outside of its bytes: the Map slot, the objects and the index, measured on a million small keys. */
const ENTRY_OVERHEAD_BYTES = 220;
const EXPIRY_INTERVAL_MS = 100;
const EXPIRY_SAMPLE = 20;
/** Keys that the average time to live is taken from. */
const TTL_SAMPLE = 100;
/** What the clock moves with each access, in ms: small, but one that a double of that size holds, so that accesses have an order within a cycle. */
const CLOCK_STEP_MS = 2 ** -11;

/** What a removed entry holds: tables that a Map has outgrown refer to entries for a while, and would keep their bytes. */
const REMOVED: StoredValue = { type: 'string', bytes: new Uint8Array(0) };

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
  readonly #eviction: Eviction<Entry>;
  readonly #slots: Map<number, Set<KeyName>> | null;
  readonly #uses = new ValueUses();
  readonly #watchers = new Map<KeyName, Set<() => void>>();
  readonly #timer: NodeJS.Timeout;
  readonly lookups = { hits: 0, misses: 0 };
  activeExpiry = true;
  journal: KeyspaceJournal | null = null;
  #source: KeyspaceSource | null = null;
  /** Not null while keys of the source may still be missing here. */
  #loading: { readonly progress: LoadProgress; readonly removed: Set<KeyName> } | null = null;
  #expired = 0;
  #evicted = 0;
  #nextSequence = 1;
  /** Time of the last cycle, and a step for each access: a look at the clock for every read would cost more than the read. */
  #clock = Date.now();
  /** Of entries and values, their buffers apart. */
  #bytes = 0;

  /**
   * @param indexSlots whether to keep the keys of each hash slot at hand (cluster mode).
   * @param random gives numbers in [0, 1), for eviction.
   */
  constructor(indexSlots: boolean, random: () => number = Math.random) {
    this.#slots = indexSlots ? new Map() : null;
    this.#eviction = new Eviction(random);
    this.#timer = setInterval(() => {
      this.#clock = Math.max(this.#clock, Date.now());
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
    return this.#bytes + this.#uses.bytes;
  }

  get byType(): Readonly<TypeCounts> {
    return this.#uses.byType;
  }

  get expired(): number {
    return this.#expired;
  }

  get evicted(): number {
    return this.#evicted;
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

  get loading(): LoadProgress | null {
    return this.#loading?.progress ?? null;
  }

  /** Keys that are asked for are fetched from the source from now on; `adopt` brings the others, `loaded` ends it. */
  startLoading(source: KeyspaceSource, progress: LoadProgress): void {
    this.#source = source;
    this.#loading = { progress, removed: new Set() };
  }

  /** Takes a key from the source, unless it is here already or was removed since. */
  adopt(key: KeyName, content: Content): void {
    if (this.#entries.has(key) || this.#loading?.removed.has(key) !== false) return;
    this.#add(key, content.value, content.expiresAt);
  }

  loaded(): void {
    this.#loading = null;
  }

  /** Forgets all keys without removing them: they are to be loaded again. */
  forget(): void {
    const { journal } = this;
    this.journal = null;
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
    this.journal = journal;
  }

  get(key: KeyName): StoredValue | undefined {
    const entry = this.#live(key);
    if (entry === undefined) {
      this.lookups.misses++;
      return undefined;
    }
    this.lookups.hits++;
    entry.accessedAt = this.#tick();
    return this.#valueOf(entry);
  }

  peek(key: KeyName): StoredValue | undefined {
    const entry = this.#live(key);
    return entry === undefined ? undefined : this.#valueOf(entry);
  }

  typeOf(key: KeyName): ValueType | undefined {
    const value = this.#live(key)?.value;
    return value?.type === 'onDisk' ? value.of : value?.type;
  }

  bytesOf(key: KeyName): number | undefined {
    const entry = this.#live(key);
    if (entry === undefined) return undefined;
    const share = this.#uses.shareOf(this.#valueOf(entry));
    return ENTRY_OVERHEAD_BYTES + key.length + entry.ownBytes + share;
  }

  set(key: KeyName, value: StoredValue, keepExpiry = false): void {
    const entry = this.#live(key);
    if (entry === undefined) {
      this.#insert(key, value);
      return;
    }
    this.#uses.retain(value);
    this.#uses.release(entry.value);
    entry.value = value;
    entry.accessedAt = this.#tick();
    this.#valueChanged(entry);
    if (!keepExpiry) this.#setExpiry(entry, undefined);
    this.journal?.put(key);
    this.#notify(key);
  }

  changed(key: KeyName): void {
    const entry = this.#live(key);
    if (entry === undefined) return;
    if (collectionOf(this.#valueOf(entry))?.length === 0) {
      this.#remove(entry);
      return;
    }
    this.#valueChanged(entry);
    this.journal?.changed(key);
    this.#notify(key);
  }

  delete(key: KeyName): boolean {
    const entry = this.#live(key);
    if (entry === undefined) return false;
    this.#remove(entry);
    return true;
  }

  evict(policy: EvictionPolicy, samples: number): boolean {
    const entry = this.#eviction.choose(policy, samples);
    if (entry === undefined) return false;
    // One that has expired goes by that.
    if (this.#live(entry.key) === undefined) return true;
    this.#evicted++;
    this.#remove(entry);
    return true;
  }

  hold(buffers: readonly ArrayBufferLike[]): () => void {
    for (const buffer of buffers) this.#uses.use(buffer, 1);
    return () => {
      for (const buffer of buffers) this.#uses.use(buffer, -1);
    };
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
    this.#assertLoaded();
    for (let entry = this.#scan.random(); entry !== undefined; entry = this.#scan.random()) {
      // One that has expired is removed here, so that this ends.
      if (this.#live(entry.key) !== undefined) return entry.key;
    }
    return undefined;
  }

  *keys(): Iterable<KeyName> {
    this.#assertLoaded();
    for (const key of [...this.#entries.keys()]) if (this.#live(key) !== undefined) yield key;
  }

  scan(cursor: number, count: number): ScanPage {
    this.#assertLoaded();
    const page = this.#scan.page(cursor, count);
    const keys = page.items.filter((e) => this.#live(e.key) !== undefined).map((e) => e.key);
    return { cursor: page.cursor, keys };
  }

  clear(): void {
    this.#assertLoaded();
    this.forget();
    this.journal?.cleared();
  }

  /** What is under the key now, expired or not. */
  contentOf(key: KeyName): Content | undefined {
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
    this.#assertLoaded();
    return this.#slots?.get(slot)?.size ?? 0;
  }

  keysInSlot(slot: number, limit: number): KeyName[] {
    this.#assertLoaded();
    const keys = this.#slots?.get(slot);
    return keys === undefined ? [] : [...keys].slice(0, limit);
  }

  onModelDropped(listener: (model: Runnable) => void): void {
    this.#uses.onModelDropped(listener);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #live(key: KeyName): Entry | undefined {
    const entry = this.#entries.get(key) ?? (this.#loading === null ? undefined : this.#fetch(key));
    if (entry?.expiresAt === undefined || entry.expiresAt > Date.now()) return entry;
    this.#expired++;
    this.#remove(entry);
    return undefined;
  }

  #fetch(key: KeyName): Entry | undefined {
    if (this.#loading?.removed.has(key) === true) return undefined;
    const content = this.#source?.find(key);
    return content === undefined ? undefined : this.#add(key, content.value, content.expiresAt);
  }

  #valueOf(entry: Entry): StoredValue {
    if (entry.value.type !== 'onDisk') return entry.value;
    const value = this.#read(entry.key);
    this.#uses.retain(value);
    this.#uses.release(entry.value);
    entry.value = value;
    this.#valueChanged(entry);
    return value;
  }

  #read(key: KeyName): StoredValue {
    try {
      return (this.#source as KeyspaceSource).read(key);
    } catch (error) {
      throw errors.unreadableValue((error as Error).message);
    }
  }

  /** @throws ServerError where an answer would leave out what is still to come. */
  #assertLoaded(): void {
    if (this.#loading !== null) throw errors.loading();
  }

  #insert(key: KeyName, value: StoredValue): void {
    this.#add(key, value, undefined);
    this.journal?.put(key);
    this.#notify(key);
  }

  #add(key: KeyName, value: StoredValue | OnDisk, expiresAt: number | undefined): Entry {
    const slot = this.#slots === null ? 0 : slotOf(Buffer.from(key, 'latin1'));
    const entry: Entry = {
      key,
      sequence: this.#nextSequence++,
      value,
      ownBytes: 0,
      expiresAt,
      accessedAt: this.#tick(),
      slot,
      place: -1,
      expiringPlace: -1,
    };
    this.#entries.set(key, entry);
    this.#scan.add(entry);
    this.#uses.retain(value);
    this.#bytes += ENTRY_OVERHEAD_BYTES + key.length;
    this.#valueChanged(entry);
    if (this.#slots !== null) {
      const inSlot = this.#slots.get(slot);
      if (inSlot === undefined) this.#slots.set(slot, new Set([key]));
      else inSlot.add(key);
    }
    if (expiresAt !== undefined) this.#expiring.add(entry);
    return entry;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#scan.remove(entry);
    this.#expiring.delete(entry);
    this.#eviction.remove(entry);
    this.#bytes -= ENTRY_OVERHEAD_BYTES + entry.key.length;
    const inSlot = this.#slots?.get(entry.slot);
    inSlot?.delete(entry.key);
    if (inSlot?.size === 0) this.#slots?.delete(entry.slot);
    this.#uses.release(entry.value);
    this.#bytes -= entry.ownBytes;
    entry.value = REMOVED;
    this.#loading?.removed.add(entry.key);
    this.journal?.removed(entry.key);
    this.#notify(entry.key);
  }

  #valueChanged(entry: Entry): void {
    const bytes = ownBytes(entry.value);
    this.#bytes += bytes - entry.ownBytes;
    entry.ownBytes = bytes;
    this.#eviction.update(entry);
  }

  #tick(): number {
    this.#clock += CLOCK_STEP_MS;
    return this.#clock;
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
    this.#eviction.update(entry);
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
