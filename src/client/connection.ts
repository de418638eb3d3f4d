import { ErrorReply, RESP_TYPES } from 'redis';
import { AiError } from './errors.ts';

/** A key: text, or bytes as they are. */
export type Key = string | Buffer;

interface CommandOptions {
  readonly typeMapping?: { [RESP_TYPES.BLOB_STRING]?: typeof Buffer };
}

/** A client or a pool of node-redis. */
export interface RedisClient {
  sendCommand(args: Key[], options?: CommandOptions): Promise<unknown>;
}

/** A cluster of node-redis. */
export interface RedisCluster {
  sendCommand(
    firstKey: Key | undefined,
    isReadonly: boolean | undefined,
    args: Key[],
    options?: CommandOptions,
  ): Promise<unknown>;
  readonly nodeByAddress: unknown;
}

/** A reply, bulk strings as bytes. */
export type Reply = string | number | null | Buffer | Error | Reply[];

/** A command that has a key, its name first among the arguments. */
export interface Request {
  /** The key that says which node of a cluster it goes to. */
  readonly key: Key;
  /** Whether a replica may answer. */
  readonly isReadonly: boolean;
  readonly args: Key[];
}

const BYTES: CommandOptions = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

/** Sends commands over node-redis, whichever of its kinds of clients it is. */
export class Connection {
  readonly #redis: RedisClient | RedisCluster;

  constructor(redis: RedisClient | RedisCluster) {
    this.#redis = redis;
  }

  /** @throws AiError for an error reply, node-redis's errors for what happens to the connection. */
  async send(request: Request): Promise<Reply> {
    try {
      return await this.#dispatch(request);
    } catch (error) {
      if (isErrorReply(error)) throw new AiError(error.message, String(request.args[0]), { cause: error });
      throw error;
    }
  }

  #dispatch({ key, isReadonly, args }: Request): Promise<Reply> {
    const redis = this.#redis;
    const reply =
      'nodeByAddress' in redis
        ? redis.sendCommand(key, isReadonly, args, BYTES)
        : redis.sendCommand(args, BYTES);
    return reply as Promise<Reply>;
  }
}

/** Also those of another copy of node-redis than this one, which the application may have. */
function isErrorReply(error: unknown): error is Error {
  if (error instanceof ErrorReply) return true;
  for (let at = error; at instanceof Error; at = Object.getPrototypeOf(at)) {
    if (at.constructor.name === 'ErrorReply') return true;
  }
  return false;
}

/** The text of a bulk or simple string. */
export function textOf(reply: Reply | undefined): string {
  if (typeof reply === 'string' || reply instanceof Buffer) return String(reply);
  throw new TypeError(`a text was expected in the reply, not ${typeof reply}`);
}

/** The items of an array reply. */
export function itemsOf(reply: Reply | undefined): Reply[] {
  if (Array.isArray(reply)) return reply;
  throw new TypeError(`an array was expected in the reply, not ${typeof reply}`);
}

/** An array of names and values, one after the other, as a map. */
export function fieldsOf(reply: Reply): Map<string, Reply> {
  const items = itemsOf(reply);
  const fields = new Map<string, Reply>();
  for (let i = 0; i + 1 < items.length; i += 2) fields.set(textOf(items[i]), items[i + 1] as Reply);
  return fields;
}

/** Whether an input is the key of a tensor, and not one itself. */
export function isKey(given: object | string): given is Key {
  return typeof given === 'string' || given instanceof Buffer;
}
