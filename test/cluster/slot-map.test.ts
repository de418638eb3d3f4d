import { describe, expect, test } from 'vitest';
import { nodeId, SLOT_COUNT, SlotMap } from '../../cluster/slot-map.ts';

const nodes = [
  { name: 'a', host: '10.0.0.1', port: 7000, slots: ['0-99', '300', '200-299'] },
  { name: 'b', host: '10.0.0.2', port: 7001, slots: ['100-199', '301-16383'] },
];

describe('a slot map', () => {
  test('knows the owner at both ends of every range', () => {
    const map = new SlotMap(nodes, 'a');
    const owners = [0, 99, 100, 199, 200, 300, 301, SLOT_COUNT - 1].map((slot) => map.ownerOf(slot)?.name);
    expect(owners).toEqual(['a', 'a', 'b', 'b', 'a', 'a', 'b', 'b']);
  });

  test('gives ranges ascending and merged, however they were written', () => {
    const map = new SlotMap(nodes, 'b');
    expect(map.nodes.map((node) => node.ranges)).toEqual([
      [
        [0, 99],
        [200, 300],
      ],
      [
        [100, 199],
        [301, 16383],
      ],
    ]);
  });

  test('tells own slots from those of others', () => {
    const map = new SlotMap(nodes, 'b');
    expect(map.myself).toMatchObject({ id: nodeId('b'), name: 'b', host: '10.0.0.2', port: 7001 });
    expect([99, 100].map((slot) => map.isMine(slot))).toEqual([false, true]);
  });

  test('has no owner for a slot that nobody has, nor for one that does not exist', () => {
    const map = new SlotMap([{ name: 'a', host: 'h', port: 1, slots: ['0'] }], 'a');
    for (const slot of [1, -1, SLOT_COUNT]) {
      expect(map.ownerOf(slot)).toBeUndefined();
      expect(map.isMine(slot)).toBe(false);
    }
  });

  test('is not made for a node that is not part of it', () => {
    expect(() => new SlotMap(nodes, 'c')).toThrow('no node named c');
  });

  test('a migrating slot still belongs to the node that it leaves', () => {
    const map = new SlotMap(nodes, 'a');
    map.setMigrating(5, nodeId('b'));
    expect(map.migratingTo(5)?.name).toBe('b');
    expect(map.isMine(5)).toBe(true);
    expect(map.migratingTo(6)).toBeUndefined();
    expect(map.importingFrom(5)).toBeUndefined();
  });

  test('an importing slot does not yet belong to the node that it comes to', () => {
    const map = new SlotMap(nodes, 'a');
    map.setImporting(150, nodeId('b'));
    expect(map.importingFrom(150)?.name).toBe('b');
    expect(map.isMine(150)).toBe(false);
    expect(map.migratingTo(150)).toBeUndefined();
  });

  test('a stable slot is on the move in neither direction', () => {
    const map = new SlotMap(nodes, 'a');
    map.setMigrating(5, nodeId('b'));
    map.setImporting(150, nodeId('b'));
    for (const slot of [5, 150]) map.setStable(slot);
    expect([map.migratingTo(5), map.importingFrom(150)]).toEqual([undefined, undefined]);
  });

  test('does not move a slot to a node that it does not know', () => {
    const map = new SlotMap(nodes, 'a');
    expect(() => map.setMigrating(5, 'f'.repeat(40))).toThrow(/^no node with id f+$/);
    expect(() => map.setImporting(150, 'f'.repeat(40))).toThrow(/^no node with id f+$/);
    expect([map.migratingTo(5), map.importingFrom(150)]).toEqual([undefined, undefined]);
  });
});
