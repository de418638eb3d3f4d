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

const CHECKED_AT_ONCE = 200;

/** Writes tensors under keys of one slot, one after the other, each key once, and knows which of them were acknowledged. */
export class SequenceWriter {
  /** What is in braces in its keys. */
  readonly tag: string;
  readonly client: ClusterClient;
  /** What the writes were answered that were not acknowledged. */
  readonly errors = new Map<string, number>();
  /** Since the last check. */
  #acknowledged: number[] = [];
  writes = 0;
  /** Of the last write that was acknowledged, when it was begun and when it was answered. */
  lastBegunAt = 0;
  lastAnsweredAt = 0;
  #next = 1;
  #isOver = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(client: ClusterClient, tag: string) {
    this.client = client;
    this.tag = tag;
  }

  start(): void {
    this.#isOver = false;
    this.#writing = this.#write();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#writing;
  }

  /** @returns the keys of those that were acknowledged since the last check and are not there, or not what was written. */
  async check(): Promise<string[]> {
    const lost: string[] = [];
    const written = this.#acknowledged;
    this.#acknowledged = [];
    for (let at = 0; at < written.length; at += CHECKED_AT_ONCE) {
      const checks = written.slice(at, at + CHECKED_AT_ONCE).map(async (n) => {
        const key = this.#key(n);
        const found = await this.client.call(key, 'AI.TENSORGET', key, 'VALUES').catch(String);
        if (String(found) !== String(n)) lost.push(`${key}: ${found}`);
      });
      await Promise.all(checks);
    }
    return lost;
  }

  #key(n: number): string {
    return `{${this.tag}}${n}`;
  }

  async #write(): Promise<void> {
    while (!this.#isOver) {
      const n = this.#next++;
      const begunAt = performance.now();
      try {
        const key = this.#key(n);
        await this.client.call(key, 'AI.TENSORSET', key, 'INT32', '1', 'VALUES', String(n));
        this.#acknowledged.push(n);
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
