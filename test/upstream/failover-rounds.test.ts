import { setTimeout as delay } from 'node:timers/promises';
import slotOf from 'cluster-key-slot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askRedis } from '../../cluster/redis-cluster.ts';
import { parseReply, textOf } from '../../src/upstream/reply-tree.ts';
import { type RedisNodes, startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis } from '../support/redis-server.ts';
import { ioredisClient, nodeRedisClient, SequenceWriter } from '../support/sequence-writer.ts';

const FAULTS = [
  'killed',
  'killed while its replica was stalled and cut off',
  'frozen until it was replaced',
] as const;
const ROUNDS = Number(process.env.TESSERA_FAILOVER_ROUNDS ?? FAULTS.length);
const SETTLE_MS = 300;

describe.skipIf(noRedis !== undefined)('writes that a replica has to have', () => {
  let cluster: RedisNodes;
  const writers: SequenceWriter[] = [];
  beforeAll(async () => {
    cluster = await startRedisNodes(3, 1, 2000, { acknowledgement: { replicas: 1, timeoutMs: 1000 } });
    const clients = [ioredisClient(cluster.ports), await nodeRedisClient(cluster.ports)];
    for (const client of clients)
      for (let i = 0; i < 6; i++) writers.push(new SequenceWriter(client, `${client.name}-${i}`));
  });
  afterAll(async () => {
    for (const { client } of writers) client.close();
    await cluster.stop();
  });

  /** The Redis nodes that have a slot, the master first, as one of them knows. */
  const holders = async (slot: number, asked: number): Promise<number[]> => {
    const reply = await askRedis(cluster.redis[asked]?.port as number, 'CLUSTER', 'SLOTS');
    const range = (parseReply(Buffer.from(reply)).items ?? []).find(
      ({ items }) => Number(textOf(items?.[0])) <= slot && slot <= Number(textOf(items?.[1])),
    );
    const ports = (range?.items ?? []).slice(2).map(({ items }) => Number(textOf(items?.[1])));
    return ports.map((port) => cluster.redis.findIndex((each) => each.port === port));
  };

  /** Until every master has a replica that follows. */
  const healed = async () => {
    const slots = [0, 8000, 16_000];
    for (;;) {
      const known = await Promise.all(slots.map((slot) => holders(slot, 0)));
      const masters = await Promise.all(
        known.map(([master = 0]) => askRedis(cluster.redis[master]?.port as number, 'INFO', 'replication')),
      );
      if (masters.every((info) => info.includes('role:master') && info.includes('state=online'))) return;
      await delay(50);
    }
  };

  /** Does it, until another master is there and the old one is back. @param struck called when the master goes. */
  const hurt = async (
    fault: (typeof FAULTS)[number],
    [master = 0, replica = 0]: readonly number[],
    slot: number,
    struck: () => void,
  ) => {
    const signal = (index: number, name: NodeJS.Signals) => cluster.redis[index]?.child.kill(name);
    const witness = [0, 1, 2, 3, 4, 5].find((index) => index !== master && index !== replica) as number;
    const replaced = async () => {
      while ((await holders(slot, witness))[0] === master) await delay(20);
    };
    if (fault === 'frozen until it was replaced') {
      signal(master, 'SIGSTOP');
      struck();
      await replaced();
      await delay(2 * SETTLE_MS);
      signal(master, 'SIGCONT');
      return;
    }
    const isStalled = fault === 'killed while its replica was stalled and cut off';
    if (isStalled) {
      signal(replica, 'SIGSTOP');
      // Else what was sent to it lies in the system's buffers, and it has all of it when it goes on.
      await askRedis(cluster.redis[master]?.port as number, 'CLIENT', 'KILL', 'TYPE', 'replica');
      await delay(SETTLE_MS);
    }
    signal(master, 'SIGKILL');
    struck();
    await delay(SETTLE_MS);
    if (isStalled) signal(replica, 'SIGCONT');
    await replaced();
    await cluster.restart(master);
  };

  test('are not lost, whatever becomes of their master', { timeout: ROUNDS * 60_000 }, async () => {
    const lost: string[] = [];
    const lines: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const fault = FAULTS[round % FAULTS.length] as (typeof FAULTS)[number];
      await healed();
      for (const writer of writers) writer.start();
      await delay(SETTLE_MS);
      const slot = slotOf(writers[round % writers.length]?.tag ?? '');
      let struckAt = Number.POSITIVE_INFINITY;
      const hurting = hurt(fault, await holders(slot, 0), slot, () => {
        struckAt = performance.now();
      });
      // With a write that was begun after it each writer goes on.
      const resumed = writers.map(async (writer) => {
        while (writer.lastBegunAt < struckAt) await delay(5);
        return writer.lastAnsweredAt - struckAt;
      });
      await hurting;
      const times = await Promise.all(resumed);
      await delay(SETTLE_MS);
      await Promise.all(writers.map((writer) => writer.stop()));
      for (const writer of writers) lost.push(...(await writer.check()));
      const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
      const own = times[round % times.length] as number;
      lines.push(
        `${fault}: a writer of its slots goes on after ${seconds(own)}, all do after ${seconds(Math.max(...times))}`,
      );
    }
    const acknowledged = writers.reduce((sum, { writes }) => sum + writes, 0);
    const errors: Record<string, number> = {};
    for (const writer of writers)
      for (const [text, count] of writer.errors) errors[text] = (errors[text] ?? 0) + count;
    console.info(
      [...lines, `${ROUNDS} rounds, ${acknowledged} writes acknowledged, ${lost.length} lost`].join('\n'),
      errors,
    );
    expect(lost.slice(0, 20)).toEqual([]);
    expect(acknowledged).toBeGreaterThan(0);
  });
});
