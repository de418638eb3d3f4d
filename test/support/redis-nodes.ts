import { mkdtempSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import slotOf from 'cluster-key-slot';
import {
  endRedisProcesses,
  findRedisServer,
  formCluster,
  type RedisProcess,
  startRedisProcess,
} from '../../cluster/redis-cluster.ts';
import type { NodeOptions, TesseraNode } from '../../src/node.ts';
import { AddressBook, type BookEntry } from '../../src/upstream/address-book.ts';
import type { RedisSettings } from '../../src/upstream/redis-engine.ts';
import { freePorts } from './cluster.ts';
import { startNode } from './node.ts';
import type { RespClient } from './resp-client.ts';
import { run } from './run.ts';

const HOST = '127.0.0.1';
const BUS_DISTANCE = 10_000;

export interface RedisNodes {
  readonly nodes: readonly TesseraNode[];
  readonly ports: readonly number[];
  readonly redis: readonly RedisProcess[];
  /** The node that has the key's slot after the start. */
  portOf(key: string): number;
  /** Starts one again that has ended, without its keys. */
  restart(index: number): Promise<void>;
  /** Starts a Redis that is in no cluster yet, and a node before it. @returns the node's port. */
  add(): Promise<number>;
  /** Ends the last that was added. */
  removeLast(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A Redis Cluster of masters with as many replicas each, and in this process a node before each of them.
 * @param nodeTimeoutMs after which one that says nothing has failed.
 */
export async function startRedisNodes(
  masters: number,
  replicas = 0,
  nodeTimeoutMs = 2000,
  settings: Partial<RedisSettings> = {},
  others: Partial<NodeOptions> = {},
): Promise<RedisNodes> {
  const count = masters * (1 + replicas);
  const server = findRedisServer();
  const folder = mkdtempSync(path.join(tmpdir(), 'tessera-redis-'));
  const addresses = new AddressBook([], HOST);
  const entries: BookEntry[] = [];
  const [ports, redis, nodes]: [number[], RedisProcess[], TesseraNode[]] = [[], [], []];
  const startRedis = (port: number) =>
    startRedisProcess(server, port, path.join(folder, String(port)), [
      ...['--save', '', '--cluster-node-timeout', String(nodeTimeoutMs), '--repl-diskless-sync-delay', '0'],
    ]);
  const addNode = async (redisPort: number) => {
    const address = { host: HOST, port: redisPort, secure: false, user: '', password: '' };
    const node = await startNode({}, 0, { redis: { address, addresses, ...settings }, ...others });
    nodes.push(node);
    ports.push(node.port);
    entries.push({
      redis: { host: HOST, port: redisPort },
      node: { host: HOST, port: node.port, tlsPort: 0 },
    });
    addresses.update(entries);
    return node.port;
  };
  const redisPorts = await freeRedisPorts(count);
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await endRedisProcesses(redis, 'SIGKILL');
  };
  try {
    for (const port of redisPorts) redis.push(await startRedis(port));
    await formCluster(redisPorts, masters);
    for (const port of redisPorts) await addNode(port);
  } catch (error) {
    // Nobody else would end what has started.
    await stop();
    throw error;
  }
  return {
    nodes,
    ports,
    redis,
    portOf: (key) => ports[Math.floor((slotOf(key) * masters) / 16_384)] as number,
    async restart(index) {
      redis[index] = await startRedis(entries[index]?.redis.port as number);
    },
    async add() {
      const [redisPort] = (await freeRedisPorts(1)) as [number];
      redis.push(await startRedis(redisPort));
      return addNode(redisPort);
    },
    async removeLast() {
      ports.pop();
      entries.pop();
      addresses.update(entries);
      await nodes.pop()?.close();
      await endRedisProcesses(redis.splice(-1), 'SIGKILL');
    },
    stop,
  };
}

/** One that moves a quarter of the slots takes two minutes on an idle machine. Stopped in the midst it would leave a slot half-way. */
export const REDIS_CLI_PATIENCE_MS = 1_800_000;

/** What redis-cli prints. @throws Error with what it printed where it fails. */
export async function redisCli(...args: (string | number)[]): Promise<string> {
  const { code, stdout, stderr } = await run('redis-cli', args.map(String), {
    timeout: REDIS_CLI_PATIENCE_MS,
  });
  if (code !== 0) throw new Error(`redis-cli ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** The id of the Redis behind a node of this machine. */
export async function idOf(port: number): Promise<string> {
  return (await redisCli('-p', port, 'cluster', 'myid')).trim();
}

/** Redis gives a manual failover up after 5 s, as when the others do not answer in time: it has to be asked for again then. */
const FAILOVER_MS = 6000;
const FAILOVERS = 5;

/** Makes the replica a master. @param client of the node before it, which has said READONLY. */
export async function promote(client: RespClient): Promise<void> {
  for (let i = 0; i < FAILOVERS; i++) {
    const answer = String(await client.send('CLUSTER', 'FAILOVER'));
    if (answer !== 'OK') throw new Error(`CLUSTER FAILOVER: ${answer}`);
    for (const deadline = Date.now() + FAILOVER_MS; Date.now() < deadline; await delay(20)) {
      if (((await client.send('ROLE')) as unknown[])[0] === 'master') return;
    }
  }
  throw new Error('the replica does not become a master');
}

/** Ports that are free, and the ones 10,000 above, where the nodes of a Redis Cluster talk to each other. */
async function freeRedisPorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    for (const port of await freePorts(count)) if (await isFree(port + BUS_DISTANCE)) found.add(port);
  }
  return [...found].slice(0, count);
}

function isFree(port: number): Promise<boolean> {
  if (port > 65_535) return Promise.resolve(false);
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
