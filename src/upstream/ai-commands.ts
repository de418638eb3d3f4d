import { setTimeout as delay } from 'node:timers/promises';
import { call } from '../call.ts';
import type { ClientSession, UpstreamKeys } from '../client-session.ts';
import { parseTensor } from '../commands/ai/tensorset.ts';
import { type Command, keyPositions } from '../commands/command.ts';
import { errors } from '../errors.ts';
import type { KeyName, Keyspace } from '../keyspace/keyspace.ts';
import { type Fetched, type FetchedValue, fetchedValues, fetchRequest } from '../keyspace/redis/fetch.ts';
import { FetchedKeyspace } from '../keyspace/redis/fetched-keyspace.ts';
import { standIn } from '../keyspace/redis/large-value.ts';
import {
  type AiValue,
  type EncodedValue,
  encodeStored,
  type StoredKind,
} from '../keyspace/redis/stored-value.ts';
import type { NodeContext } from '../node-context.ts';
import { OK, type Reply, ServerError } from '../protocol/reply.ts';
import { acknowledged } from './acknowledgement.ts';
import { asker, keysOfKind } from './key-walk.ts';
import { completed, storeInPieces } from './large-values.ts';
import type { Decoding, ProxiedTransaction } from './proxied-transaction.ts';
import type { RedisEngine } from './redis-engine.ts';
import { type Argument, encodeRequest } from './requests.ts';
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

/** What runs models and functions: EXEC answers an error for them, as RedisAI does. */
const RUNS = new Set(
  [
    ...['modelexecute', 'modelrun', 'scriptexecute', 'scriptrun'],
    ...['dagexecute', 'dagexecute_ro', 'dagrun', 'dagrun_ro'],
  ].map((name) => `ai.${name}`),
);

/** The client whose commands run. */
export interface AiClient {
  readonly session: ClientSession;
  push(reply: Reply): void;
  pushBytes(bytes: Uint8Array): void;
  asReply(error: unknown): ServerError;
  /** Keeps the place of a reply. @returns what fills it with all that is pushed while `make` runs. */
  reserve(): (make: () => void) => void;
  /** A command that later ones have to wait for lets them go on. */
  done(): void;
  /** None runs any more that later ones do not wait for. */
  readsDone(): void;
}

/** Runs a client's AI commands on values that are fetched from Redis, and writes there what comes out. */
export class AiCommands implements UpstreamKeys {
  readonly #node: NodeContext;
  readonly #engine: RedisEngine;
  readonly #upstream: UpstreamConnection;
  readonly #client: AiClient;
  /** Of the command that later ones wait for. */
  #isAsking = false;
  #reads = 0;

  constructor(node: NodeContext, engine: RedisEngine, upstream: UpstreamConnection, client: AiClient) {
    this.#node = node;
    this.#engine = engine;
    this.#upstream = upstream;
    this.#client = client;
  }

  /** Whether a command runs that later ones do not wait for. */
  get isReading(): boolean {
    return this.#reads > 0;
  }

  get inCluster(): boolean {
    return this.#engine.addresses !== null;
  }

  ask(args: readonly Argument[]): Promise<Buffer> {
    return this.#asked(args, this.#isAsking);
  }

  #asked(args: readonly Argument[], isAsking: boolean): Promise<Buffer> {
    const how = { isAsking, triesAgain: true };
    return new Promise((resolve) => this.#ask(args, how, resolve));
  }

  async fetch(keys: readonly KeyName[]): Promise<Keyspace> {
    const { cache } = this.#engine;
    const request = fetchRequest(cache, keys);
    const reply = await this.ask(request.args);
    if (reply[0] === MINUS) throw new ServerError(withoutScript(reply).toString('utf8', 1).trimEnd());
    const fetched = fetchedValues(cache, request, reply);
    return new FetchedKeyspace(await completed((args) => this.ask(args), cache, fetched));
  }

  /** Whether the client's later commands have to wait: those that only read one moment have nothing that later ones could miss. */
  waits(command: Command): boolean {
    return command.flags.includes('write') || RUNS.has(command.name) || LISTS[command.name] !== undefined;
  }

  /** @param isAsking whether the client has sent ASKING before it: for all that is asked of Redis. */
  run(command: Command, args: Buffer[], isAsking: boolean): void {
    const keys = keysOf(command, args);
    const listed = LISTS[command.name];
    const waits = this.waits(command);
    if (waits) this.#isAsking = isAsking;
    if (!waits) this.#reads++;
    // One that nobody waits for ends while another one may be waited for.
    const done = () => {
      if (waits) this.#client.done();
      else if (--this.#reads === 0) this.#client.readsDone();
    };
    if (listed !== undefined) void this.#runOnAll(command, args, listed);
    else if (keys.length === 0) {
      this.#upstream.inTurn(() => this.#runOn(command, args, new Map(), { isAsking, done }));
    } else {
      const request = fetchRequest(this.#engine.cache, keys);
      // The client's own ASKING is for this one.
      this.#ask(request.args, { isAsking: false, triesAgain: waits }, (reply) => {
        if (reply[0] === MINUS) {
          this.#pushError(reply);
          done();
        } else {
          const fetched = fetchedValues(this.#engine.cache, request, reply);
          this.#runOnFetched(command, args, fetched, { isAsking, done });
        }
      });
    }
  }

  /**
   * One SET: nothing has to be known of what was there.
   * @returns whether later commands have to wait: it is more than one where the tensor is large.
   */
  storeTensor(args: readonly Buffer[], isAsking: boolean): boolean {
    const key = keyName(args[1] as Buffer);
    let isOver = false;
    this.#write(
      new Map([[key, { type: 'tensor', tensor: parseTensor(args) }]]),
      OK,
      { isAsking, isFirst: true },
      () => {
        isOver = true;
        this.#client.done();
      },
    );
    return !isOver;
  }

  /** Queues what an AI command comes to in Redis, as far as that is one command there. @throws ServerError where it is not. */
  enqueue(queue: ProxiedTransaction, command: Command, args: Buffer[]): void {
    const name = command.name.toUpperCase();
    const { cache } = this.#engine;
    const keys = keysOf(command, args);
    let request: readonly Uint8Array[];
    let decoding: Decoding | null = null;
    if (command.name === 'ai.tensorset') {
      for (const key of keys) this.#forget(key);
      const { parts } = encodeStored({ type: 'tensor', tensor: parseTensor(args) });
      request = [Buffer.from('SET'), args[1] as Buffer, Buffer.concat(parts)];
      queue.writes = true;
    } else if (command.flags.includes('readonly') || RUNS.has(command.name)) {
      const fetch = fetchRequest(cache, keys);
      request = fetch.args;
      decoding = (reply) => {
        if (reply[0] === MINUS) this.#pushError(reply);
        else this.#runOnFetched(command, args, fetchedValues(cache, fetch, reply), { inTransaction: true });
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

  /** A write is on its way: nothing is known of the key any more. */
  #forget(key: KeyName): void {
    this.#engine.cache.forget(key);
    this.#engine.plainKeys.forget(key);
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

  #ask(
    request: readonly Argument[],
    how: { readonly isAsking: boolean; readonly triesAgain: boolean },
    done: (reply: Buffer) => void,
  ): void {
    const deadline = Date.now() + TRY_AGAIN_PATIENCE_MS;
    const send = (isAsking: boolean) => {
      if (isAsking) {
        this.#upstream.take(() => {});
        this.#upstream.send(encodeRequest(['ASKING']));
      }
      this.#upstream.take((reply) => {
        const isMoving = reply[0] === MINUS && reply.toString('latin1', 0, TRY_AGAIN.length) === TRY_AGAIN;
        if (!isMoving || !how.triesAgain || Date.now() > deadline) done(reply);
        // Who asks for one key is asked for it by its new node, which has to be told each time.
        else void delay(TRY_AGAIN_DELAY_MS).then(() => send(isAsking));
      });
      this.#upstream.send(encodeRequest(request));
    };
    send(how.isAsking);
  }

  /**
   * Answers once the writes are done, with what went wrong where something did.
   * @param isFirst whether the client's own ASKING, if it has sent one, is for the write.
   * @param sent called when later commands may come.
   */
  #write(
    writes: ReadonlyMap<KeyName, AiValue | null>,
    reply: Reply,
    { isAsking, isFirst = false }: { readonly isAsking: boolean; readonly isFirst?: boolean },
    sent: () => void,
  ): void {
    const { cache, pieceBytes, acknowledgement } = this.#engine;
    const kept = new Map<KeyName, EncodedValue>();
    const gone: Buffer[] = [];
    for (const [key, value] of writes) {
      this.#forget(key);
      if (value === null) gone.push(Buffer.from(key, 'latin1'));
      else kept.set(key, encodeStored(value));
    }
    let answer: Buffer;
    const take = (taken: Buffer) => {
      answer = taken;
      if (answer[0] !== PLUS) return;
      for (const [key, { header, length }] of kept)
        cache.put(key, header, writes.get(key) as AiValue, length);
    };
    const finish = (failure: ServerError | null) => {
      if (answer[0] === MINUS) this.#pushError(answer);
      else this.#push(failure ?? reply);
    };
    const acknowledge = () => acknowledged(this.#upstream, acknowledgement, finish);
    const takeLast = (taken: Buffer) => {
      take(taken);
      if (taken[0] === MINUS) finish(null);
      else acknowledge();
      sent();
    };
    if ([...kept.values()].some(({ length }) => length > pieceBytes)) {
      // Each of its requests needs an ASKING of its own.
      const ask = (args: readonly Argument[]) => this.#asked(args, isAsking);
      void storeInPieces(ask, kept, pieceBytes, acknowledgement).then(takeLast);
      return;
    }
    const pairs = [...kept].flatMap(([key, { parts }]) => [Buffer.from(key, 'latin1'), Buffer.concat(parts)]);
    // A command of this server writes or deletes, never both.
    const request =
      kept.size > 0
        ? [Buffer.from(kept.size === 1 ? 'SET' : 'MSET'), ...pairs]
        : [Buffer.from('DEL'), ...gone];
    // Of one key Redis never says to try again: later commands may follow at once.
    if (writes.size === 1) {
      this.#ask(request, { isAsking: isAsking && !isFirst, triesAgain: false }, take);
      acknowledge();
      sent();
    } else this.#ask(request, { isAsking, triesAgain: true }, takeLast);
  }

  async #runOnAll(command: Command, args: Buffer[], kind: StoredKind): Promise<void> {
    const { cache } = this.#engine;
    const ask = asker(this.#upstream);
    const values = new Map<KeyName, FetchedValue>();
    try {
      const requests = (await keysOfKind(ask, kind)).map((key) => fetchRequest(cache, [key]));
      const replies = await Promise.all(requests.map((request) => ask(request.args)));
      for (const [i, request] of requests.entries()) {
        const fetched = fetchedValues(cache, request, replies[i] as Buffer);
        for (const entry of await completed(ask, cache, fetched, withoutBlob)) values.set(...entry);
      }
    } catch (error) {
      this.answer(this.#client.asReply(error));
      this.#client.done();
      return;
    }
    this.#runOn(command, args, values, { done: () => this.#client.done() });
  }

  #runOnFetched(
    command: Command,
    args: Buffer[],
    fetched: Fetched,
    how: { inTransaction?: boolean; isAsking?: boolean; done?: () => void },
  ): void {
    // What stores or deletes only asks of which kind the value is that was there.
    const isStoring = command.flags.includes('write') && !RUNS.has(command.name);
    if (isStoring) for (const [key, head] of fetched.inPieces) fetched.values.set(key, standIn(head));
    if (isStoring || fetched.inPieces.size === 0) {
      this.#runOn(command, args, fetched.values, how);
      return;
    }
    const isAlone = this.waits(command) && how.inTransaction !== true;
    const answer = isAlone ? (make: () => void) => make() : this.#client.reserve();
    const ask = (request: readonly Argument[]) => this.#asked(request, how.isAsking ?? false);
    completed(ask, this.#engine.cache, fetched).then(
      (values) => answer(() => this.#runOn(command, args, values, how)),
      (error: unknown) => {
        answer(() => this.#pushError(Buffer.from(`-${this.#client.asReply(error).message}\r\n`)));
        how.done?.();
      },
    );
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
        this.#write(keyspace.writes, reply ?? null, { isAsking }, done);
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

/** As lists of all models need it: together they may be more than fits into memory. */
function withoutBlob(value: FetchedValue): FetchedValue {
  if (value === null || value === 'other' || value.type !== 'model') return value;
  return { ...value, model: { ...value.model, blob: new Uint8Array(new SharedArrayBuffer(0)) } };
}

function keyName(bytes: Buffer): KeyName {
  return bytes.toString('latin1');
}

/** Redis adds the script to what a command in it refuses: the client knows of none. */
function withoutScript(error: Buffer): Buffer {
  return Buffer.from(error.toString('latin1').replace(/ script: [0-9a-f]{40}.*(?=\r\n$)/, ''), 'latin1');
}
