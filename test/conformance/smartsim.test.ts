import { totalmem } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { redisPy } from '../support/redis-py.ts';
import { run } from '../support/run.ts';
import { type ServedNode, startServe } from '../support/serve.ts';
import { tagOn } from '../support/slots.ts';
import { findPythonRedis, findRedisCli } from '../support/tools.ts';

const python = findPythonRedis() as string;
const redisCli = findRedisCli() as string;

interface Telemetry {
  /** Used, the most used, the machine's; bytes. */
  readonly memory: readonly [number, number, number];
  /** Of the client that asked. */
  readonly addresses: readonly string[];
  readonly count: number;
}

let cluster: TestCluster;
let node: ServedNode;

beforeAll(async () => {
  [cluster, node] = await Promise.all([startCluster(), startServe()]);
});
afterAll(async () => {
  await node.stop();
  expect(await cluster.stop()).toBe(0);
});

describe.skipIf(python === undefined)('SmartSim, which uses redis-py', () => {
  test('finds the cluster healthy: sets and deletes a key through any node', async () => {
    const program = `
for port in args:
    client = RedisCluster(host='127.0.0.1', port=port)
    show([
        client.set('__test__', '__test__'), client.get('__test__'), client.delete('__test__'), client.ping(),
        sorted(node.port for node in client.get_primaries()),
    ])
    client.close()
`;
    const ports = [...cluster.ports].sort((a, b) => a - b);
    expect(await redisPy(python, program, cluster.ports)).toEqual(
      cluster.ports.map(() => [true, '__test__', 1, true, ports]),
    );
  });

  test('reads memory and clients of each node for its telemetry', async () => {
    const program = `
async def main():
    for port, key in args:
        client = redis.asyncio.Redis(host='127.0.0.1', port=port)
        await client.execute_command('AI.TENSORSET', key, 'FLOAT', 1000)
        memory = await client.info('memory')
        clients = await client.client_list()
        own = await client.client_id()
        await client.close()
        show({
            'memory': [memory[name] for name in ('used_memory', 'used_memory_peak', 'total_system_memory')],
            'addresses': [c['addr'] for c in clients if c['id'] == str(own)],
            'count': len(clients),
        })
asyncio.run(main())
`;
    const ports = [...cluster.ports, node.port];
    const shown = await redisPy(
      python,
      program,
      ports.map((port, i) => [port, tagOn(i % 3)]),
    );
    expect(shown).toHaveLength(ports.length);
    for (const { memory, addresses, count } of shown as Telemetry[]) {
      const [used, peak, total] = memory;
      expect(used).toBeGreaterThanOrEqual(4000);
      expect(peak).toBeGreaterThanOrEqual(used);
      expect(total).toBe(totalmem());
      expect(addresses).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
      expect(count).toBe(1);
    }
  });

  test('changes limits while the database runs, and has it saved', async () => {
    const program = `
for port in args:
    client = redis.Redis(host='127.0.0.1', port=port)
    limits = lambda: {**client.config_get('maxclients'), **client.config_get('proto-max-bulk-len')}
    show([
        limits(),
        client.config_set('maxclients', '20000'), client.config_set('proto-max-bulk-len', '1073741824'), limits(),
        client.config_set('maxclients', '10000'), client.config_set('proto-max-bulk-len', '512mb'), limits(),
        isinstance(client.save(), bool),
    ])
    client.close()
`;
    const limits = { maxclients: '10000', 'proto-max-bulk-len': '536870912' };
    const raised = { maxclients: '20000', 'proto-max-bulk-len': '1073741824' };
    const ports = [...cluster.ports, node.port];
    expect(await redisPy(python, program, ports)).toEqual(
      ports.map(() => [limits, true, true, raised, true, true, limits, true]),
    );
  });
});

test.skipIf(redisCli === undefined)('SmartSim ends a node with redis-cli', async () => {
  const own = await startServe();
  const ended = await run(redisCli, ['-h', '127.0.0.1', '-p', String(own.port), 'SHUTDOWN']);
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  expect(await own.exited).toBe(0);
});
