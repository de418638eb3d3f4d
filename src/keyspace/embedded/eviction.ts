import type { EvictionPolicy } from '../eviction-policy.ts';
import { DrawList } from './draw-list.ts';

/** What eviction needs to know of a key, and what it notes there. */
export interface Evictable {
  readonly value: { readonly type: string };
  /** Unix time in ms. */
  readonly expiresAt: number | undefined;
  /** The greater, the more recently. */
  readonly accessedAt: number;
  place: number;
  expiringPlace: number;
}

interface Ranked<E> {
  readonly entry: E;
  readonly rank: number;
}

/** Candidates that are remembered from one choice to the next, as in Redis. */
const POOL_SIZE = 16;

/**
 * Chooses the keys that make room, as Redis does: each time it draws a few keys, keeps the best of all that it has seen in a small pool, and
 * takes the best of those. So it comes close to the right one without an order of all keys. Keys whose value is on the disk alone are left
 * alone: without them there would be hardly more memory.
 */
export class Eviction<E extends Evictable> {
  readonly #random: () => number;
  readonly #all = new DrawList<'place', E>('place');
  readonly #expiring = new DrawList<'expiringPlace', E>('expiringPlace');
  /** The next to go first. */
  #pool: Ranked<E>[] = [];
  #policy: EvictionPolicy = 'noeviction';

  /** @param random gives numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** To be called when a key is new, has another expiry, or its value has come in. */
  update(entry: E): void {
    const isHere = entry.value.type !== 'onDisk';
    if (isHere !== this.#all.has(entry)) {
      if (isHere) this.#all.add(entry);
      else this.#all.remove(entry);
    }
    const canExpire = isHere && entry.expiresAt !== undefined;
    if (canExpire !== this.#expiring.has(entry)) {
      if (canExpire) this.#expiring.add(entry);
      else this.#expiring.remove(entry);
    }
  }

  remove(entry: E): void {
    if (this.#all.has(entry)) this.#all.remove(entry);
    if (this.#expiring.has(entry)) this.#expiring.remove(entry);
  }

  /** The key to evict next, or one that has expired; undefined where the policy has none. @param samples keys to draw. */
  choose(policy: EvictionPolicy, samples: number): E | undefined {
    if (policy === 'noeviction') return undefined;
    if (policy !== this.#policy) {
      this.#pool = [];
      this.#policy = policy;
    }
    const draw = () => (policy.startsWith('allkeys') ? this.#all : this.#expiring).draw(this.#random());
    if (policy.endsWith('random')) return draw();
    const now = Date.now();
    // Ends where there is a key: whatever is drawn is as it ranks.
    while (true) {
      for (let i = 0; i < samples; i++) {
        const entry = draw();
        if (entry === undefined) return undefined;
        if (entry.expiresAt !== undefined && entry.expiresAt <= now) return entry;
        this.#consider(entry);
      }
      for (let best = this.#pool.shift(); best !== undefined; best = this.#pool.shift()) {
        if (this.#rankOf(best.entry) === best.rank) return best.entry;
      }
    }
  }

  #consider(entry: E): void {
    const rank = this.#rankOf(entry);
    const pool = this.#pool;
    if (rank === undefined || (pool.length === POOL_SIZE && rank >= (pool.at(-1) as Ranked<E>).rank)) return;
    if (pool.some((other) => other.entry === entry && other.rank === rank)) return;
    let at = pool.length;
    while (at > 0 && (pool[at - 1] as Ranked<E>).rank > rank) at--;
    pool.splice(at, 0, { entry, rank });
    if (pool.length > POOL_SIZE) pool.pop();
  }

  /** The lower, the sooner it goes; undefined where the policy leaves it alone, or it is gone. */
  #rankOf(entry: E): number | undefined {
    const list = this.#policy.startsWith('allkeys') ? this.#all : this.#expiring;
    if (!list.has(entry)) return undefined;
    return this.#policy === 'volatile-ttl' ? entry.expiresAt : entry.accessedAt;
  }
}
