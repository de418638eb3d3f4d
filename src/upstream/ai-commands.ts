import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, call } from '../call.ts';
import type { ClientSession, UpstreamKeys } from '../client-session.ts';
import { parseTensor } from '../commands/ai/tensorset.ts';
import type { Command } from '../commands/command.ts';
import { errors } from '../errors.ts';
import type { KeyName, Keyspace } from '../keyspace/keyspace.ts';
import { type FetchedValue, fetchedValues, fetchRequest } from '../keyspace/redis/fetch.ts';
import { FetchedKeyspace } from '../keyspace/redis/fetched-keyspace.ts';
import { type AiValue, encodeStored, type Header, type StoredKind } from '../keyspace/redis/stored-value.ts';
import type { NodeContext } from '../node-context.ts';
import { OK, type Reply, ServerError } from '../protocol/reply.ts';
import { encodeReply } from '../protocol/reply-writer.ts';
import { keyName, keysOf, LISTS } from './command-keys.ts';
import { asker, valuesOfKind } from './key-walk.ts';
import type { ProxiedTransaction } from './proxied-transaction.ts';
import { QueuedCommands, type QueuedForm } from './queued-commands.ts';
import type { RedisEngine } from './redis-engine.ts';
import { asSaidOf, isError, isStatus, withoutScript } from './reply-kinds.ts';
import { encodeRequest } from './requests.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

const QUEUED = '+QUEUED';

/** While a slot moves, keys of one command may be on two nodes for a moment: Redis is asked again. */
const TRY_AGAIN = '-TRYAGAIN';
const TRY_AGAIN_DELAY_MS = 20;
const TRY_AGAIN_PATIENCE_MS = 5000;

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

/** How Redis is asked. */
interface Asking {
  /** Whether each request needs ASKING before it. */
  readonly isAsking: boolean;
  /** The client's own ASKING is for the first one. */
  readonly hasAsked?: boolean;
  /** Whether it is asked again where it says so. */
  readonly triesAgain: boolean;
}

/** Runs a client's AI commands on values that are fetched from Redis, and writes there what comes out. */
export class AiCommands implements UpstreamKeys {
  readonly #node: NodeContext;
  readonly #engine: RedisEngine;
  readonly #upstream: UpstreamConnection;
  readonly #client: AiClient;
  readonly #queued: QueuedCommands;
  /** Of the command that later ones wait for. */
  #isAsking = false;

  constructor(node: NodeContext, engine: RedisEngine, upstream: UpstreamConnection, client: AiClient) {
    this.#node = node;
    this.#engine = engine;
    this.#upstream = upstream;
    this.#client = client;
    this.#queued = new QueuedCommands(engine, {
      run: async (...of) => {
        try {
          return (await this.#call(...of)) ?? null;
        } catch (error) {
          return client.asReply(error);
        }
      },
      encoded: (reply) => encodeReply(reply, client.session.writer.protocol),
    });
  }

  get inCluster(): boolean {
    return this.#engine.addresses !== null;
  }

  ask(args: readonly Uint8Array[]): Promise<Buffer> {
    const how = { isAsking: this.#isAsking, triesAgain: true };
    return new Promise((resolve) => this.#ask(args, how, resolve));
  }

  fetch(keys: readonly KeyName[]): Promise<Keyspace> {
    const how = { runs: true, isAsking: this.#isAsking, triesAgain: true };
    return new Promise((resolve, reject) => {
      this.#fetch(keys, how, (values) => {
        if (values instanceof Map) resolve(new FetchedKeyspace(values));
        else reject(new ServerError(withoutScript(values).toString('utf8', 1).trimEnd()));
      });
    });
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
      this.#upstream.inTurn(() => {
        if (!this.#upstream.messages.isSubscribed) this.#runOn(command, args, new Map(), { isAsking, done });
        else {
          this.#push(errors.notWhileSubscribed(command.name));
          done();
        }
      });
    } else {
      // What writes is the master's business from its reads on: nothing runs here in vain.
      const isMasters = isReadOnly && command.flags.includes('write');
      if (isMasters) this.#sendUnanswered('READWRITE');
      const runs = RUNS.has(command.name);
      // The client's own ASKING is for the first request, if that is next.
      this.#fetch(keys, { runs, isAsking, hasAsked: !isMasters, triesAgain: waits }, (values) => {
        if (values instanceof Map) this.#runOn(command, args, values, { isAsking, done });
        else {
          this.#pushError(values, command.name);
          done();
        }
      });
      if (isMasters) this.#sendUnanswered('READONLY');
    }
  }

  /**
   * Fetches what a command needs, at one moment: its keys, and where it runs an experiment the models of that. Which ones these are is a
   * guess at first; all is fetched again where they turn out to be others.
   * @param done given Redis's error where it has one.
   */
  #fetch(
    keys: readonly KeyName[],
    { runs, hasAsked = false, ...how }: Asking & { readonly runs: boolean },
    done: (values: Map<KeyName, FetchedValue> | Buffer) => void,
  ): void {
    const { cache } = this.#engine;
    const fetch = (arms: readonly KeyName[], isFirst: boolean) => {
      const request = fetchRequest(cache, [...new Set([...keys, ...arms])]);
      this.#ask(request.args, { ...how, hasAsked: hasAsked && isFirst }, (reply) => {
        if (isError(reply)) {
          done(reply);
          return;
        }
        const values = fetchedValues(cache, request, reply);
        const needed = runs ? armsOf(keys.map((key) => values.get(key))) : [];
        if (needed.every((key) => values.has(key))) done(values);
        else fetch(needed, false);
      });
    };
    fetch(runs ? armsOf(keys.map((key) => cache.known(key))) : [], true);
  }

  /** One SET: nothing has to be known of what was there. */
  storeTensor(command: Command, args: readonly Buffer[]): void {
    const key = keyName(args[1] as Buffer);
    this.#write(
      command,
      new Map([[key, { type: 'tensor', tensor: parseTensor(args) }]]),
      OK,
      false,
      () => {},
    );
  }

  /**
   * Queues what an AI command comes to in Redis, or refuses it, so that EXEC runs none.
   * @returns whether later commands have to wait until it is queued.
   */
  enqueue(queue: ProxiedTransaction, command: Command, args: Buffer[]): boolean {
    let form: QueuedForm | Promise<QueuedForm>;
    try {
      form = this.#queued.form(command, args);
    } catch (error) {
      this.refuse(this.#client.asReply(error));
      return false;
    }
    const send = ({ request, decoding }: QueuedForm) => {
      this.#upstream.take((reply) => {
        if (isError(reply)) this.#pushError(reply, command.name);
        else if (reply.toString('latin1', 0, QUEUED.length) === QUEUED) this.#pushBytes(reply);
        // MULTI was refused, so that it has run.
        else void Promise.resolve(decoding(reply)).then((bytes) => this.#pushBytes(bytes));
      });
      queue.queued(command.name, decoding);
      this.#upstream.send(encodeRequest(request));
    };
    if (!(form instanceof Promise)) {
      send(form);
      return false;
    }
    form
      .then(send, (error: unknown) => this.refuse(this.#client.asReply(error)))
      .then(() => this.#client.done());
    return true;
  }

  /** Refuses a command between MULTI and EXEC. */
  refuse(error: ServerError): void {
    this.#upstream.take(() => this.#push(error));
    // For Redis to run none at EXEC it has to refuse something, too: this lacks its arguments.
    this.#upstream.send(encodeRequest(['GET']));
  }

  /** Answers when the replies to all that was sent before have gone to the client. */
  answer(reply: Reply): void {
    this.#upstream.inTurn(() => this.#push(reply));
  }

  #push(reply: Reply): void {
    if (!this.#upstream.silent) this.#client.push(reply);
  }

  #pushBytes(bytes: Uint8Array): void {
    if (!this.#upstream.silent) this.#client.pushBytes(bytes);
  }

  #pushError(line: Buffer, command: string): void {
    const { secure } = this.#client.session.origin;
    const error = asSaidOf(command, withoutScript(line));
    this.#pushBytes(this.#engine.addresses?.redirected(error, secure) ?? error);
  }

  /** Sends a command that changes what the connection may do, and is no business of the client. */
  #sendUnanswered(name: string): void {
    this.#upstream.take(() => {});
    this.#upstream.send(encodeRequest([name]));
  }

  #ask(request: readonly Uint8Array[], how: Asking, done: (reply: Buffer) => void): void {
    const deadline = Date.now() + TRY_AGAIN_PATIENCE_MS;
    const send = (isAsking: boolean) => {
      if (isAsking) this.#sendUnanswered('ASKING');
      this.#upstream.take((reply) => {
        const isMoving = isError(reply) && reply.toString('latin1', 0, TRY_AGAIN.length) === TRY_AGAIN;
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
   * @param keepExpiry of a key that is written alone.
   */
  #write(
    command: Command,
    writes: ReadonlyMap<KeyName, AiValue | null>,
    reply: Reply,
    isAsking: boolean,
    sent: () => void,
    keepExpiry: ReadonlySet<KeyName> = new Set(),
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
      if (failure !== null) this.#pushError(failure, command.name);
      else this.#push(reply);
    };
    const options = kept.some(([key]) => keepExpiry.has(key)) ? [Buffer.from('KEEPTTL')] : [];
    // A command of this server writes or deletes, never both.
    const request =
      pairs.length > 0
        ? [Buffer.from(pairs.length === 2 ? 'SET' : 'MSET'), ...pairs, ...options]
        : [Buffer.from('DEL'), ...gone];
    // Of one key Redis never says to try again.
    const triesAgain = writes.size > 1;
    this.#ask(request, { isAsking, triesAgain }, (answer) => {
      for (const entry of kept) {
        if (isStatus(answer)) cache.put(...entry);
        else this.#engine.unload(entry[2]);
      }
      finish(isError(answer) ? answer : null);
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
    { isAsking = false, done }: { isAsking?: boolean; done: () => void },
  ): void {
    const keyspace = new FetchedKeyspace(values);
    const finish = (reply: Reply | undefined) => {
      if (this.#client.session.closed) return;
      if (keyspace.writes.size > 0 && !(reply instanceof ServerError)) {
        this.#write(command, keyspace.writes, reply ?? null, isAsking, done, keyspace.keepExpiry);
        return;
      }
      if (reply !== undefined) this.#push(reply);
      done();
    };
    try {
      const answer = this.#call(command, args, keyspace, false);
      if (answer instanceof Promise)
        answer.catch((error: unknown) => this.#client.asReply(error)).then(finish);
      else finish(answer);
    } catch (error) {
      finish(this.#client.asReply(error));
    }
  }

  #call(command: Command, args: Buffer[], keyspace: Keyspace, inTransaction: boolean): Answer {
    const node = Object.create(this.#node, { keyspace: { value: keyspace } }) as NodeContext;
    return call({ node, client: this.#client.session, inTransaction }, command, args);
  }
}

/** The keys of the models of those values that are experiments. */
function armsOf(values: readonly (FetchedValue | undefined)[]): KeyName[] {
  return values.flatMap((value) =>
    value !== null && typeof value === 'object' && value.type === 'experiment'
      ? value.experiment.arms.map(({ key }) => key)
      : [],
  );
}
