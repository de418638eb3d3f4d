import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: RespClient;

beforeEach(async () => {
  client = await shared.connect();
  await client.send('CONFIG', 'RESETSTAT');
});
afterEach(() => {
  Object.assign(shared.node.context.config, {
    slowlogSlowerThanUs: 10_000,
    slowlogMaxLength: 128,
    latencyThresholdMs: 0,
  });
});

/** A section of INFO as names and values. */
async function info(section: string): Promise<Record<string, string>> {
  const text = String(await client.send('INFO', section));
  return Object.fromEntries(
    text
      .split('\r\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

describe('INFO', () => {
  test('has the sections of Redis by default, more with ALL, those of the AI module with EVERYTHING', async () => {
    const titles = async (...args: string[]) =>
      [...String(await client.send('INFO', ...args)).matchAll(/^# (.*)\r$/gm)].map(([, title]) => title);
    const defaults = [
      ...['Server', 'Clients', 'Memory', 'Persistence', 'Stats', 'Replication', 'CPU', 'Modules'],
      ...['Errorstats', 'Cluster', 'Keyspace', 'Tessera'],
    ];
    const all = defaults.flatMap((title) => {
      if (title !== 'Errorstats') return [title];
      return ['Commandstats', title, 'Latencystats'];
    });
    const ai = [
      'ai_versions',
      'ai_git',
      'ai_load_time_configs',
      'ai_backends_info',
      'ai_cpu',
      'ai_execution',
      'ai_models',
    ];
    expect(await titles()).toEqual(defaults);
    expect(await titles('default')).toEqual(defaults);
    expect(await titles('all')).toEqual(all);
    expect(await titles('everything')).toEqual([...all, ...ai]);
    expect(await titles('modules')).toEqual(['Modules', ...ai]);
    expect(await titles('CPU', 'commandstats')).toEqual(['CPU', 'Commandstats']);
    expect(await titles('nope')).toEqual([]);
  });

  test('counts calls, failures and refusals of each command, also inside EXEC', async () => {
    await client.send('SET', 'k', 'v');
    await client.send('GET', 'k');
    await client.send('GET');
    await client.send('NOPE');
    await client.send('AI.TENSORGET', 'k');
    await client.send('MULTI');
    await client.send('GET', 'k');
    await client.send('EXEC');
    const stats = await info('commandstats');
    const counts = (name: string) => stats[`cmdstat_${name}`]?.replace(/usec=\d+,usec_per_call=[\d.]+/, '-');
    expect(counts('get')).toBe('calls=2,-,rejected_calls=1,failed_calls=0');
    expect(counts('ai.tensorget')).toBe('calls=1,-,rejected_calls=0,failed_calls=1');
    expect(counts('exec')).toBe('calls=1,-,rejected_calls=0,failed_calls=0');
    expect(counts('config|resetstat')).toBe('calls=1,-,rejected_calls=0,failed_calls=0');
    expect(counts('nope')).toBe(undefined);
    expect(await info('errorstats')).toEqual({ errorstat_ERR: 'count=2', errorstat_WRONGTYPE: 'count=1' });
    const totals = await info('stats');
    // RESETSTAT, SET, GET, AI.TENSORGET, MULTI, GET, EXEC and the two INFOs: refused commands do not count.
    expect(totals.total_commands_processed).toBe('9');
    expect(totals.total_error_replies).toBe('3');
    expect((await info('latencystats')).latency_percentiles_usec_get).toMatch(
      /^p50=\d+\.\d{3},p99=\d+\.\d{3},p99\.9=\d+\.\d{3}$/,
    );
  });

  test('counts hits, misses and expired keys', async () => {
    await client.send('SET', 'k', 'v');
    await client.send('GET', 'k');
    await client.send('GET', 'none');
    await client.send('EXISTS', 'k', 'none');
    await client.send('SET', 'none', 'v', 'NX');
    await client.send('SET', 'short', 'v', 'PX', 50);
    while ((await client.send('EXISTS', 'short')) === 1);
    const { keyspace_hits, keyspace_misses, expired_keys } = await info('stats');
    expect([expired_keys, Number(keyspace_hits) >= 2, Number(keyspace_misses) >= 3]).toEqual([
      '1',
      true,
      true,
    ]);
    await client.send('CONFIG', 'RESETSTAT');
    const after = await info('stats');
    expect([after.expired_keys, after.keyspace_hits, after.keyspace_misses]).toEqual(['0', '0', '0']);
  });

  test('tells memory, bytes and rates', async () => {
    await client.send('AI.TENSORSET', 't', 'FLOAT', 1_000_000);
    await client.send('DEL', 't');
    const memory = await info('memory');
    expect(memory.used_memory).toBe('0');
    expect(Number(memory.used_memory_peak)).toBeGreaterThan(4_000_000);
    expect(memory.used_memory_peak_human).toBe('3.82M');
    expect(Number(memory.mem_fragmentation_ratio)).toBeGreaterThan(0);
    for (let i = 0; i < 200; i++) await client.send('PING');
    const stats = await info('stats');
    expect(Number(stats.total_net_input_bytes)).toBeGreaterThan(200 * 14);
    // The sample is taken every 100 ms.
    let rate = 0;
    while (rate === 0) rate = Number((await info('stats')).instantaneous_ops_per_sec);
    expect(rate).toBeGreaterThan(0);
  });

  test('tells the AI module and what its worker threads have used', async () => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 2, 2);
    expect(await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'x', 'x', 'OUTPUTS', 1, 'y')).toBe('OK');
    const ai = await info('modules');
    expect(ai.ai_RedisAI_version).toBe('1.2.7');
    expect(ai.ai_onnxruntime_version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(ai.module).toBe('name=ai,ver=10207,api=1,filters=0,usedby=[],using=[],options=[]');
    const threads = Object.keys(ai).filter((name) => name.startsWith('ai_queue_CPU_bthread'));
    expect(threads).toEqual([1, 2].map((n) => `ai_queue_CPU_bthread_n${n}_used_cpu_total`));
    expect(threads.reduce((sum, name) => sum + Number(ai[name]), 0)).toBeGreaterThan(0);
    expect(await client.send('MODULE', 'LIST')).toEqual([
      ['name', 'ai', 'ver', 10207, 'path', '', 'args', []],
    ]);
  });
});

describe('SLOWLOG', () => {
  const entries = async (count = -1) => (await client.send('SLOWLOG', 'GET', count)) as unknown[][];

  test('keeps arguments cut as Redis does, without secrets and without EXEC', async () => {
    await client.send('CONFIG', 'SET', 'slowlog-log-slower-than', 0);
    await client.send('SLOWLOG', 'RESET');
    await client.send('AUTH', 'someone', 'secret');
    await client.send('HELLO', 2, 'AUTH', 'default', 'secret', 'SETNAME', 'me');
    await client.send('MULTI');
    await client.send('PING');
    await client.send('EXEC');
    await client.send('SET', 'k', 'v'.repeat(200));
    await client.send('MGET', ...Array.from({ length: 40 }, (_, i) => i));
    const found = await entries();
    expect(found.map((e) => e[3])).toEqual([
      ['MGET', ...Array.from({ length: 30 }, (_, i) => String(i)), '... (10 more arguments)'],
      ['SET', 'k', `${'v'.repeat(128)}... (72 more bytes)`],
      ['PING'],
      ['MULTI'],
      ['HELLO', '2', 'AUTH', '(redacted)', '(redacted)', 'SETNAME', 'me'],
      ['AUTH', '(redacted)', '(redacted)'],
      ['SLOWLOG', 'RESET'],
    ]);
    const [newest, older] = found;
    expect(Number(newest?.[0])).toBe(Number(older?.[0]) + 1);
    expect(newest?.slice(4)).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/), 'me']);
    expect(Math.abs(Number(newest?.[1]) - Date.now() / 1000)).toBeLessThan(60);
  });

  test('of a model run counts the time until its reply, and keeps its arguments', async () => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 2, 2);
    await client.send('CONFIG', 'SET', 'slowlog-log-slower-than', 0);
    await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'x', 'x', 'OUTPUTS', 1, 'y');
    const [entry] = await entries(1);
    expect(entry?.[3]).toEqual(['AI.MODELEXECUTE', 'm', 'INPUTS', '2', 'x', 'x', 'OUTPUTS', '1', 'y']);
    expect(Number(entry?.[2])).toBeGreaterThan(0);
  });

  test('keeps as many as slowlog-max-len, none below the threshold, none when it is negative', async () => {
    await client.send('CONFIG', 'SET', 'slowlog-log-slower-than', 0, 'slowlog-max-len', 2);
    for (let i = 0; i < 5; i++) await client.send('ECHO', i);
    expect((await entries()).map((e) => e[3])).toEqual([
      ['ECHO', '4'],
      ['ECHO', '3'],
    ]);
    await client.send('CONFIG', 'SET', 'slowlog-log-slower-than', -1);
    await client.send('SLOWLOG', 'RESET');
    await client.send('PING');
    expect(await client.send('SLOWLOG', 'LEN')).toBe(0);
  });

  test('refuses a count below -1', async () => {
    for (const count of ['x', '-2']) {
      expect(await client.error('SLOWLOG', 'GET', count)).toBe(
        'ERR count should be greater than or equal to -1',
      );
    }
    expect(await client.error('SLOWLOG', 'GET', 1, 2)).toBe(
      "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.",
    );
  });
});

describe('LATENCY', () => {
  test('HISTOGRAM adds up to the calls, by rising bounds', async () => {
    const typed = await shared.connectTyped();
    await typed.send('HELLO', 3);
    for (let i = 0; i < 50; i++) await typed.send('PING');
    const reply = (await typed.send('LATENCY', 'HISTOGRAM', 'ping', 'config', 'nope')) as {
      map: [Typed, { map: [[Typed, Typed], [Typed, { map: [string, string][] }]] }][];
    };
    expect(reply.map.map(([name]) => name)).toEqual(['$ping', '$config|resetstat']);
    const [, { map: ping }] = reply.map[0] as (typeof reply.map)[0];
    const [[, calls], [, histogram]] = ping;
    expect(calls).toBe(':50');
    const counts = histogram.map.map(([, count]) => Number(count.slice(1)));
    const bounds = histogram.map.map(([bound]) => Number(bound.slice(1)));
    expect(counts.at(-1)).toBe(50);
    expect([...counts].sort((a, b) => a - b)).toEqual(counts);
    expect([...bounds].sort((a, b) => a - b)).toEqual(bounds);
  });

  test('samples are kept where a threshold asks for them', async () => {
    expect(await client.send('LATENCY', 'LATEST')).toEqual([]);
    expect(await client.send('LATENCY', 'DOCTOR')).toMatch(/^Latency monitoring is disabled/);
    await client.send('CONFIG', 'SET', 'latency-monitor-threshold', 1);
    // About a thousand keys a ms are looked at.
    for (let i = 0; i < 50; i++) {
      await client.send('MSET', ...Array.from({ length: 2000 }, (_, k) => `${i}-${k}`));
    }
    await client.send('KEYS', '*no*such*');
    // What follows is to leave no samples.
    await client.send('CONFIG', 'SET', 'latency-monitor-threshold', 3_600_000);
    const [event] = (await client.send('LATENCY', 'LATEST')) as unknown[][];
    expect(event?.[0]).toBe('command');
    const history = (await client.send('LATENCY', 'HISTORY', 'command')) as unknown[][];
    expect(history.at(-1)).toEqual(event?.slice(1, 3));
    expect(await client.send('LATENCY', 'DOCTOR')).toMatch(/^command: \d+ latency spikes/);
    expect(await client.send('LATENCY', 'RESET', 'command', 'nope')).toBe(1);
    expect(await client.send('LATENCY', 'HISTORY', 'command')).toEqual([]);
  });
});
