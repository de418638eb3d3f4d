import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Runnable, StoredModel } from '../../src/backends/model.ts';
import type { EvictionPolicy } from '../../src/keyspace/eviction-policy.ts';
import type { Keyspace, StoredValue } from '../../src/keyspace/keyspace.ts';
import { HashValue } from '../../src/keyspace/values/hash-value.ts';
import { zeroTensor } from '../../src/tensors/tensor.ts';

/** All 256 byte values in one key. */
export const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');

const HOUR_MS = 3_600_000;

export function text(value: string): StoredValue {
  return { type: 'string', bytes: Uint8Array.from(Buffer.from(value)) };
}

function tensor(bytes: number): Extract<StoredValue, { type: 'tensor' }> {
  return { type: 'tensor', tensor: zeroTensor('UINT8', [bytes]) };
}

function model(bytes: number): StoredValue & { model: StoredModel } {
  return {
    type: 'model',
    model: {
      id: 1,
      backend: 'ONNX',
      device: 'CPU',
      tag: new Uint8Array(0),
      batching: { batchSize: 0, minBatchSize: 0, minBatchTimeoutMs: 0 },
      inputs: [],
      outputs: [],
      blob: new Uint8Array(new SharedArrayBuffer(bytes)),
      statistics: { durationUs: 0, samples: 0, calls: 0, errors: 0 },
    },
  };
}

const ODD_KEYS = ['', ...ALL_BYTES, ALL_BYTES, '\xc3\xa9', '\xe9', '__proto__', 'constructor'];

/**
 * What a keyspace does with values, be it all keys of a node or those that one command names.
 * @param open makes one where all of the keys are absent.
 */
export function valuesContract(engine: string, open: (keys: readonly string[]) => Keyspace): void {
  describe(`values, ${engine}`, () => {
    let keyspace: Keyspace;
    beforeEach(() => {
      keyspace = open(['k', ...ODD_KEYS]);
    });
    afterEach(() => keyspace.close());

    test('a value is what was set last, until it is deleted', () => {
      const first = model(4);
      const second = tensor(4);
      expect([keyspace.get('k'), keyspace.typeOf('k')]).toEqual([undefined, undefined]);
      keyspace.set('k', first);
      expect([keyspace.get('k'), keyspace.typeOf('k')]).toEqual([first, 'model']);
      keyspace.set('k', second);
      expect(keyspace.get('k')).toBe(second);
      expect(keyspace.peek('k')).toBe(second);
      expect([keyspace.delete('k'), keyspace.delete('k')]).toEqual([true, false]);
      expect(keyspace.get('k')).toBeUndefined();
    });

    test('keys are any bytes, the empty key too, and none is mistaken for another', () => {
      const keys = [...new Set(ODD_KEYS)];
      keys.forEach((key, i) => {
        keyspace.set(key, tensor(i));
      });
      expect(new Set(keyspace.keys())).toEqual(new Set(keys));
      for (const [i, key] of keys.entries()) expect(keyspace.get(key)).toEqual(tensor(i));
      for (const key of keys) expect(keyspace.delete(key)).toBe(true);
      expect([...keyspace.keys()]).toEqual([]);
    });

    test('what was looked for is counted', () => {
      keyspace.set('k', tensor(1));
      const { hits, misses } = keyspace.lookups;
      for (const key of ['k', 'k', '\xe9']) keyspace.get(key);
      keyspace.peek('k');
      expect([keyspace.lookups.hits - hits, keyspace.lookups.misses - misses]).toEqual([2, 1]);
    });
  });
}

/** What a keyspace that has all keys of a node does. @param open makes an empty one that keeps track of hash slots. */
export function keyspaceContract(engine: string, open: () => Keyspace): void {
  valuesContract(engine, open);
  describe(`keyspace, ${engine}`, () => {
    let keyspace: Keyspace;
    beforeEach(() => {
      keyspace = open();
    });
    afterEach(() => keyspace.close());

    describe('expiry', () => {
      test('is set, read, taken back and lost with the value', () => {
        const at = Date.now() + HOUR_MS;
        keyspace.setExpiry('k', at);
        expect(keyspace.expiryOf('k')).toBeUndefined();
        keyspace.set('k', text('v'));
        keyspace.setExpiry('k', at);
        expect([keyspace.expiryOf('k'), keyspace.expiring]).toEqual([at, 1]);
        keyspace.set('k', text('w'), true);
        expect([keyspace.expiryOf('k'), keyspace.expiring]).toEqual([at, 1]);
        keyspace.set('k', text('x'));
        expect([keyspace.expiryOf('k'), keyspace.expiring]).toEqual([undefined, 0]);
        keyspace.setExpiry('k', at);
        keyspace.setExpiry('k', undefined);
        expect([keyspace.expiryOf('k'), keyspace.expiring]).toEqual([undefined, 0]);
        keyspace.setExpiry('k', at);
        keyspace.delete('k');
        keyspace.set('k', text('y'));
        expect([keyspace.expiryOf('k'), keyspace.expiring]).toEqual([undefined, 0]);
      });

      test('in the past deletes at once', () => {
        keyspace.set('k', text('v'));
        keyspace.setExpiry('k', Date.now() - 1);
        expect([keyspace.get('k'), keyspace.size, keyspace.expiring]).toEqual([undefined, 0, 0]);
      });

      test('that has passed makes a key absent from every answer, and its memory comes back unasked', async () => {
        const before = keyspace.usedBytes;
        const expired = Array.from({ length: 50 }, (_, i) => `gone${i}`);
        for (const key of expired) keyspace.set(key, text('v'));
        keyspace.set('stays', text('v'));
        const at = Date.now() + 2;
        for (const key of expired) keyspace.setExpiry(key, at);
        while (Date.now() < at) await new Promise((resolve) => setImmediate(resolve));
        expect(keyspace.get('gone0')).toBeUndefined();
        expect(keyspace.expiryOf('gone1')).toBeUndefined();
        expect(keyspace.delete('gone2')).toBe(false);
        expect([...keyspace.keys()]).toEqual(['stays']);
        expect(keyspace.scan(0, 1000)).toEqual({ cursor: 0, keys: ['stays'] });
        await vi.waitFor(() => expect([keyspace.size, keyspace.expiring]).toEqual([1, 0]), 5000);
        keyspace.delete('stays');
        expect(keyspace.usedBytes).toBe(before);
      });
    });

    describe('used bytes', () => {
      test('come back to where they were when all is deleted, overwritten or expired', () => {
        const before = keyspace.usedBytes;
        const hash = new HashValue();
        hash.set('field', new Uint8Array(1000));
        const values = [text('a string'), text(''), tensor(100_000), model(50_000).model];
        values.forEach((value, i) => {
          keyspace.set(`k${i}`, 'blob' in value ? { type: 'model', model: value } : value);
        });
        keyspace.set('h', { type: 'hash', hash });
        expect(keyspace.usedBytes - before).toBeGreaterThan(151_000);
        keyspace.set('k2', text('small now'));
        expect(keyspace.usedBytes - before).toBeLessThan(60_000);
        keyspace.set('h', text('no hash any more'));
        for (const key of ['k0', 'k1', 'k2']) keyspace.delete(key);
        keyspace.setExpiry('k3', 1);
        keyspace.clear();
        expect(keyspace.usedBytes).toBe(before);
      });

      test('count a buffer that several values share once', () => {
        const large = tensor(1_000_000);
        keyspace.set('one', large);
        const once = keyspace.usedBytes;
        keyspace.set('two', large);
        expect(keyspace.usedBytes - once).toBeLessThan(1000);
        keyspace.delete('one');
        expect(keyspace.usedBytes).toBe(once);
        keyspace.set('two', large);
        expect(keyspace.usedBytes).toBe(once);
      });

      test('follow a collection that changes in place, which goes when it is empty', () => {
        const before = keyspace.usedBytes;
        const hash = new HashValue();
        hash.set('f', new Uint8Array(10));
        keyspace.set('h', { type: 'hash', hash });
        const small = keyspace.usedBytes;
        hash.set('f', new Uint8Array(10_010));
        keyspace.changed('h');
        expect(keyspace.usedBytes - small).toBe(10_000);
        hash.delete('f');
        keyspace.changed('h');
        expect([keyspace.get('h'), keyspace.usedBytes]).toEqual([undefined, before]);
      });
    });

    describe('held buffers', () => {
      test('count once with those under keys, until the last use ends', () => {
        const before = keyspace.usedBytes;
        const value = tensor(1_000_000);
        const { buffer } = value.tensor;
        keyspace.set('k', value);
        const stored = keyspace.usedBytes;
        const end = keyspace.hold([buffer, buffer]);
        expect(keyspace.usedBytes).toBe(stored);
        keyspace.delete('k');
        expect(keyspace.usedBytes - before).toBeGreaterThanOrEqual(1_000_000);
        keyspace.set('l', value);
        end();
        expect(keyspace.usedBytes).toBe(stored);
        keyspace.delete('l');
        expect(keyspace.usedBytes).toBe(before);
      });
    });

    describe('eviction', () => {
      /** As many samples as there are keys, many times over: each key is seen. */
      const MANY = 2000;
      const evictAll = (policy: EvictionPolicy): string[] => {
        const order: string[] = [];
        for (let before = new Set(keyspace.keys()); keyspace.evict(policy, MANY); ) {
          const after = new Set(keyspace.keys());
          order.push(...[...before].filter((key) => !after.has(key)));
          before = after;
        }
        return order;
      };

      beforeEach(() => {
        for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) keyspace.set(key, text('v'));
        keyspace.setExpiry('b', Date.now() + 3 * HOUR_MS);
        keyspace.setExpiry('d', Date.now() + HOUR_MS);
        keyspace.setExpiry('f', Date.now() + 2 * HOUR_MS);
      });

      test.each<[EvictionPolicy, string[]]>([
        ['noeviction', []],
        ['allkeys-lru', ['c', 'd', 'f', 'b', 'e', 'a']],
        ['volatile-lru', ['d', 'f', 'b']],
        ['volatile-ttl', ['d', 'f', 'b']],
      ])('%s takes %j, in that order', (policy, order) => {
        // Reads and writes count alike, a look does not.
        for (const key of ['d', 'f', 'b', 'e']) keyspace.get(key);
        keyspace.peek('c');
        keyspace.set('a', text('w'));
        if (policy === 'volatile-ttl') for (const key of ['f', 'd']) keyspace.get(key);
        expect(evictAll(policy)).toEqual(order);
        expect([keyspace.evicted, keyspace.expired, keyspace.size]).toEqual([
          ...[order.length, 0, 6 - order.length],
        ]);
      });

      test('allkeys-random takes all keys, volatile-random those that expire', () => {
        expect(evictAll('volatile-random').toSorted()).toEqual(['b', 'd', 'f']);
        expect(evictAll('allkeys-random').toSorted()).toEqual(['a', 'c', 'e']);
      });

      test('a key that is used between two choices is spared, one that no longer expires too', () => {
        expect(keyspace.evict('allkeys-lru', MANY)).toBe(true);
        expect(keyspace.get('a')).toBeUndefined();
        keyspace.get('b');
        expect(keyspace.evict('allkeys-lru', MANY)).toBe(true);
        expect([keyspace.peek('b'), keyspace.peek('c')]).toEqual([text('v'), undefined]);
        expect(keyspace.evict('volatile-ttl', MANY)).toBe(true);
        keyspace.setExpiry('f', undefined);
        expect(evictAll('volatile-ttl')).toEqual(['b']);
        expect([...keyspace.keys()].toSorted()).toEqual(['e', 'f']);
      });

      test.each<EvictionPolicy>(['allkeys-lru', 'volatile-lru', 'volatile-ttl'])(
        '%s takes first what has expired, and counts it as that',
        async (policy) => {
          keyspace.activeExpiry = false;
          const at = Date.now() + 2;
          keyspace.setExpiry('f', at);
          while (Date.now() <= at) await new Promise((resolve) => setImmediate(resolve));
          expect(keyspace.evict(policy, MANY)).toBe(true);
          expect([keyspace.evicted, keyspace.expired, keyspace.size]).toEqual([0, 1, 5]);
        },
      );

      test('is a deletion: memory, models, slots and watchers follow', () => {
        keyspace.clear();
        const before = keyspace.usedBytes;
        const dropped: Runnable[] = [];
        keyspace.onModelDropped((value) => dropped.push(value));
        const value = model(10_000);
        keyspace.set('foo', value);
        let heard = 0;
        keyspace.watch('foo', () => heard++);
        expect(keyspace.evict('allkeys-lru', 5)).toBe(true);
        expect([dropped, heard, keyspace.usedBytes]).toEqual([[value.model], 1, before]);
        expect([keyspace.countInSlot(12182), keyspace.scan(0, 10).keys]).toEqual([0, []]);
        expect(keyspace.evict('allkeys-lru', 5)).toBe(false);
      });
    });

    describe('scan', () => {
      test.each([1, 3, 10, 10_000])('in pages of %d returns every key exactly once', (count) => {
        const keys = Array.from({ length: 3000 }, (_, i) => `k${i}`);
        for (const key of keys) keyspace.set(key, text('v'));
        expect(scanAll(keyspace, count).toSorted()).toEqual(keys.toSorted());
      });

      test('returns a key that is there all the while exactly once, whatever happens to others', () => {
        const others = fc.array(
          fc.record({ kind: fc.constantFrom('add', 'delete', 'replace', 'expire'), key: fc.nat(400) }),
          { maxLength: 30 },
        );
        const property = fc.property(
          fc.integer({ min: 0, max: 60 }),
          fc.integer({ min: 1, max: 20 }),
          fc.array(others, { maxLength: 40 }),
          (stable, count, turns) => {
            keyspace.clear();
            const expected: string[] = [];
            for (let i = 0; i < stable * 5; i++) {
              const key = i % 5 === 0 ? `stable${i}` : `other${i}`;
              if (i % 5 === 0) expected.push(key);
              keyspace.set(key, text('v'));
            }
            const found = scanAll(keyspace, count, () => {
              for (const { kind, key } of turns.shift() ?? []) {
                if (kind === 'add' || kind === 'replace') keyspace.set(`other${key}`, text(kind));
                else if (kind === 'delete') keyspace.delete(`other${key}`);
                else keyspace.setExpiry(`other${key}`, 1);
                if (kind === 'replace' && stable > 0) keyspace.set('stable0', text('replaced'));
              }
            });
            expect(found.filter((key) => key.startsWith('stable')).toSorted()).toEqual(expected.toSorted());
          },
        );
        fc.assert(property, { numRuns: 100, seed: 3 });
      });

      test('ends with any cursor, also one that no scan has given', () => {
        for (let i = 0; i < 20; i++) keyspace.set(`k${i}`, text('v'));
        expect(keyspace.scan(Number.MAX_SAFE_INTEGER, 100).keys.length).toBe(20);
        expect(keyspace.scan(0, 100).cursor).toBe(0);
      });
    });

    test('any changes leave what a plain map would hold', () => {
      const key = fc.constantFrom('a', 'b', 'c', '\xff\x00', '');
      const change = fc.oneof(
        fc.record({ kind: fc.constant('set' as const), key, value: fc.string({ maxLength: 3 }) }),
        fc.record({ kind: fc.constant('delete' as const), key, value: fc.constant('') }),
        fc.record({ kind: fc.constant('expire' as const), key, value: fc.constant('') }),
        fc.record({ kind: fc.constant('clear' as const), key, value: fc.constant('') }),
      );
      const before = keyspace.usedBytes;
      fc.assert(
        fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
          keyspace.clear();
          const plain = new Map<string, StoredValue>();
          for (const { kind, key, value } of changes) {
            if (kind === 'set') {
              plain.set(key, text(value));
              keyspace.set(key, text(value));
            } else if (kind === 'delete') expect(keyspace.delete(key)).toBe(plain.delete(key));
            else if (kind === 'expire') {
              plain.delete(key);
              keyspace.setExpiry(key, Date.now() - 1);
            } else {
              plain.clear();
              keyspace.clear();
            }
          }
          expect(new Map([...keyspace.keys()].map((name) => [name, keyspace.get(name)]))).toEqual(plain);
          expect(keyspace.size).toBe(plain.size);
          for (const name of plain.keys()) keyspace.delete(name);
          expect(keyspace.usedBytes).toBe(before);
        }),
        { numRuns: 200, seed: 5 },
      );
    });

    test('a model is dropped when the last key that holds it is gone, and only then', () => {
      const dropped: Runnable[] = [];
      keyspace.onModelDropped((value) => dropped.push(value));
      const value = model(10);
      keyspace.set('one', value);
      keyspace.set('two', value);
      keyspace.set('two', value);
      keyspace.delete('one');
      expect(dropped).toEqual([]);
      keyspace.set('two', text('no model'));
      expect(dropped).toEqual([value.model]);
    });

    test('a watcher hears of each change of its key and of no other, until it ends', () => {
      let heard = 0;
      const end = keyspace.watch('k', () => heard++);
      const changes = [
        () => keyspace.set('k', text('v')),
        () => keyspace.setExpiry('k', Date.now() + HOUR_MS),
        () => keyspace.delete('k'),
        () => keyspace.set('k', text('v')),
        () => keyspace.clear(),
      ];
      for (const [i, change] of changes.entries()) {
        change();
        expect(heard).toBe(i + 1);
      }
      keyspace.set('other', text('v'));
      keyspace.delete('k');
      end();
      keyspace.set('k', text('v'));
      expect(heard).toBe(changes.length);
    });

    test('the keys of a hash slot are known', () => {
      // The slots of `{tag}` and `foo` as Redis computes them.
      const [tag, foo] = [8338, 12182];
      for (const key of ['{tag}1', '{tag}2', '{tag}3', 'foo']) keyspace.set(key, text('v'));
      expect([tag, foo, 0].map((slot) => keyspace.countInSlot(slot))).toEqual([3, 1, 0]);
      expect(keyspace.keysInSlot(tag, 10).toSorted()).toEqual(['{tag}1', '{tag}2', '{tag}3']);
      expect(keyspace.keysInSlot(tag, 2).length).toBe(2);
      keyspace.delete('{tag}2');
      expect(keyspace.keysInSlot(tag, 10).toSorted()).toEqual(['{tag}1', '{tag}3']);
      keyspace.clear();
      expect(keyspace.countInSlot(tag)).toBe(0);
    });
  });
}

function scanAll(keyspace: Keyspace, count: number, between: () => void = () => {}): string[] {
  const found: string[] = [];
  let cursor = 0;
  do {
    const page = keyspace.scan(cursor, count);
    found.push(...page.keys);
    cursor = page.cursor;
    between();
  } while (cursor !== 0);
  return found;
}
