import { beforeEach, describe, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

const shared = useSharedNode();
let client: RespClient;
beforeEach(async () => {
  client = await shared.connect();
});

type Fields = Record<string, string>;

async function info(...sections: string[]): Promise<Fields> {
  const text = String(await client.send('INFO', ...sections));
  const lines = text.split('\r\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => line.split(/:(.*)/s) as [string, string]));
}

async function titles(...sections: string[]): Promise<string[]> {
  return [...String(await client.send('INFO', ...sections)).matchAll(/^# (.+)\r$/gm)].map(([, title]) =>
    String(title),
  );
}

describe('sections', () => {
  test('are lines that end in CRLF, with an empty line between sections', async () => {
    const text = String(await client.send('INFO', 'server', 'clients'));
    expect(text).toMatch(/^# Server\r\n([a-z_]+:.*\r\n)+\r\n# Clients\r\n([a-z_]+:.*\r\n)+$/);
  });

  test('are chosen by name, in any case and number', async () => {
    expect(await titles('memory')).toEqual(['Memory']);
    expect(await titles('KeySpace', 'MEMORY')).toEqual(['Memory', 'Keyspace']);
    expect(await client.send('INFO', 'nosuch')).toBe('');
  });

  test.each([[[]], [['default']], [['all']], [['everything']]])(
    '%j has those that clients read',
    async (names) => {
      expect(await titles(...names)).toEqual(
        expect.arrayContaining([
          'Server',
          'Clients',
          'Memory',
          'Persistence',
          'Stats',
          'Replication',
          'CPU',
          'Cluster',
          'Keyspace',
        ]),
      );
    },
  );

  test('EVERYTHING and MODULES have the AI part', async () => {
    const ai = ['ai_versions', 'ai_load_time_configs'];
    expect(await titles('modules')).toEqual(expect.arrayContaining(ai));
    expect(await titles('everything')).toEqual(expect.arrayContaining(ai));
  });
});

describe('values', () => {
  test('tell of this node', async () => {
    expect(await info('server', 'cluster', 'replication', 'persistence')).toMatchObject({
      redis_version: '7.0.15',
      redis_mode: 'standalone',
      process_id: String(process.pid),
      tcp_port: String(shared.node.port),
      cluster_enabled: '0',
      role: 'master',
      connected_slaves: '0',
      loading: '0',
    });
    const { uptime_in_seconds: seconds } = await info('server');
    expect(Number(seconds)).toBe(Math.floor((Date.now() - shared.node.context.startedAt) / 1000));
  });

  test('of the keyspace follow keys and expiries; an empty one has no db0', async () => {
    expect(await client.send('INFO', 'keyspace')).toBe('# Keyspace\r\n');
    await client.send('MSET', 'a', 1, 'b', 2, 'c', 3);
    await client.send('EXPIRE', 'a', 1000);
    expect((await info('keyspace')).db0).toMatch(/^keys=3,expires=1,avg_ttl=\d+$/);
    await client.send('DEL', 'a');
    expect((await info('keyspace')).db0).toMatch(/^keys=2,expires=0,avg_ttl=0$/);
  });

  test('of memory follow what is stored', async () => {
    const used = async () => Number((await info('memory')).used_memory);
    const before = await used();
    await client.send('AI.TENSORSET', 't', 'UINT8', 5_000_000);
    expect((await used()) - before).toBeGreaterThanOrEqual(5_000_000);
    await client.send('DEL', 't');
    expect(await used()).toBe(before);
    const memory = await info('memory');
    expect(Number(memory.used_memory_rss)).toBeGreaterThan(10_000_000);
    expect(Number(memory.total_system_memory)).toBeGreaterThan(Number(memory.used_memory_rss));
    await client.send('CONFIG', 'SET', 'maxmemory', '1gb');
    expect(await info('memory')).toMatchObject({ maxmemory: '1073741824', maxmemory_policy: 'noeviction' });
    await client.send('CONFIG', 'SET', 'maxmemory', 0);
  });

  test('of clients and statistics count connections, commands and errors', async () => {
    const before = await info('clients', 'stats');
    const other = await shared.connect();
    await other.send('PING');
    for (let i = 0; i < 10; i++) await other.send('PING');
    await other.send('NOSUCH');
    await other.send('GET');
    const after = await info('clients', 'stats');
    const grown = (field: string) => Number(after[field]) - Number(before[field]);
    expect(grown('connected_clients')).toBe(1);
    expect(grown('total_connections_received')).toBe(1);
    // The 13 of the other client, and one INFO.
    expect(grown('total_commands_processed')).toBe(14);
    expect(grown('total_error_replies')).toBe(2);
  });

  test('RESETSTAT starts the statistics anew', async () => {
    await client.send('NOSUCH');
    expect(Number((await info('stats')).total_error_replies)).toBeGreaterThan(0);
    expect(await client.send('CONFIG', 'RESETSTAT')).toBe('OK');
    expect(await info('stats')).toMatchObject({
      total_error_replies: '0',
      total_connections_received: '0',
      rejected_connections: '0',
    });
  });

  test('of processor time grow', async () => {
    const before = await info('cpu');
    const until = Date.now() + 30;
    while (Date.now() < until) Math.sqrt(until);
    const after = await info('cpu');
    expect(Number(after.used_cpu_user)).toBeGreaterThan(Number(before.used_cpu_user));
  });

  test('of the AI part count runs', async () => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 2);
    const before = Number((await info('modules')).ai_runs);
    for (let i = 0; i < 3; i++)
      await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'b');
    const after = await info('modules');
    expect(Number(after.ai_runs) - before).toBe(3);
    expect(after).toMatchObject({
      ai_threads_per_queue: '1',
      ai_inter_op_parallelism: '1',
      ai_intra_op_parallelism: '1',
      ai_model_execution_timeout: '5000',
      ai_RedisAI_version: expect.any(String),
      ai_low_level_API_version: '1',
      ai_rdb_version: '4',
    });
  });
});
