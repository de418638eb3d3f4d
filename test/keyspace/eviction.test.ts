import { describe, expect, test } from 'vitest';
import { EmbeddedKeyspace } from '../../src/keyspace/embedded/embedded-keyspace.ts';
import { Random } from '../support/differential.ts';
import { text } from './keyspace-contract.ts';

function open(seed: number): { keyspace: EmbeddedKeyspace; random: Random } {
  const random = new Random(seed);
  return { keyspace: new EmbeddedKeyspace(false, () => random.next()), random };
}

/** Like `redis-cli --lru-test`: keys drawn by a power law through a cache that holds a part of them. @returns the share of misses. */
function missRate(cache: { get(key: string): boolean; put(key: string): void }, keys: number): number {
  const random = new Random(3);
  let misses = 0;
  const draws = 60_000;
  for (let i = 0; i < draws; i++) {
    const key = `k${Math.floor(keys * random.next() ** 6)}`;
    if (cache.get(key)) continue;
    misses++;
    cache.put(key);
  }
  return misses / draws;
}

function approximate(capacity: number, samples: number) {
  const { keyspace } = open(1);
  return {
    get: (key: string) => keyspace.get(key) !== undefined,
    put(key: string) {
      keyspace.set(key, text('v'));
      if (keyspace.size > capacity) keyspace.evict('allkeys-lru', samples);
    },
    close: () => keyspace.close(),
  };
}

function exact(capacity: number) {
  const keys = new Set<string>();
  return {
    get(key: string) {
      if (!keys.delete(key)) return false;
      keys.add(key);
      return true;
    },
    put(key: string) {
      keys.add(key);
      const [oldest] = keys;
      if (keys.size > capacity) keys.delete(oldest as string);
    },
  };
}

describe('allkeys-lru', () => {
  test.each([
    [5, 0.006],
    [10, 0.003],
  ])(
    'with %d samples is close to an exact order: misses are at most %d of all reads more',
    (samples, more) => {
      const cache = approximate(1000, samples);
      const least = missRate(exact(1000), 10_000);
      const misses = missRate(cache, 10_000);
      cache.close();
      expect(least).toBeGreaterThan(0.2);
      expect(misses - least).toBeLessThan(more);
      expect(misses - least).toBeGreaterThan(-0.003);
    },
  );

  test('keeps what is used among what is not, of any age, when most keys have come and gone', () => {
    const { keyspace, random } = open(2);
    // The keys that are used lie far apart in the order in which keys came.
    const used: string[] = [];
    for (let i = 0; i < 40_000; i++) {
      const key = `k${i}`;
      keyspace.set(key, text('v'));
      if (i % 80 === 0) used.push(key);
      for (let k = 0; k < 6; k++) keyspace.get(random.pick(used));
      if (keyspace.size > 2000) keyspace.evict('allkeys-lru', 5);
    }
    const left = used.filter((key) => keyspace.peek(key) !== undefined).length;
    keyspace.close();
    expect(used.length).toBe(500);
    expect(left).toBeGreaterThan(495);
  });
});

test('volatile-ttl takes the next to expire, nearly', () => {
  const { keyspace } = open(4);
  const at = Date.now() + 3_600_000;
  for (let i = 0; i < 4000; i++) {
    keyspace.set(`k${i}`, text('v'));
    if (i % 2 === 0) keyspace.setExpiry(`k${i}`, at + i);
  }
  for (let i = 0; i < 1000; i++) keyspace.evict('volatile-ttl', 5);
  const present = (key: string) => keyspace.peek(key) !== undefined;
  const names = Array.from({ length: 4000 }, (_, i) => `k${i}`);
  const lateHalf = names.filter((_, i) => i % 2 === 0 && i >= 2000 && present(`k${i}`)).length;
  const permanent = names.filter((key, i) => i % 2 === 1 && present(key)).length;
  keyspace.close();
  expect(permanent).toBe(2000);
  expect(lateHalf).toBeGreaterThan(880);
});

test('allkeys-random takes each key about as often', () => {
  const { keyspace } = open(5);
  for (let i = 0; i < 4000; i++) keyspace.set(`k${i}`, text('v'));
  for (let i = 0; i < 2000; i++) keyspace.evict('allkeys-random', 5);
  const left = [...keyspace.keys()].map((key) => Math.floor(Number(key.slice(1)) / 1000));
  keyspace.close();
  for (let quarter = 0; quarter < 4; quarter++) {
    const count = left.filter((other) => other === quarter).length;
    // 500, and six standard deviations (16) to both sides.
    expect(Math.abs(count - 500)).toBeLessThan(100);
  }
});

test('keys whose value is on the disk alone stay, until it has come in', () => {
  const { keyspace } = open(6);
  const value = text('from the disk');
  const progress = { startedAt: 0, totalKeys: 2, loadedKeys: 0 };
  keyspace.startLoading({ find: () => undefined, read: () => value }, progress);
  for (const key of ['cold', 'asked']) {
    keyspace.adopt(key, { value: { type: 'onDisk', of: 'string' }, expiresAt: Date.now() + 3_600_000 });
  }
  keyspace.loaded();
  keyspace.set('here', text('v'));
  expect(keyspace.get('asked')).toBe(value);
  const evicted = () => keyspace.evict('allkeys-lru', 20);
  expect([evicted(), evicted(), evicted()]).toEqual([true, true, false]);
  expect([...keyspace.keys()]).toEqual(['cold']);
  expect(keyspace.evict('volatile-ttl', 20)).toBe(false);
  expect(keyspace.get('cold')).toBe(value);
  expect(keyspace.evict('volatile-ttl', 20)).toBe(true);
  expect(keyspace.usedBytes).toBe(0);
  keyspace.close();
});
