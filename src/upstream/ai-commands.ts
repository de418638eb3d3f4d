import { setTimeout as delay } from 'node:timers/promises';
import { call } from '../call.ts';
import type { ClientSession, UpstreamKeys } from '../client-session.ts';
import { parseTensor } from '../commands/ai/tensorset.ts';
import { type Command, keyPositions } from '../commands/command.ts';
import { errors } from '../errors.ts';
import type { KeyName, Keyspace } from '../keyspace/keyspace.ts';
import { type FetchedValue, fetchedValues, fetchRequest } from '../keyspace/redis/fetch.ts';
import { FetchedKeyspace } from '../keyspace/redis/fetched-keyspace.ts';
import { type AiValue, encodeStored, type Header, type StoredKind } from '../keyspace/redis/stored-value.ts';
import type { NodeContext } from '../node-context.ts';
import { OK, type Reply, ServerError } from '../protocol/reply.ts';
import { asker, valuesOfKind } from './key-walk.ts';
import type { Decoding, ProxiedTransaction } from './proxied-transaction.ts';
import type { RedisEngine } from './redis-engine.ts';
import { encodeRequest } from './requests.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

const MINUS = 45;
const PLUS = 43;
const STAR = 42;

/** While a slot moves, keys of one command may be on two nodes for a moment: Redis is asked again. */
const TRY_AGAIN = '-TRYAGAIN';
const TRY_AGAIN_DELAY_MS = 20;
const TRY_AGAIN_PATIENCE_MS = 5000;

/** What lists all values of a kind. */
const LISTS: Partial<Record<string, StoredKind>> = { 'ai._modelscan': 'model', 'ai._scriptscan': 'script' };

/** What runs models and functions, or loads them: EXEC answers an error for them, as RedisAI does. */
const RUNS = new Set(
  [
    ...['modelexecute', 'modelrun', 'modelsignature', 'scriptexecute', 'scriptrun'],
    ...['dagexecute', 'dagexecute_ro', 'dagrun', 'dagrun_ro'],
  ].map((name) => `ai.${name}`),
);

/** The client whose commands run. */
export interface AiClient {
  readonly session: ClientSession;
  push(reply: Reply): void;
  pushBytes(bytes: Uint8Array): void;
  asReply(error: unknown): ServerError;
  /** A command that later ones have to wait for lets them go on. */
  done(): void;
}

/** What the client has said before a command of where it wants to be served. */
export interface AskedOfCluster {
  /** ASKING: for all that is asked of Redis. */
  readonly isAsking: boolean;
  /** READONLY: by a replica, too. */
  readonly isReadOnly: boolean;
}

/** Runs a client's AI commands on values that are fetched from Redis, and writes there what comes out. */
export class AiCommands implements UpstreamKeys {
  readonly #node: NodeContext;
  readonly #engine: RedisEngine;
  readonly #upstream: UpstreamConnection;
  readonly #client: AiClient;
  /** Of the command that later ones wait for. */
  #isAsking = false;

  constructor(node: NodeContext, engine: RedisEngine, upstream: UpstreamConnection, client: AiClient) {
    this.#node = node;
    this.#engine = engine;
    this.#upstream = upstream;
    this.#client = client;
  }

  get inCluster(): boolean {
    return this.#engine.addresses !== null;
  }

  ask(args: readonly Uint8Array[]): Promise<Buffer> {
    const how = { isAsking: this.#isAsking, triesAgain: true };
    return new Promise((resolve) => this.#ask(args, how, resolve));
  }

  async fetch(keys: readonly KeyName[]): Promise<Keyspace> {
    const { cache } = this.#engine;
    const request = fetchRequest(cache, keys);
    const reply = await this.ask(request.args);
    if (reply[0] === MINUS) throw new ServerError(withoutScript(reply).toString('utf8', 1).trimEnd());
    return new FetchedKeyspace(fetchedValues(cache, request, reply));
  }

  /** Whether the client's later commands have to wait: those that only read one moment have nothing that later ones could miss. */
  waits(command: Command): boolean {
    return command.flags.includes('write') || RUNS.has(command.name) || LISTS[command.name] !== undefined;
  }

  run(command: Command, args: Buffer[], { isAsking, isReadOnly }: AskedOfCluster): void {
    const keys = keysOf(command, args);
    const listed = LISTS[command.name];
    const waits = this.waits(command);
    if (waits) this.#isAsking = isAsking;
    // One that nobody waits for ends while another one may be waited for.
    const done = waits ? () => this.#client.done() : () => {};
    if (listed !== undefined) void this.#runOnAll(command, args, listed, isReadOnly);
    else if (keys.length === 0) {
      this.#upstream.inTurn(() => this.#runOn(command, args, new Map(), { isAsking, done }));
    } else {
      const request = fetchRequest(this.#engine.cache, keys);
      // What writes is the master's business from its reads on: nothing runs here in vain.
      const isMasters = isReadOnly && command.flags.includes('write');
      if (isMasters) this.#sendUnanswered('READWRITE');
      // The client's own ASKING is for this one, if it is next.
      this.#ask(request.args, { isAsking, hasAsked: !isMasters, triesAgain: waits }, (reply) => {
        if (reply[0] === MINUS) {
          this.#pushError(reply);
          done();
        } else
          this.#runOn(command, args, fetchedValues(this.#engine.cache, request, reply), { isAsking, done });
      });
      if (isMasters) this.#sendUnanswered('READONLY');
    }
  }

  /** One SET: nothing has to be known of what was there. */
  storeTensor(args: readonly Buffer[]): void {
    const key = keyName(args[1] as Buffer);
    this.#write(new Map([[key, { type: 'tensor', tensor: parseTensor(args) }]]), OK, false, () => {});
  }

  /** Queues what an AI command comes to in Redis, as far as that is one command there. @throws ServerError where it is not. */
  enqueue(queue: ProxiedTransaction, command: Command, args: Buffer[]): void {
    const name = command.name.toUpperCase();
    const { cache } = this.#engine;
    const keys = keysOf(command, args);
    let request: readonly Uint8Array[];
    let decoding: Decoding | null = null;
    if (command.name === 'ai.tensorset') {
      for (const key of keys) cache.forget(key);
      const { bytes } = encodeStored({ type: 'tensor', tensor: parseTensor(args) });
      request = [Buffer.from('SET'), args[1] as Buffer, bytes];
    } else if (command.flags.includes('readonly') || RUNS.has(command.name)) {
      const fetch = fetchRequest(cache, keys);
      request = fetch.args;
      decoding = (reply) => {
        if (reply[0] === MINUS) this.#pushError(reply);
        else this.#runOn(command, args, fetchedValues(cache, fetch, reply), { inTransaction: true });
      };
    } else throw errors.notInProxiedTransaction(name);
    this.#upstream.take((reply) => {
      // Where MULTI was refused nothing is queued.
      if (reply[0] === STAR) decoding?.(reply);
      else this.#pushError(reply);
    });
    queue.queued(name, decoding);
    this.#upstream.send(encodeRequest(request));
  }

  /** Answers when the replies to all that was sent before have gone to the client. */
  answer(reply: Reply): void {
    this.#upstream.inTurn(() => this.#push(reply));
  }

  #push(reply: Reply): void {
    if (!this.#upstream.silent) this.#client.push(reply);
  }

  #pushError(line: Buffer): void {
    if (this.#upstream.silent) return;
    const { secure } = this.#client.session.origin;
    const error = withoutScript(line);
    this.#client.pushBytes(this.#engine.addresses?.redirected(error, secure) ?? error);
  }

  /** Sends a command that changes what the connection may do, and is no business of the client. */
  #sendUnanswered(name: string): void {
    this.#upstream.take(() => {});
    this.#upstream.send(encodeRequest([name]));
  }

  /** @param how hasAsked: the client's own ASKING is for this one. */
  #ask(
    request: readonly Uint8Array[],
    how: { readonly isAsking: boolean; readonly triesAgain: boolean; readonly hasAsked?: boolean },
    done: (reply: Buffer) => void,
  ): void {
    const deadline = Date.now() + TRY_AGAIN_PATIENCE_MS;
    const send = (isAsking: boolean) => {
      if (isAsking) this.#sendUnanswered('ASKING');
      this.#upstream.take((reply) => {
        const isMoving = reply[0] === MINUS && reply.toString('latin1', 0, TRY_AGAIN.length) === TRY_AGAIN;
        if (!isMoving || !how.triesAgain || Date.now() > deadline) done(reply);
        // ASKING is for one request: the slot's new node has to be told each time.
        else void delay(TRY_AGAIN_DELAY_MS).then(() => send(how.isAsking));
      });
      this.#upstream.send(encodeRequest(request));
    };
    send(how.isAsking && how.hasAsked !== true);
  }

  /**
   * Answers once the writes are done, with what went wrong where something did.
   * @param sent called when later commands may come.
   */
  #write(
    writes: ReadonlyMap<KeyName, AiValue | null>,
    reply: Reply,
    isAsking: boolean,
    sent: () => void,
  ): void {
    const { cache } = this.#engine;
    const kept: [KeyName, Header, AiValue, number][] = [];
    const pairs: Buffer[] = [];
    const gone: Buffer[] = [];
    for (const [key, value] of writes) {
      const name = Buffer.from(key, 'latin1');
      cache.forget(key);
      if (value === null) {
        gone.push(name);
        continue;
      }
      const { header, bytes } = encodeStored(value);
      pairs.push(name, bytes);
      kept.push([key, header, value, bytes.length]);
    }
    const finish = (failure: Buffer | null) => {
      if (failure !== null) this.#pushError(failure);
      else this.#push(reply);
    };
    // A command of this server writes or deletes, never both.
    const request =
      pairs.length > 0
        ? [Buffer.from(pairs.length === 2 ? 'SET' : 'MSET'), ...pairs]
        : [Buffer.from('DEL'), ...gone];
    // Of one key Redis never says to try again.
    const triesAgain = writes.size > 1;
    this.#ask(request, { isAsking, triesAgain }, (answer) => {
      if (answer[0] === PLUS) for (const entry of kept) cache.put(...entry);
      finish(answer[0] === MINUS ? answer : null);
      if (triesAgain) sent();
    });
    if (!triesAgain) sent();
  }

  async #runOnAll(command: Command, args: Buffer[], kind: StoredKind, isReadOnly: boolean): Promise<void> {
    const done = () => this.#client.done();
    try {
      this.#runOn(command, args, await this.#fetchAll(kind, isReadOnly), { done });
    } catch (error) {
      this.answer(this.#client.asReply(error));
      done();
    }
  }

  /** What Redis itself has of a kind, a replica too. @throws ServerError with Redis's text where it refuses. */
  async #fetchAll(kind: StoredKind, isReadOnly: boolean): Promise<Map<KeyName, FetchedValue>> {
    const changesMode = this.inCluster && !isReadOnly;
    if (changesMode) this.#sendUnanswered('READONLY');
    try {
      return await valuesOfKind(asker(this.#upstream), this.#engine.cache, kind);
    } finally {
      if (changesMode) this.#sendUnanswered('READWRITE');
    }
  }

  #runOn(
    command: Command,
    args: Buffer[],
    values: Map<KeyName, FetchedValue>,
    {
      inTransaction = false,
      isAsking = false,
      done = () => {},
    }: { inTransaction?: boolean; isAsking?: boolean; done?: () => void },
  ): void {
    const { session: client, asReply } = this.#client;
    const keyspace = new FetchedKeyspace(values);
    const node = Object.create(this.#node, { keyspace: { value: keyspace } }) as NodeContext;
    const finish = (reply: Reply | undefined) => {
      if (client.closed) return;
      if (keyspace.writes.size > 0 && !(reply instanceof ServerError)) {
        this.#write(keyspace.writes, reply ?? null, isAsking, done);
        return;
      }
      if (reply !== undefined) this.#push(reply);
      done();
    };
    try {
      const answer = call({ node, client, inTransaction }, command, args);
      if (answer instanceof Promise) answer.catch((error: unknown) => asReply(error)).then(finish);
      else finish(answer);
    } catch (error) {
      finish(asReply(error));
    }
  }
}

function keysOf(command: Command, args: Buffer[]): KeyName[] {
  return [...new Set(keyPositions(command, args).map((at) => keyName(args[at] as Buffer)))];
}

function keyName(bytes: Buffer): KeyName {
  return bytes.toString('latin1');
}

/** Redis adds the script to what a command in it refuses: the client knows of none. */
function withoutScript(error: Buffer): Buffer {
  return Buffer.from(error.toString('latin1').replace(/ script: [0-9a-f]{40}.*(?=\r\n$)/, ''), 'latin1');
}
