import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { announcedNodes } from '../../cluster/access-config.ts';
import { ConfigError, loadClusterConfig } from '../../cluster/config.ts';
import { nodeId, SlotMap } from '../../cluster/slot-map.ts';

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
    const map = new SlotMap(announcedNodes(nodes), 'node-2');
    expect(map.nodes.map((n) => n.ranges)).toEqual([[[0, 5460]], [[5461, 10922]], [[10923, 16383]]]);
    expect(map.isMine(5461)).toBe(true);
    expect(map.ownerOf(16383)?.name).toBe('node-3');
  });

  test.each([
    ['broken JSON', '{\n  "engine": }', /c\.json:2: not JSON: ValueExpected/],
    [
      'another engine',
      config(node('a', 1, '0-16383')).replace('embedded', 'x'),
      /c\.json:2: engine: either "embedded" or "redis"/,
    ],
    [
      'an unknown field',
      config(node('a', 1, '0-16383')).replace(/\n}$/, ',\n  "x": 1\n}'),
      /c\.json:6: x: unknown field/,
    ],
    [
      'an unknown field of a node',
      config(node('a', 1, '0-16383').replace(' }', ', "weight": 1 }')),
      /c\.json:4: nodes\.0\.weight: unknown field/,
    ],
    ['an empty file', '', /c\.json:1: not JSON: /],
    [
      'inference without an HTTP port',
      config(node('a', 1, '0-16383').replace(' }', ', "http-inference": "yes" }')),
      /c\.json:4: nodes\.0\.http-inference: models are run over the HTTP port: http-port is needed/,
    ],
    [
      'an HTTP port that is taken',
      config(node('a', 1, '0-16383').replace(' }', ', "http-port": 1 }')),
      /c\.json:4: nodes\.0\.http-port: the address 127\.0\.0\.1:1 is taken/,
    ],
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
      'a gap of several slots',
      config(node('a', 1, '1-99'), node('b', 2, '200-16380')),
      /:3: nodes: 104 slots belong to no node, the first is 0: 0 100-199 16381-16383$/,
    ],
    [
      'a slot beyond the last',
      config(node('a', 1, '0-16384')),
      /:4: nodes\.0\.slots\.0: 0-16384 is no range within 0-16383/,
    ],
    [
      'two nodes of one address',
      config(node('a', 1, '0-5'), node('b', 1, '6-16383')),
      /:5: nodes\.1\.port: the address 127\.0\.0\.1:1 is taken/,
    ],
    [
      'a range that ends before it starts',
      config(node('a', 1, '9-3')),
      /:4: nodes\.0\.slots\.0: 9-3 is no range/,
    ],
    [
      'replicas that the embedded engine has not',
      config(node('a', 1, '0-16383')).replace(/\n}$/, ',\n  "ackReplicas": 1\n}'),
      /:6: ackReplicas: the embedded engine has no replicas/,
    ],
    [
      'replicas of one node that the embedded engine has not',
      config(node('a', 1, '0-16383').replace('"port"', '"ackReplicas": 1, "port"')),
      /:4: nodes\.0\.ackReplicas: the embedded engine has no replicas/,
    ],
    [
      'a wait for replicas without an end',
      '{"engine": "redis",\n"ackTimeoutMs": 0, "nodes": [{"name": "a", "host": "h", "port": 1, "redis": {"host": "h", "port": 2}}]}',
      /:2: ackTimeoutMs: /,
    ],
    [
      'a node of the redis engine without its Redis',
      '{"engine": "redis",\n"nodes": [{"name": "a", "host": "127.0.0.1", "port": 1}]}',
      /:2: nodes\.0: the redis engine needs to know its Redis/,
    ],
    [
      'slots beside a Redis',
      '{"engine": "redis", "nodes": [{"name": "a", "host": "h", "port": 1,\n"redis": {"host": "h", "port": 2},\n"slots": ["0"]}]}',
      /:3: nodes\.0\.slots\.?0?: the Redis Cluster says which slots/,
    ],
    [
      'a node without slots',
      '{"engine": "embedded",\n"nodes": [{"name": "a", "host": "h", "port": 1}]}',
      /:2: nodes\.0: slots are missing/,
    ],
    [
      'two nodes of one name',
      config(node('a', 1, '0-5'), node('a', 2, '6-16383')),
      /:5: nodes\.1\.name: the name a is taken/,
    ],
  ])('%s is refused with the line and the reason', (_, text, message) => {
    expect(() => load(text)).toThrow(ConfigError);
    expect(() => load(text)).toThrow(message);
  });

  test('a file that is not there is refused by name', () => {
    expect(() => loadClusterConfig('/nowhere/c.json')).toThrow(ConfigError);
    expect(() => loadClusterConfig('/nowhere/c.json')).toThrow(/^\/nowhere\/c\.json: ENOENT/);
  });

  test('devices, time limit and memory limit may be left out', () => {
    expect(load(config(node('a', 1, '0-16383')))).toMatchObject({
      devices: {
        threadsPerQueue: 1,
        intraOpParallelism: 0,
        interOpParallelism: 0,
        maxQueueLength: 10_000,
        backendMemoryLimit: 0,
      },
      modelExecutionTimeoutMs: 5000,
      maxmemory: 0,
      maxmemoryPolicy: 'noeviction',
    });
  });

  test('the id of a node follows from its name alone', () => {
    // sha1 of "tessera:node-1": a change here breaks clusters whose nodes were started by different versions.
    expect(nodeId('node-1')).toBe('01c6a5fe7bb3f7a6743e03e5a5465e2ef7130730');
    expect(nodeId('node-1')).not.toBe(nodeId('node-2'));
  });

  test('ranges that touch are one range', () => {
    const map = new SlotMap([{ name: 'a', host: 'h', port: 1, slots: ['0-10', '11', '12-16383'] }], 'a');
    expect(map.myself.ranges).toEqual([[0, 16383]]);
  });
});
