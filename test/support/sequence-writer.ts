import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';

/** Sends one command that has a key. */
type Call = (key: string, ...args: string[]) => Promise<unknown>;

export interface ClusterClient {
  readonly name: string;
  readonly call: Call;
  close(): void;
}

export function ioredisClient(ports: readonly number[]): ClusterClient {
  const client = new Cluster(
    ports.map((port) => ({ host: '127.0.0.1', port })),
    { clusterRetryStrategy: () => 50, redisOptions: { maxRetriesPerRequest: null } },
  );
  client.on('error', () => {});
  return {
    name: 'ioredis',
    call: (_key, name = '', ...args) => client.call(name, ...args),
    close: () => client.disconnect(),
  };
}

export async function nodeRedisClient(ports: readonly number[]): Promise<ClusterClient> {
  const client = createCluster({
    rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })),
  });
  client.on('error', () => {});
  await client.connect();
  return {
    name: 'node-redis',
    call: (key, ...args) => client.sendCommand(key, false, args),
    close: () => client.destroy(),
  };
}

/** Writes 1, 2, 3 .. as a tensor under a key, one after the other, and knows which of them were acknowledged. */
export class SequenceWriter {
  readonly key: string;
  readonly client: ClusterClient;
  /** What the writes were answered that were not acknowledged. */
  readonly errors = new Map<string, number>();
  acknowledged = 0;
  writes = 0;
  /** Of the last write that was acknowledged, when it was begun and when it was answered. */
  lastBegunAt = 0;
  lastAnsweredAt = 0;
  #next = 1;
  #isOver = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(client: ClusterClient, key: string) {
    this.client = client;
    this.key = key;
  }

  start(): void {
    this.#isOver = false;
    this.#writing = this.#write();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#writing;
  }

  /** @returns what is lost: the value is older than one that was acknowledged, or one that nobody wrote. */
  async check(): Promise<string[]> {
    const found = Number(await this.client.call(this.key, 'AI.TENSORGET', this.key, 'VALUES'));
    if (found >= this.acknowledged && found < this.#next) return [];
    return [`${this.key} (${this.client.name}): ${found}, acknowledged ${this.acknowledged}`];
  }

  async #write(): Promise<void> {
    while (!this.#isOver) {
      const n = this.#next++;
      const begunAt = performance.now();
      try {
        await this.client.call(this.key, 'AI.TENSORSET', this.key, 'INT32', '1', 'VALUES', String(n));
        this.acknowledged = n;
        this.writes++;
        this.lastBegunAt = begunAt;
        this.lastAnsweredAt = performance.now();
      } catch (error) {
        const { message } = error as Error;
        this.errors.set(message, (this.errors.get(message) ?? 0) + 1);
        await delay(10);
      }
    }
  }
}
