import { Cluster, Command } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { oneOperator } from '../support/models.ts';
import { idOf, promote, type RedisNodes, redisCli, startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { findRedisCli } from '../support/tools.ts';
import { callOf, storeFunction } from '../support/torch-scripts.ts';

type Args = [string, ...(string | number | Uint8Array)[]];

const MASTERS = 3;

describe.skipIf(noRedis !== undefined)('a node before a replica', () => {
  let cluster: RedisNodes;
  /** In the slots of the first master. */
  let tag: string;
  /** A node's port. */
  let [master, replica] = [0, 0];
  const clients: RespClient[] = [];
  const connect = async (port: number) => {
    const client = await RespClient.connect(port);
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    cluster = await startRedisNodes(MASTERS, 1);
    [master, replica] = [cluster.ports[0] as number, cluster.ports[MASTERS] as number];
    tag = Array.from({ length: 100 }, (_, i) => `{t${i}}`).find(
      (name) => cluster.portOf(name) === master,
    ) as string;
    const writer = await connect(master);
    for (const args of [
      ['AI.TENSORSET', `t${tag}`, 'FLOAT', 1, 2, 'VALUES', 3, 4],
      ['AI.MODELSTORE', `m${tag}`, 'ONNX', 'CPU', 'TAG', 'v1', 'BLOB', oneOperator('Neg')],
    ] as Args[])
      expect(await writer.send(...args)).toBe('OK');
    await storeFunction(writer, `s${tag}`, 'return tensors[0] * 2');
    expect(await writer.send('WAIT', 1, 5000)).toBe(1);
    // Redis leaves a replica out until it has heard from it how far it is.
    for (const port of cluster.ports) {
      const one = await connect(port);
      await vi.waitFor(
        async () => {
          const slots = JSON.stringify(await one.send('CLUSTER', 'SLOTS'));
          for (const each of cluster.ports) expect(slots).toContain(`,${each},`);
        },
        { timeout: 30_000, interval: 20 },
      );
    }
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(() => cluster.stop());

  const dag = (): Args => [
    ...(['AI.DAGEXECUTE_RO', 'LOAD', 1, `t${tag}`] as const),
    ...['|>', 'AI.MODELEXECUTE', `m${tag}`, 'INPUTS', 1, `t${tag}`, 'OUTPUTS', 1, 'x'],
    ...['|>', 'AI.TENSORGET', 'x', 'VALUES'],
  ];
  const run = (output: string): Args => [
    ...(['AI.MODELEXECUTE', `m${tag}`, 'INPUTS', 1, `t${tag}`, 'OUTPUTS', 1, output] as const),
  ];
  const call = (output: string) =>
    callOf(`s${tag}`, { inputs: [`t${tag}`], outputs: [output] }) as unknown as Args;
  const reads = (): Args[] => [
    ['AI.TENSORGET', `t${tag}`, 'VALUES'],
    ['AI.MODELGET', `m${tag}`, 'META'],
    ['AI.SCRIPTGET', `s${tag}`, 'META'],
    dag(),
    ['AI.DAGRUN_RO', 'LOAD', 1, `t${tag}`, '|>', 'AI.TENSORGET', `t${tag}`, 'VALUES'],
  ];
  const writes = (): Args[] => [
    ['AI.TENSORSET', `t${tag}`, 'FLOAT', 1],
    ['AI.MODELSTORE', `m${tag}`, 'ONNX', 'CPU', 'BLOB', oneOperator('Abs')],
    ['AI.MODELDEL', `m${tag}`],
    ['AI.SCRIPTDEL', `s${tag}`],
    run(`o${tag}`),
    call(`o${tag}`),
    [
      ...(['AI.DAGEXECUTE', 'LOAD', 1, `t${tag}`, 'PERSIST', 1, `o${tag}`] as const),
      ...['|>', 'AI.MODELEXECUTE', `m${tag}`, 'INPUTS', 1, `t${tag}`, 'OUTPUTS', 1, `o${tag}`],
    ],
  ];
  const moved = (port: number) => new RegExp(`^MOVED \\d+ 127\\.0\\.0\\.1:${port}$`);
  const infoOf = async (client: RespClient, field: string) =>
    new RegExp(`${field}:(.*)\r\n`).exec(String(await client.send('INFO', 'everything')))?.[1];

  test('sends clients to the master that have not said READONLY', async () => {
    const client = await connect(replica);
    for (const args of [...reads(), ...writes()])
      expect(await client.error(...args), args[0]).toMatch(moved(master));
  });

  test('reads and runs what a replica may, after READONLY, and sends writes to the master', async () => {
    const client = await connect(replica);
    expect(await client.send('READONLY')).toBe('OK');
    const [tensor, model, script, ran, deprecated] = await Promise.all(
      reads().map((args) => client.send(...args)),
    );
    expect(tensor).toEqual(['3', '4']);
    expect(model).toEqual(expect.arrayContaining(['backend', 'ONNX', 'tag', 'v1']));
    expect(script).toEqual(expect.arrayContaining(['device', 'CPU']));
    expect(ran).toEqual(['OK', ['-3', '-4']]);
    expect(deprecated).toEqual([['3', '4']]);
    const runs = await infoOf(client, 'ai_runs');
    const replies = writes().map((args) => client.error(...args));
    for (const [i, reply] of (await Promise.all(replies)).entries())
      expect(reply, writes()[i]?.[0]).toMatch(moved(master));
    // Nothing ran whose outcome could not be written, and it is still READONLY.
    expect(await infoOf(client, 'ai_runs')).toBe(runs);
    expect(await client.send('AI.TENSORGET', `t${tag}`, 'VALUES')).toEqual(['3', '4']);
    await client.send('READWRITE');
    expect(await client.error('AI.TENSORGET', `t${tag}`, 'VALUES')).toMatch(moved(master));
    await client.send('READONLY');
    await client.send('RESET');
    expect(await client.error(...dag())).toMatch(moved(master));
  });

  test('lists the models and scripts that the replica has', async () => {
    const client = await connect(replica);
    expect(await client.send('AI._MODELSCAN')).toEqual([[`m${tag}`, 'v1']]);
    expect(await client.send('AI._SCRIPTSCAN')).toEqual([[`s${tag}`, '']]);
    // It is no different afterwards.
    expect(await client.error('GET', `t${tag}`)).toMatch(moved(master));
  });

  test('has what the master was given last, once it is replicated', async () => {
    const [writer, reader] = [await connect(master), await connect(replica)];
    await reader.send('READONLY');
    for (let n = 1; n <= 50; n++) {
      await writer.send('AI.TENSORSET', `last${tag}`, 'FLOAT', 1, 'VALUES', n);
      expect(await writer.send('WAIT', 1, 5000)).toBe(1);
      expect(await reader.send('AI.TENSORGET', `last${tag}`, 'VALUES')).toEqual([String(n)]);
    }
  });

  /** How many fetches the Redis behind a node has served. */
  const fetches = async (index: number) => {
    const client = await connect(cluster.redis[index]?.port as number);
    const found = /cmdstat_eval_ro:calls=(\d+)/.exec(String(await client.send('INFO', 'commandstats')));
    return Number(found?.[1] ?? 0);
  };

  test('serves ioredis with scaleReads and node-redis with useReplicas', async () => {
    const ioredis = new Cluster([{ host: '127.0.0.1', port: master }], { scaleReads: 'slave' });
    const nodeRedis = createCluster({
      rootNodes: [{ url: `redis://127.0.0.1:${master}` }],
      useReplicas: true,
    });
    await nodeRedis.connect();
    const textOf = (reply: unknown) => JSON.stringify(reply);
    const byIoredis = ([name, ...args]: Args) =>
      ioredis.sendCommand(
        new Command(name, args as string[], { replyEncoding: 'utf8', readOnly: true }),
      ) as Promise<unknown>;
    const byNodeRedis = (args: Args) =>
      nodeRedis.sendCommand(
        `t${tag}`,
        true,
        args.map((arg) => String(arg)),
      );
    for (const read of [byIoredis, byNodeRedis]) {
      const before = await fetches(MASTERS);
      for (let i = 0; i < 20; i++) {
        expect(textOf(await read(['AI.TENSORGET', `t${tag}`, 'VALUES']))).toMatch(/^\["?3"?,"?4"?\]$/);
        expect(textOf(await read(dag()))).toMatch(/^\["OK",\["?-3"?,"?-4"?\]\]$/);
      }
      // node-redis takes the master in its turn, too.
      expect(await fetches(MASTERS)).toBeGreaterThan(before);
    }
    expect(await ioredis.call(...(run(`o${tag}`) as [string]))).toBe('OK');
    expect(await nodeRedis.sendCommand(`t${tag}`, false, run(`o${tag}`).map(String))).toBe('OK');
    ioredis.disconnect();
    nodeRedis.destroy();
  });

  test.skipIf(findRedisCli() === undefined)('may be added by redis-cli while others serve', async () => {
    const added = await cluster.add();
    const [at, other] = [`127.0.0.1:${added}`, `127.0.0.1:${cluster.ports[1]}`];
    await redisCli(
      ...['--cluster', 'add-node', at, other, '--cluster-slave', '--cluster-master-id', await idOf(master)],
    );
    const [client, writer] = [await connect(added), await connect(master)];
    await expect
      .poll(() => infoOf(client, 'master_link_status'), { timeout: 20_000, interval: 20 })
      .toBe('up');
    await writer.send('AI.TENSORSET', `new${tag}`, 'FLOAT', 1, 'VALUES', 7);
    expect(await writer.send('WAIT', 2, 5000)).toBe(2);
    // It takes a moment until the new one finds that the cluster is well.
    await expect.poll(() => client.error(...dag()), { timeout: 20_000, interval: 20 }).toMatch(moved(master));
    await client.send('READONLY');
    expect(await client.send(...dag())).toEqual(['OK', ['-3', '-4']]);
    expect(await client.send('AI.TENSORGET', `new${tag}`, 'VALUES')).toEqual(['7']);
    // Nobody forgets whom it has not met.
    const id = await idOf(added);
    for (const port of cluster.ports) {
      const one = await connect(port);
      await expect.poll(() => one.send('CLUSTER', 'NODES'), { timeout: 20_000, interval: 20 }).toContain(id);
    }
    await redisCli('--cluster', 'del-node', other, id);
    await cluster.removeLast();
  });

  test('runs models and functions once its replica is promoted', async () => {
    const [before, after] = [await connect(master), await connect(replica)];
    await after.send('READONLY');
    await promote(after);
    expect(await infoOf(after, 'role')).toBe('master');
    expect(await after.send(...run(`o${tag}`))).toBe('OK');
    expect(await after.send('AI.TENSORGET', `o${tag}`, 'VALUES')).toEqual(['-3', '-4']);
    expect(await after.send(...call(`p${tag}`))).toBe('OK');
    expect(await after.send('AI.TENSORGET', `p${tag}`, 'VALUES')).toEqual(['6', '8']);
    await expect.poll(() => before.error(...run(`o${tag}`))).toMatch(moved(replica));
    expect(await after.send('WAIT', 1, 5000)).toBe(1);
    await before.send('READONLY');
    expect(await before.send('AI.TENSORGET', `p${tag}`, 'VALUES')).toEqual(['6', '8']);
    expect(await before.send(...dag())).toEqual(['OK', ['-3', '-4']]);
    expect(await before.error(...run(`o${tag}`))).toMatch(moved(replica));
  });
});
