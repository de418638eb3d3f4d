import type { KeyName, StoredValue } from '../keyspace.ts';
import type { Header } from './stored-value.ts';

interface Cached {
  readonly value: StoredValue;
  readonly bytes: number;
  /** Keys that had this value when they were last looked at. */
  readonly keys: Set<KeyName>;
}

/**
 * Values that were read from Redis or written to it, by their headers: they never change, so they are never wrong. Which header a key has is a
 * hint only. Beyond the limit those that were not used for longest go.
 */
export class ValueCache {
  readonly #values = new Map<Header, Cached>();
  readonly #headers = new Map<KeyName, Header>();
  readonly maxBytes: number;
  readonly #dropped: (value: StoredValue) => void;
  #bytes = 0;

  constructor(maxBytes: number, dropped: (value: StoredValue) => void) {
    this.maxBytes = maxBytes;
    this.#dropped = dropped;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#values.size;
  }

  /** What the key's value began with when it was last seen. */
  hint(key: KeyName): Header | undefined {
    return this.#headers.get(key);
  }

  get(header: Header): StoredValue | undefined {
    const cached = this.#values.get(header);
    if (cached === undefined) return undefined;
    this.#values.delete(header);
    this.#values.set(header, cached);
    return cached.value;
  }

  /** The value that begins with the header, where it is at hand: the key is noted to have it. */
  takeAs(key: KeyName, header: Header): StoredValue | undefined {
    const cached = this.#values.get(header);
    if (cached === undefined) return undefined;
    this.put(key, header, cached.value, cached.bytes);
    return this.get(header);
  }

  /** What the key had when it was last seen. */
  known(key: KeyName): StoredValue | undefined {
    const header = this.#headers.get(key);
    return header === undefined ? undefined : this.#values.get(header)?.value;
  }

  /** Notes that the key has a value. @param bytes that it is long. */
  put(key: KeyName, header: Header, value: StoredValue, bytes: number): void {
    this.forget(key);
    let cached = this.#values.get(header);
    if (cached === undefined) {
      cached = { value, bytes, keys: new Set() };
      this.#values.set(header, cached);
      this.#bytes += bytes;
    }
    cached.keys.add(key);
    this.#headers.set(key, header);
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= this.maxBytes || oldest === header) break;
      this.#drop(oldest);
    }
  }

  /** Notes that the key has another value, or none. */
  forget(key: KeyName): void {
    const header = this.#headers.get(key);
    if (header === undefined) return;
    this.#headers.delete(key);
    this.#values.get(header)?.keys.delete(key);
  }

  #drop(header: Header): void {
    const cached = this.#values.get(header) as Cached;
    this.#values.delete(header);
    this.#bytes -= cached.bytes;
    for (const key of cached.keys) this.#headers.delete(key);
    this.#dropped(cached.value);
  }
}
