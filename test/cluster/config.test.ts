import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadClusterConfig } from '../../cluster/config.ts';
import { SlotMap } from '../../cluster/slot-map.ts';

function load(text: string) {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'tessera-')), 'c.json');
  writeFileSync(file, text);
  return loadClusterConfig(file);
}

const shipped = path.join(import.meta.dirname, '../../cluster.config.json');
const node = (name: string, port: number, slots: string) =>
  `    { "name": "${name}", "host": "127.0.0.1", "port": ${port}, "slots": ["${slots}"] }`;
const config = (...nodes: string[]) =>
  `{\n  "engine": "embedded",\n  "nodes": [\n${nodes.join(',\n')}\n  ]\n}`;

describe('cluster configuration', () => {
  test('the shipped file gives three nodes a third of the slots each', () => {
    const { nodes } = loadClusterConfig(shipped);
    const map = new SlotMap(nodes, 'node-2');
    expect(map.nodes.map((n) => n.ranges)).toEqual([[[0, 5460]], [[5461, 10922]], [[10923, 16383]]]);
    expect(map.isMine(5461)).toBe(true);
    expect(map.ownerOf(16383)?.name).toBe('node-3');
  });

  test.each([
    ['broken JSON', '{\n  "engine": }', /c\.json:2: not JSON: ValueExpected/],
    ['another engine', config(node('a', 1, '0-16383')).replace('embedded', 'x'), /c\.json:2: engine: only/],
    ['an unknown field', '{\n"engine":"embedded",\n"nodes":[],\n"x":1}', /c\.json:\d: /],
    ['a bad port', config(node('a', 70000, '0-16383')), /c\.json:4: nodes\.0\.port: /],
    [
      'a slot with two owners',
      config(node('a', 1, '0-16383'), node('b', 2, '5')),
      /:5: .*slot 5 already belongs to a/,
    ],
    [
      'a slot without owner',
      config(node('a', 1, '0-16382')),
      /:3: nodes: 1 slots belong to no node, the first is 16383/,
    ],
    [
      'a range that ends before it starts',
      config(node('a', 1, '9-3')),
      /:4: nodes\.0\.slots\.0: 9-3 is no range/,
    ],
    [
      'two nodes of one name',
      config(node('a', 1, '0-5'), node('a', 2, '6-16383')),
      /:5: nodes\.1\.name: the name a is taken/,
    ],
  ])('%s is refused with the line and the reason', (_, text, message) => {
    expect(() => load(text)).toThrow(message);
  });

  test('ranges that touch are one range', () => {
    const map = new SlotMap([{ name: 'a', host: 'h', port: 1, slots: ['0-10', '11', '12-16383'] }], 'a');
    expect(map.myself.ranges).toEqual([[0, 16383]]);
  });
});
