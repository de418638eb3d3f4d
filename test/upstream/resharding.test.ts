import slotOf from 'cluster-key-slot';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  idOf,
  REDIS_CLI_PATIENCE_MS,
  type RedisNodes,
  redisCli,
  startRedisNodes,
} from '../support/redis-nodes.ts';
import { noRedis } from '../support/redis-server.ts';
import { findRedisCli } from '../support/tools.ts';
import { startLoad } from './cluster-load.ts';

/** `npm run test:resharding` makes it 3, and moves a quarter of all slots each time; the usual run is short. */
const ROUNDS = Number(process.env.TESSERA_RESHARD_ROUNDS ?? 1);
const [SLOTS, WEIGHT] = process.env.TESSERA_RESHARD_ROUNDS === undefined ? [30, 0.005] : [500, 1];
const MASTERS = 3;
const TAGS_OF_MASTER = 3;
/** None of them is to fail, however busy the machine is. */
const NODE_TIMEOUT_MS = 15_000;

describe.skipIf(noRedis !== undefined || findRedisCli() === undefined)('while slots move', () => {
  let cluster: RedisNodes;
  beforeAll(async () => {
    cluster = await startRedisNodes(MASTERS, 0, NODE_TIMEOUT_MS);
  });
  afterAll(() => cluster.stop());

  const at = (port: number | undefined) => `127.0.0.1:${port}`;
  /** So many nodes know each other and find that all is well, all agree on who has what, and no slot is left half-way. */
  const isWell = async (known: number) => {
    const patience = { timeout: 20_000, interval: 100 };
    for (const port of cluster.ports.slice(0, known)) {
      const info = () => redisCli('-p', port, 'cluster', 'info');
      await expect
        .poll(info, patience)
        .toMatch(new RegExp(`cluster_state:ok\r\n[^]*cluster_known_nodes:${known}\r\n`));
    }
    const check = () => redisCli('--cluster', 'check', at(cluster.ports[0])).catch(String);
    await expect
      .poll(check, patience)
      .toMatch(/All nodes agree about slots(?!.*\[WARNING\]).*All 16384 slots covered/s);
  };

  /**
   * In the slots of each master that are moved first: the lowest. Not the very first: node-redis looks for a node that it is sent to with ASK in
   * CLUSTER SLOTS, and gives up on one that has no slot yet.
   */
  const tags = () => {
    const all = Array.from({ length: 20_000 }, (_, i) => `{t${i}}`).sort((a, b) => slotOf(a) - slotOf(b));
    return cluster.ports.flatMap((port) =>
      all
        .filter((tag) => cluster.portOf(tag) === port)
        .filter((tag, _, own) => slotOf(tag) > slotOf(own[0] as string))
        .slice(0, TAGS_OF_MASTER),
    );
  };

  test('by redis-cli, nodes come and go, clients see no error and no wrong value', {
    timeout: 60_000 + ROUNDS * REDIS_CLI_PATIENCE_MS,
  }, async () => {
    const [first, second] = cluster.ports as [number, number, ...number[]];
    const ioredis = new Cluster([{ host: '127.0.0.1', port: first }]);
    const nodeRedis = createCluster({ rootNodes: [{ url: `redis://${at(first)}` }] });
    nodeRedis.on('error', () => {});
    await nodeRedis.connect();
    const load = startLoad(tags(), {
      ioredis: (_, command, ...args) => ioredis.call(command, ...(args as string[])),
      'node-redis': (key, ...args) =>
        nodeRedis.sendCommand(
          key,
          false,
          args.map((arg) => (arg instanceof Uint8Array ? Buffer.from(arg) : String(arg))),
        ),
    });
    const { checks } = load;
    while (checks() < 100) await new Promise((resolve) => setTimeout(resolve, 10));

    const moved: string[] = [];
    const during = async (what: string, known: number, ...args: (string | number)[]) => {
      const before = checks();
      const beganAt = performance.now();
      const output = await redisCli('--cluster', ...args);
      const slots = output.match(/^Moving slot \d+ from \S+ to |#/gm)?.length ?? 0;
      const tookMs = Math.round(performance.now() - beganAt);
      moved.push(`${what}: ${slots} slots in ${tookMs} ms, ${checks() - before} reads`);
      await isWell(known);
      return slots;
    };
    const reshard = async () => {
      const [from, to] = [await idOf(first), await idOf(second)];
      const slots = await during(
        ...(['reshard', MASTERS] as const),
        ...['reshard', at(first), '--cluster-from', from, '--cluster-to', to],
        ...['--cluster-slots', SLOTS, '--cluster-yes'],
      );
      expect(slots).toBeGreaterThan(0);
    };
    const addAndRemove = async () => {
      const added = await cluster.add();
      const id = await idOf(added);
      await during('add-node', MASTERS + 1, 'add-node', at(added), at(first));
      const rebalance = (asked: number | undefined, weight: number) =>
        during(
          ...([`rebalance to weight ${weight}`, MASTERS + 1] as const),
          ...['rebalance', at(asked), '--cluster-use-empty-masters'],
          ...['--cluster-weight', `${id}=${weight}`],
        );
      expect(await rebalance(second, WEIGHT)).toBeGreaterThan(0);
      expect(await redisCli('-p', first, 'cluster', 'slots')).toContain(String(added));
      await rebalance(added, 0);
      await during('del-node', MASTERS, 'del-node', at(first), id);
      await cluster.removeLast();
    };
    let wrong: string[];
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await reshard();
        await addAndRemove();
      }
    } finally {
      wrong = await load.stop();
      console.info(`${checks()} reads\n${moved.join('\n')}`);
      ioredis.disconnect();
      nodeRedis.destroy();
    }
    expect(wrong).toEqual([]);
  });
});
