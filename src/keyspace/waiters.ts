import type { KeyName, Keyspace } from './keyspace.ts';

/** Takes what it can from what the key now holds, and ends its wait where it did. */
export type Attempt = (key: KeyName) => void;

interface Queue {
  /** In the order in which they began to wait. */
  readonly attempts: Set<Attempt>;
  readonly unwatch: () => void;
}

/**
 * Those who wait for keys to hold something. Who began first is served first, for each key. Nobody is served while a command runs: the
 * keys that it changes are noted, in order, and their waiters tried behind it, so what a transaction pushes can be pushed over and taken
 * back before anybody sees it.
 */
export class Waiters {
  readonly #keyspace: Keyspace;
  readonly #queues = new Map<KeyName, Queue>();
  readonly #changed = new Set<KeyName>();
  #count = 0;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** How many wait. */
  get size(): number {
    return this.#count;
  }

  /** Puts the attempt at the end of each key's queue. @returns a function that ends the wait. */
  wait(keys: readonly KeyName[], attempt: Attempt): () => void {
    for (const key of keys) this.#queueOf(key).attempts.add(attempt);
    this.#count++;
    let waits = true;
    return () => {
      if (!waits) return;
      waits = false;
      this.#count--;
      for (const key of keys) this.#leave(key, attempt);
    };
  }

  /** Tries the waiters of all keys that changed since the last call, and of those that they change in turn. */
  serve(): void {
    for (const key of this.#changed) {
      // Before the attempts: whatever they change has to be looked at again.
      this.#changed.delete(key);
      for (const attempt of this.#queues.get(key)?.attempts ?? []) {
        if (this.#keyspace.get(key) === undefined) break;
        attempt(key);
      }
    }
  }

  #queueOf(key: KeyName): Queue {
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = { attempts: new Set(), unwatch: this.#keyspace.watch(key, () => this.#note(key)) };
      this.#queues.set(key, queue);
    }
    return queue;
  }

  #note(key: KeyName): void {
    // Changes by commands are served right behind them; this is for those that come from elsewhere.
    if (this.#changed.size === 0) queueMicrotask(() => this.serve());
    this.#changed.add(key);
  }

  #leave(key: KeyName, attempt: Attempt): void {
    const queue = this.#queues.get(key);
    if (queue === undefined) return;
    queue.attempts.delete(attempt);
    if (queue.attempts.size > 0) return;
    queue.unwatch();
    this.#queues.delete(key);
  }
}
