import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import slotOf from 'cluster-key-slot';
import {
  endRedisProcesses,
  findRedisServer,
  formCluster,
  type RedisProcess,
  startRedisProcess,
} from '../../cluster/redis-cluster.ts';
import type { TesseraNode } from '../../src/node.ts';
import { AddressBook, type BookEntry } from '../../src/upstream/address-book.ts';
import type { RedisSettings } from '../../src/upstream/redis-engine.ts';
import { freePorts } from './cluster.ts';
import { startNode } from './node.ts';

const HOST = '127.0.0.1';

export interface RedisNodes {
  readonly nodes: readonly TesseraNode[];
  readonly ports: readonly number[];
  readonly redis: readonly RedisProcess[];
  /** The node that has the key's slot after the start. */
  portOf(key: string): number;
  /** Starts one again that has ended, without its keys. */
  restart(index: number): Promise<void>;
  stop(): Promise<void>;
}

/** A Redis Cluster of masters with as many replicas each, and in this process a node before each of them. */
export async function startRedisNodes(
  masters: number,
  replicas = 0,
  settings: Partial<RedisSettings> = {},
): Promise<RedisNodes> {
  const count = masters * (1 + replicas);
  const server = findRedisServer();
  const folder = mkdtempSync(path.join(tmpdir(), 'tessera-redis-'));
  // The bus listens 10,000 above; ports beyond are refused.
  const all = await freePorts(2 * count);
  const [ports, redisPorts] = [all.slice(0, count), all.slice(count)];
  const launch = (port: number) =>
    startRedisProcess(server, port, path.join(folder, String(port)), [
      ...['--save', '', '--cluster-node-timeout', '2000', '--repl-diskless-sync-delay', '0'],
      ...['--cluster-port', String(port > 55_000 ? port - 10_000 : port + 10_000)],
    ]);
  const redis = await Promise.all(redisPorts.map(launch));
  await formCluster(redisPorts, masters);
  const entries: BookEntry[] = redisPorts.map((port, i) => ({
    redis: { host: HOST, port },
    node: { host: HOST, port: ports[i] as number, tlsPort: 0 },
  }));
  const addresses = new AddressBook(entries, HOST);
  const nodes = await Promise.all(
    redisPorts.map((port, i) =>
      startNode({}, 0, {
        port: ports[i] as number,
        redis: {
          address: { host: HOST, port, secure: false, user: '', password: '' },
          addresses,
          ...settings,
        },
      }),
    ),
  );
  return {
    nodes,
    ports,
    redis,
    portOf: (key) => ports[Math.floor((slotOf(key) * masters) / 16_384)] as number,
    async restart(index) {
      redis[index] = await launch(redisPorts[index] as number);
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.close()));
      await endRedisProcesses(redis, 'SIGKILL');
    },
  };
}
