import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { model } from '../support/node.ts';
import { floats } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import {
  type DatabaseNode,
  MODEL_TIMEOUT,
  parseInfo,
  prefixesOf,
  SmartRedis,
} from '../support/smartredis-client.ts';

const NO_CUDA = "-ERR GPU requested but ONNX couldn't find CUDA";
const SCRIPT = 'def double(x):\n    return x + x\n';

describe('SmartRedis in clustered mode', () => {
  let cluster: TestCluster;
  let client: SmartRedis;

  beforeAll(async () => {
    cluster = await startCluster();
    client = await SmartRedis.connect(cluster.ports[1] as number);
  });
  afterEach(async () => {
    expect(await client.everywhere(() => ['FLUSHDB'])).toEqual(['+OK', '+OK', '+OK']);
    expect(await client.everywhere(() => ['DBSIZE'])).toEqual([':0', ':0', ':0']);
  });
  afterAll(async () => {
    client.close();
    expect(await cluster.stop()).toBe(0);
  });

  test('sees one database node a range of slots', () => {
    expect(client.nodes.map(({ lower, upper, port }) => [lower, upper, port])).toEqual([
      [0, 5460, cluster.ports[0]],
      [5461, 10922, cluster.ports[1]],
      [10923, 16383, cluster.ports[2]],
    ]);
    expect(client.nodes[0]?.prefix).toBe('\0\0');
  });

  test('every pair of raw bytes that hashes to the lower slot of a range is a tag on its node', async () => {
    let notText = 0;
    for (const node of client.nodes) {
      const prefixes = prefixesOf(node.lower);
      expect(prefixes.length).toBeGreaterThan(2);
      for (const prefix of prefixes) {
        const bytes = Buffer.from(`${prefix}value`, 'latin1');
        if (!Buffer.from(bytes.toString('utf8')).equals(bytes)) notText++;
        const key = `{${prefix}}.t`;
        expect(await client.at(node, 'AI.TENSORSET', key, 'UINT8', 7, 'BLOB', bytes)).toBe('+OK');
        expect(await client.getTensor(key)).toEqual({ dtype: 'UINT8', shape: [7], bytes });
        expect(await client.at(node, 'EXISTS', key)).toBe(':1');
      }
      expect(await client.at(node, 'DBSIZE')).toBe(`:${prefixes.length}`);
    }
    expect(notText).toBeGreaterThan(2);
  });

  test('puts a model on every node and runs it on each with tensors from anywhere', async () => {
    const mul = model('mul');
    expect(await client.setModel('mul', 'CPU', [mul], 'TAG', 'v1')).toEqual(['+OK', '+OK', '+OK']);
    const keys = ['in1', 'in2', 'other', 'product'];
    expect(new Set(keys.map((key) => client.nodeOf(key).port)).size).toBeGreaterThan(1);
    await client.putTensor('in1', 'FLOAT', [1, 2], floats(1, 2));
    await client.putTensor('in2', 'FLOAT', [1, 2], floats(30, 40));
    for (const node of client.nodes) {
      expect(await client.runModel(node, 'mul', ['in1', 'in2'], ['product'])).toBe('+OK');
      expect(await client.getTensor('product')).toEqual({
        ...{ dtype: 'FLOAT', shape: [1, 2] },
        bytes: Buffer.from(floats(30, 80)),
      });
      expect(await client.send('UNLINK', 'product')).toBe(':1');
      // The temporary copies are gone, and nothing but the model and the inputs is left.
      const own = ['in1', 'in2'].filter((key) => client.nodeOf(key) === node);
      expect(await client.at(node, 'DBSIZE')).toBe(`:${1 + own.length}`);
    }
    expect(await client.everywhere(({ prefix }) => ['AI.MODELDEL', `{${prefix}}.mul`])).toEqual([
      '+OK',
      '+OK',
      '+OK',
    ]);
  });

  test('an error of a run is an error, not a success', async () => {
    expect(await client.setModel('mul', 'CPU', [model('mul')])).toEqual(['+OK', '+OK', '+OK']);
    await client.putTensor('in1', 'FLOAT', [1, 2], floats(1, 2));
    const [node] = client.nodes as [DatabaseNode];
    expect(await client.runModel(node, 'mul', ['in1'], ['out'])).toBe(
      '-Number of keys given as INPUTS here does not match model definition',
    );
    expect(await client.runModel(node, 'none', ['in1'], ['out'])).toBe('-ERR model key is empty');
    expect(await client.send('AI.TENSORGET', 'out', 'META', 'BLOB')).toBe(
      '-ERR tensor key is empty or in a different shard',
    );
  });

  test('sets the chunk size of each node, stores in chunks and puts a model together from chunks', async () => {
    const iris = model('iris');
    const size = ':535822336';
    expect(await client.everywhere(() => ['AI.CONFIG', 'GET', 'MODEL_CHUNK_SIZE'])).toEqual([
      size,
      size,
      size,
    ]);
    const key = `{${client.nodes[0]?.prefix}}.iris`;
    const chunk = 100;
    expect(await client.everywhere(() => ['AI.CONFIG', 'MODEL_CHUNK_SIZE', chunk])).toEqual([
      '+OK',
      '+OK',
      '+OK',
    ]);
    expect(await client.everywhere(() => ['AI.CONFIG', 'GET', 'MODEL_CHUNK_SIZE'])).toEqual([
      ':100',
      ':100',
      ':100',
    ]);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < iris.length; at += chunk) chunks.push(iris.subarray(at, at + chunk));
    expect(chunks.length).toBeGreaterThan(2);
    expect(await client.setModel('iris', 'CPU', chunks)).toEqual(['+OK', '+OK', '+OK']);
    const parts = (await client.send('AI.MODELGET', key, 'BLOB')) as string[];
    expect(parts).toEqual(chunks.map((part) => `$${Buffer.from(part).toString('latin1')}`));
    const whole = iris.length;
    expect(await client.everywhere(() => ['AI.CONFIG', 'MODEL_CHUNK_SIZE', whole])).toEqual([
      '+OK',
      '+OK',
      '+OK',
    ]);
    expect(await client.send('AI.MODELGET', key, 'BLOB')).toBe(`$${iris.toString('latin1')}`);
    await client.everywhere(() => ['AI.CONFIG', 'MODEL_CHUNK_SIZE', size.slice(1)]);
  });

  test('tells the statistics of a model and resets them', async () => {
    await client.setModel('mul', 'CPU', [model('mul')], 'TAG', 'v1');
    await client.putTensor('in', 'FLOAT', [1, 2], floats(1, 2));
    for (const node of client.nodes) {
      const key = `{${node.prefix}}.mul`;
      await client.runModel(node, 'mul', ['in', 'in'], ['out']);
      const reply = (await client.at(node, 'AI.INFO', key)) as string[];
      const duration = reply[reply.indexOf('$duration') + 1] as string;
      expect(duration).toMatch(/^:\d+$/);
      const counts = (samples: number, calls: number, took: string) => [
        ...['$key', `$${key}`, '$type', '$MODEL', '$backend', '$ONNX', '$device', '$CPU', '$tag', '$v1'],
        ...['$duration', took, '$samples', `:${samples}`, '$calls', `:${calls}`, '$errors', ':0'],
      ];
      expect(reply).toEqual(counts(1, 1, duration));
      expect(await client.at(node, 'AI.INFO', key, 'RESETSTAT')).toBe('+OK');
      expect(await client.at(node, 'AI.INFO', key)).toEqual(counts(0, 0, ':0'));
    }
    expect(await client.send('AI.INFO', 'none')).toBe('-ERR cannot find run info for key');
  });

  test('stores and runs scripts the deprecated way', async () => {
    const set = client.everywhere(({ prefix }) => ['AI.SCRIPTSET', `{${prefix}}.s`, 'CPU', 'SOURCE', SCRIPT]);
    expect(await set).toEqual(['+OK', '+OK', '+OK']);
    await client.putTensor('in', 'FLOAT', [1, 2], floats(1, 2));
    for (const node of client.nodes) {
      const reply = await client.runModel(node, 's', ['in'], ['out'], (script, inputs, outputs) => [
        ...['AI.SCRIPTRUN', script, 'double', 'INPUTS', ...inputs, 'OUTPUTS', ...outputs],
      ]);
      expect(reply).toBe('+OK');
      expect(await client.send('AI.TENSORGET', 'out', 'VALUES')).toEqual(['$2', '$4']);
    }
    const key = `{${client.nodes[0]?.prefix}}.s`;
    expect(await client.send('AI.SCRIPTGET', key, 'SOURCE')).toBe(`$${SCRIPT}`);
    expect(await client.everywhere(({ prefix }) => ['AI.SCRIPTDEL', `{${prefix}}.s`])).toEqual([
      '+OK',
      '+OK',
      '+OK',
    ]);
    expect(await client.send('EXISTS', key)).toBe(':0');
  });

  test('keeps a model for each GPU and one for any', async ({ skip }) => {
    const replies = await client.setModel('m.GPU:0', 'GPU:0', [model('mul')]);
    if (replies.every((reply) => reply === NO_CUDA)) {
      console.warn('skipped: models for several GPUs, where there is none');
      return skip();
    }
    expect(replies).toEqual(['+OK', '+OK', '+OK']);
    expect(await client.setModel('m', 'GPU', [model('mul')])).toEqual(['+OK', '+OK', '+OK']);
    await client.putTensor('in', 'FLOAT', [1, 2], floats(1, 2));
    for (const node of client.nodes) {
      expect(await client.runModel(node, 'm.GPU:0', ['in', 'in'], ['out'])).toBe('+OK');
    }
  });

  test('keeps datasets as a hash of metadata and tensors beside it', async () => {
    const meta = Buffer.from([10, 3, 0, 255, 13, 10]).toString('latin1');
    for (const name of ['ds0', 'ds1', 'ds2', 'ds3']) {
      const key = `{${name}}.meta`;
      expect(await client.send('HMSET', key, 'scalar', meta, '.tensor_names.', '\n\x01t')).toBe('+OK');
      expect(await client.putTensor(`{${name}}.t`, 'INT64', [1], new Uint8Array(8))).toBe('+OK');
      expect(await client.send('HEXISTS', key, '.COMPLETE.')).toBe(':0');
      expect(await client.send('HSET', key, '.COMPLETE.', '1')).toBe(':1');
      expect(await client.send('HEXISTS', key, '.COMPLETE.')).toBe(':1');
      expect(await client.send('EXISTS', key)).toBe(':1');
      expect(await client.send('HGETALL', key)).toEqual([
        ...['$scalar', `$${meta}`, '$.tensor_names.', '$\n\x01t', '$.COMPLETE.', '$1'],
      ]);
      expect(await client.getTensor(`{${name}}.t`)).toMatchObject({ dtype: 'INT64', shape: [1] });
      expect(await client.send('HGETALL', `{${name}}.none`)).toEqual([]);
    }
    expect(new Set(['ds0', 'ds1', 'ds2', 'ds3'].map((name) => client.nodeOf(`{${name}}`).port)).size).toBe(3);
    expect(await client.send('DEL', '{ds0}.meta', '{ds0}.t')).toBe(':2');
  });

  test('aggregates datasets in lists', async () => {
    const datasets = ['{ds0}', '{ds1}', '{ds2}'] as const;
    for (const list of ['list', 'agg', 'zz']) {
      expect(await client.send('LLEN', list)).toBe(':0');
      expect(await client.send('LRANGE', list, 0, -1)).toEqual([]);
      expect(await client.send('RPUSH', list, datasets[0])).toBe(':1');
      expect(await client.send('RPUSH', list, datasets[1], datasets[2])).toBe(':3');
      expect(await client.send('LLEN', list)).toBe(':3');
      expect(await client.send('LRANGE', list, 0, -1)).toEqual(datasets.map((name) => `$${name}`));
      expect(await client.send('LRANGE', list, 1, 1)).toEqual([`$${datasets[1]}`]);
      const renamed = `{${list}}.renamed`;
      expect(await client.send('RENAME', list, renamed)).toBe('+OK');
      expect(await client.send('EXISTS', list)).toBe(':0');
      expect(await client.send('DEL', renamed)).toBe(':1');
      expect(await client.send('DEL', renamed)).toBe(':0');
      expect(await client.send('RENAME', list, renamed)).toBe('-ERR no such key');
    }
  });

  test('asks each address for its state, its settings, and to save', async () => {
    for (const node of client.nodes) {
      const info = parseInfo(await client.at(node, 'INFO', 'EVERYTHING'));
      const wanted = ['Server', 'Clients', 'Memory', 'Persistence', 'Stats', 'Replication', 'CPU', 'Modules'];
      for (const title of [...wanted, 'Commandstats', 'Errorstats', 'Cluster', 'Keyspace', 'ai_cpu']) {
        expect([...info.keys()]).toContain(title);
      }
      expect(info.get('Server')?.get('tcp_port')).toBe(String(node.port));
      expect(info.get('Cluster')?.get('cluster_enabled')).toBe('1');
      expect(info.get('')).toEqual(new Map());
      const state = parseInfo(await client.at(node, 'CLUSTER', 'INFO')).get('');
      expect(Object.fromEntries(state ?? [])).toMatchObject({
        ...{ cluster_state: 'ok', cluster_slots_assigned: '16384', cluster_slots_ok: '16384' },
        ...{ cluster_slots_pfail: '0', cluster_slots_fail: '0', cluster_known_nodes: '3', cluster_size: '3' },
      });
      expect(await client.at(node, 'CONFIG', 'GET', 'cluster-node-timeout')).toEqual([]);
      expect(await client.at(node, 'CONFIG', 'GET', 'maxmemory')).toEqual(['$maxmemory', '$0']);
      expect(await client.at(node, 'CONFIG', 'SET', 'maxmemory', '100000000')).toBe('+OK');
      expect(await client.at(node, 'CONFIG', 'GET', 'maxmemory')).toEqual(['$maxmemory', '$100000000']);
      expect(await client.at(node, 'CONFIG', 'SET', 'maxmemory', '0')).toBe('+OK');
      expect(await client.at(node, 'CONFIG', 'SET', 'no-such-setting', '1')).toMatch(/^-ERR Unknown option/);
      expect(await client.at(node, 'SAVE')).toMatch(/^\+/);
    }
  });
});

describe('SmartRedis with one node', () => {
  const shared = useSharedNode();

  test('pings, and keeps models, scripts and tensors under their own names', async () => {
    const client = await shared.connectTyped();
    expect(await client.send('PING')).toBe('+PONG');
    expect(await client.send('AI.CONFIG', 'GET', 'MODEL_CHUNK_SIZE')).toBe(':535822336');
    expect(await client.send('AI.MODELSTORE', 'mul', 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('+OK');
    expect(await client.send('AI.TENSORSET', 'in', 'FLOAT', 1, 2, 'BLOB', floats(3, 4))).toBe('+OK');
    const run = [
      'AI.MODELEXECUTE',
      'mul',
      'INPUTS',
      2,
      'in',
      'in',
      'OUTPUTS',
      1,
      'out',
      'TIMEOUT',
      MODEL_TIMEOUT,
    ];
    expect(await client.send(...run)).toBe('+OK');
    expect(await client.send('AI.TENSORGET', 'out', 'META', 'BLOB')).toEqual([
      ...['$dtype', '$FLOAT', '$shape', [':1', ':2'], '$blob'],
      `$${Buffer.from(floats(9, 16)).toString('latin1')}`,
    ]);
    expect(await client.send('RENAME', 'out', 'renamed')).toBe('+OK');
    expect(await client.send('EXISTS', 'renamed')).toBe(':1');
    expect(await client.send('UNLINK', 'renamed')).toBe(':1');
    expect(await client.send('AI.SCRIPTSET', 's', 'CPU', 'SOURCE', SCRIPT)).toBe('+OK');
    expect(await client.send('AI.SCRIPTRUN', 's', 'double', 'INPUTS', 'in', 'OUTPUTS', 'out')).toBe('+OK');
    expect(await client.send('AI.SCRIPTDEL', 's')).toBe('+OK');
    expect(await client.send('AI.MODELDEL', 'mul')).toBe('+OK');
    expect(
      parseInfo(await client.send('INFO', 'EVERYTHING'))
        .get('Server')
        ?.get('redis_mode'),
    ).toBe('standalone');
    expect(await client.send('CLUSTER', 'INFO')).toBe('-ERR This instance has cluster support disabled');
    expect(await client.send('SAVE')).toMatch(/^\+/);
    expect(await client.send('FLUSHDB')).toBe('+OK');
  });
});
