import type { Command } from '../commands/command.ts';
import { errors } from '../errors.ts';
import type { KeyName } from '../keyspace/keyspace.ts';
import { type FetchedValue, fetchedValues, fetchRequest } from '../keyspace/redis/fetch.ts';
import { FetchedKeyspace } from '../keyspace/redis/fetched-keyspace.ts';
import { guardedDelete, guardedSet } from '../keyspace/redis/guarded-write.ts';
import { encodeStored } from '../keyspace/redis/stored-value.ts';
import type { Reply } from '../protocol/reply.ts';
import { keyName, keysOf, LISTS } from './command-keys.ts';
import type { Asker } from './key-walk.ts';
import { completed } from './large-values.ts';
import type { Decoding } from './proxied-transaction.ts';
import type { RedisEngine } from './redis-engine.ts';
import { isError, withoutScript } from './reply-kinds.ts';

const DELETES = new Set(['ai.modeldel', 'ai.scriptdel']);
/** What an experiment becomes depends on what is there: its models, or itself. */
const OF_EXPERIMENTS = new Set(['ai.experiment|set', 'ai.experiment|promote', 'ai.experiment|del']);
const STORES = new Set(['ai.modelstore', 'ai.modelset', 'ai.scriptstore', 'ai.scriptset']);

/** What an AI command between MULTI and EXEC comes to: one command of Redis, and what the client gets for its reply. */
export interface QueuedForm {
  readonly request: readonly Uint8Array[];
  readonly decoding: Decoding;
}

/** Who runs the commands. */
export interface CommandRunner {
  /** Errors are replies, too. */
  run(command: Command, args: Buffer[], keyspace: FetchedKeyspace, inTransaction: boolean): Promise<Reply>;
  encoded(reply: Reply): Buffer;
  /** Asks Redis for what is in pieces. */
  readonly ask: Asker;
}

/**
 * Finds the form of AI commands between MULTI and EXEC, where Redis runs them all at one moment: what is to be stored is checked before it is
 * queued, what is read is read by Redis when EXEC comes.
 */
export class QueuedCommands {
  readonly #engine: RedisEngine;
  readonly #runner: CommandRunner;

  constructor(engine: RedisEngine, runner: CommandRunner) {
    this.#engine = engine;
    this.#runner = runner;
  }

  /**
   * @returns a promise where something has to be loaded first.
   * @throws ServerError where it comes to no one command.
   */
  form(command: Command, args: Buffer[]): QueuedForm | Promise<QueuedForm> {
    const { name } = command;
    // They look at all keys, which no one command of Redis does.
    if (LISTS[name] !== undefined || OF_EXPERIMENTS.has(name))
      throw errors.notInProxiedTransaction(name.toUpperCase().replace('|', ' '));
    const kind = name.startsWith('ai.model') ? 'model' : 'script';
    if (DELETES.has(name)) return this.#write(args, guardedDelete(args[1] as Buffer, kind));
    if (STORES.has(name) || name === 'ai.tensorset') return this.#store(command, args);
    return this.#read(command, args, (values) =>
      this.#runner.run(command, args, new FetchedKeyspace(values), true),
    );
  }

  #write(args: readonly Buffer[], request: readonly Uint8Array[]): QueuedForm {
    const key = keyName(args[1] as Buffer);
    this.#engine.cache.forget(key);
    this.#engine.plainKeys.forget(key);
    return { request, decoding: withoutScript };
  }

  /** What is wrong with the value is said when EXEC comes, like all that a command answers. */
  async #store(command: Command, args: Buffer[]): Promise<QueuedForm> {
    const key = args[1] as Buffer;
    const written = new FetchedKeyspace(new Map([[keyName(key), null]]));
    const reply = await this.#runner.run(command, args, written, false);
    const value = written.writes.get(keyName(key));
    if (value === undefined || value === null) {
      return this.#read(command, args, () => Promise.resolve(reply));
    }
    // Whether EXEC comes, and stores it, is not known: whoever runs it first loads it again.
    this.#engine.unload(value);
    const isGuarded = value.type === 'model' || value.type === 'script';
    return this.#write(
      args,
      isGuarded
        ? guardedSet(key, value)
        : [Buffer.from('SET'), key, Buffer.concat(encodeStored(value).parts)],
    );
  }

  #read(
    command: Command,
    args: Buffer[],
    answer: (values: Map<KeyName, FetchedValue>) => Promise<Reply>,
  ): QueuedForm {
    const { cache } = this.#engine;
    const fetch = fetchRequest(cache, keysOf(command, args));
    const decoding = async (reply: Buffer) => {
      if (isError(reply)) return withoutScript(reply);
      return this.#runner.encoded(
        await answer(await completed(this.#runner.ask, cache, fetchedValues(cache, fetch, reply))),
      );
    };
    return { request: fetch.args, decoding };
  }
}
