import { totalmem } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { run } from '../support/run.ts';
import { type ServedNode, startServe } from '../support/serve.ts';
import { tagOn } from '../support/slots.ts';
import { findPythonRedis, findRedisCli } from '../support/tools.ts';

const python = findPythonRedis() as string;
const redisCli = findRedisCli() as string;

let cluster: TestCluster;
let node: ServedNode;

beforeAll(async () => {
  [cluster, node] = await Promise.all([startCluster(), startServe()]);
});
afterAll(async () => {
  await node.stop();
  expect(await cluster.stop()).toBe(0);
});

const PRELUDE = `
import asyncio, json, sys
import redis, redis.asyncio
from redis.cluster import RedisCluster
port = int(sys.argv[1])
`;

/** Runs a Python program with redis-py and a port; gives what it prints as JSON. */
async function withRedisPy(
  program: string,
  port: number,
  ...args: string[]
): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run(python, ['-c', PRELUDE + program, String(port), ...args]);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe.skipIf(python === undefined)('SmartSim, which uses redis-py', () => {
  test('finds the cluster healthy: sets and deletes a key through any node', async () => {
    const program = `
client = RedisCluster(host='127.0.0.1', port=port)
print(json.dumps({
  'set': client.set('__test__', '__test__'),
  'get': client.get('__test__').decode(),
  'delete': client.delete('__test__'),
  'nodes': sorted(node.port for node in client.get_primaries()),
  'ping': client.ping(),
}))
client.close()
`;
    for (const port of cluster.ports) {
      expect(await withRedisPy(program, port)).toEqual({
        ...{ set: true, get: '__test__', delete: 1, ping: true },
        nodes: [...cluster.ports].sort((a, b) => a - b),
      });
    }
  });

  test('reads memory and clients of each node for its telemetry', async () => {
    const program = `
async def main():
    client = redis.asyncio.Redis(host='127.0.0.1', port=port)
    key = json.loads(sys.argv[2])[str(port)]
    await client.execute_command('AI.TENSORSET', key, 'FLOAT', 1000)
    memory = await client.info('memory')
    clients = await client.client_list()
    own = await client.client_id()
    await client.close()
    wanted = ('used_memory', 'used_memory_peak', 'total_system_memory')
    print(json.dumps({
      'memory': {name: memory[name] for name in wanted},
      'own': [c['addr'] for c in clients if c['id'] == str(own)],
      'fields': all('id' in c and 'addr' in c for c in clients),
      'count': len(clients),
    }))
asyncio.run(main())
`;
    const keys = Object.fromEntries([...cluster.ports, node.port].map((port, i) => [port, tagOn(i % 3)]));
    for (const port of [...cluster.ports, node.port]) {
      const { memory, own, fields, count } = await withRedisPy(program, port, JSON.stringify(keys));
      const { used_memory, used_memory_peak, total_system_memory } = memory as Record<string, number>;
      expect(used_memory).toBeGreaterThanOrEqual(4000);
      expect(used_memory_peak).toBeGreaterThanOrEqual(used_memory as number);
      expect(total_system_memory).toBe(totalmem());
      expect(own).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
      expect([fields, count]).toEqual([true, 1]);
    }
  });

  test('changes limits while the database runs, and has it saved', async () => {
    const program = `
client = redis.Redis(host='127.0.0.1', port=port)
print(json.dumps({
  'before': client.config_get('maxclients') | client.config_get('proto-max-bulk-len'),
  'set': [client.config_set('maxclients', '20000'), client.config_set('proto-max-bulk-len', '1073741824')],
  'after': client.config_get('maxclients') | client.config_get('proto-max-bulk-len'),
  'back': [client.config_set('maxclients', '10000'), client.config_set('proto-max-bulk-len', '512mb')],
  'again': client.config_get('proto-max-bulk-len'),
  'saved': isinstance(client.save(), bool),
}))
client.close()
`;
    for (const port of [...cluster.ports, node.port]) {
      expect(await withRedisPy(program, port)).toEqual({
        before: { maxclients: '10000', 'proto-max-bulk-len': '536870912' },
        set: [true, true],
        after: { maxclients: '20000', 'proto-max-bulk-len': '1073741824' },
        back: [true, true],
        again: { 'proto-max-bulk-len': '536870912' },
        saved: true,
      });
    }
  });
});

test.skipIf(redisCli === undefined)('SmartSim ends a node with redis-cli', async () => {
  const own = await startServe();
  const ended = await run(redisCli, ['-h', '127.0.0.1', '-p', String(own.port), 'SHUTDOWN']);
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  expect(await own.exited).toBe(0);
});
