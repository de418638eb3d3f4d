import { setTimeout as delay } from 'node:timers/promises';
import { warmUp } from '../execution/warm-up.ts';
import { FetchedKeyspace } from '../keyspace/redis/fetched-keyspace.ts';
import type { NodeContext } from '../node-context.ts';
import { askOnce, logIn } from './ask.ts';
import { asker, valuesOfKind } from './key-walk.ts';
import type { RedisEngine } from './redis-engine.ts';
import { parseReply, textOf } from './reply-tree.ts';
import { UpstreamConnection } from './upstream-connection.ts';

/** How often it is looked what the Redis is. */
const LOOK_MS = 1000;
const ANSWER_PATIENCE_MS = 1000;

/**
 * Loads the models that a node's Redis has before clients ask for them: when the Redis is there, and again when it has become a master, for what
 * was stored since.
 */
export class EagerModels {
  readonly #engine: RedisEngine;
  readonly #node: Pick<NodeContext, 'devices' | 'log'>;
  readonly #end = new AbortController();

  constructor(engine: RedisEngine, node: Pick<NodeContext, 'devices' | 'log'>) {
    this.#engine = engine;
    this.#node = node;
  }

  /** Until `close`. */
  async run(): Promise<void> {
    const { signal } = this.#end;
    let last: string | undefined;
    while (!signal.aborted) {
      const role = await this.#role();
      try {
        if (role !== undefined && role !== last) await this.#load();
        last = role;
      } catch (error) {
        // The same again as soon as it can be asked.
        this.#node.log.warn(`models are not loaded yet: ${(error as Error).message}`);
      }
      await delay(LOOK_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  close(): void {
    this.#end.abort();
  }

  /** Such as master; undefined where it does not say. */
  async #role(): Promise<string | undefined> {
    const reply = await askOnce(this.#engine.address, ANSWER_PATIENCE_MS, ['ROLE']).catch(() => undefined);
    return reply === undefined ? undefined : textOf(parseReply(reply).items?.[0]);
  }

  async #load(): Promise<void> {
    const { address, addresses, cache } = this.#engine;
    const { devices, log } = this.#node;
    const values = await new Promise<Awaited<ReturnType<typeof valuesOfKind>>>((resolve, reject) => {
      const connection = new UpstreamConnection(address, {
        bytes: () => {},
        drained: () => {},
        closed: () => reject(new Error('the Redis has ended the connection')),
      });
      logIn(connection, address);
      const ask = asker(connection);
      if (addresses !== null) void ask(['READONLY']);
      valuesOfKind(ask, cache, 'model')
        .then(resolve, reject)
        .finally(() => connection.destroy());
    });
    await warmUp(new FetchedKeyspace(values), devices, log);
  }
}
