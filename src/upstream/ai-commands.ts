import { type Answer, call } from '../call.ts';
import type { ClientSession, UpstreamKeys } from '../client-session.ts';
import { parseTensor } from '../commands/ai/tensorset.ts';
import type { Command } from '../commands/command.ts';
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
import { encodeReply } from '../protocol/reply-writer.ts';
import { acknowledged } from './acknowledgement.ts';
import { keyName, keysOf, LISTS } from './command-keys.ts';
import { asker, valuesOfKind } from './key-walk.ts';
import { completed, storeInPieces } from './large-values.ts';
import type { ProxiedTransaction } from './proxied-transaction.ts';
import { QueuedCommands, type QueuedForm } from './queued-commands.ts';
import type { RedisEngine } from './redis-engine.ts';
import { asSaidOf, isError, isStatus, withoutScript } from './reply-kinds.ts';
import { type Argument, encodeRequest } from './requests.ts';
import { type Asking, RetryingRequests } from './retrying-requests.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

const QUEUED = '+QUEUED';

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
  /** Keeps the place of a reply. @returns what fills it with all that is pushed while `make` runs. */
  reserve(): (make: () => void) => void;
  /** A command that later ones have to wait for lets them go on. */
  done(): void;
  /** None runs any more that later ones do not wait for. */
  readsDone(): void;
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
  readonly #queued: QueuedCommands;
  readonly #requests: RetryingRequests;
  /** Of the command that later ones wait for. */
  #isAsking = false;
  #reads = 0;

  constructor(node: NodeContext, engine: RedisEngine, upstream: UpstreamConnection, client: AiClient) {
    this.#node = node;
    this.#engine = engine;
    this.#upstream = upstream;
    this.#client = client;
    this.#requests = new RetryingRequests(upstream);
    this.#queued = new QueuedCommands(engine, {
      run: async (...of) => {
        try {
          return (await this.#call(...of)) ?? null;
        } catch (error) {
          return client.asReply(error);
        }
      },
      ask: (args) => this.#requests.replyTo(args, false),
      encoded: (reply) => encodeReply(reply, client.session.writer.protocol),
    });
  }

  /** Whether a command runs that later ones do not wait for. */
  get isReading(): boolean {
    return this.#reads > 0;
  }

  get inCluster(): boolean {
    return this.#engine.addresses !== null;
  }

  ask(args: readonly Argument[]): Promise<Buffer> {
    return this.#requests.replyTo(args, this.#isAsking);
  }

  fetch(keys: readonly KeyName[]): Promise<Keyspace> {
    const how = { runs: true, isAsking: this.#isAsking, triesAgain: true };
    return new Promise((resolve, reject) => {
      this.#fetch(keys, how, (fetched) => {
        if (Buffer.isBuffer(fetched)) {
          reject(new ServerError(withoutScript(fetched).toString('utf8', 1).trimEnd()));
          return;
        }
        const ask = (args: readonly Argument[]) => this.ask(args);
        completed(ask, this.#engine.cache, fetched).then(
          (values) => resolve(new FetchedKeyspace(values)),
          reject,
        );
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
    if (!waits) this.#reads++;
    // One that nobody waits for ends while another one may be waited for.
    const done = () => {
      if (waits) this.#client.done();
      else if (--this.#reads === 0) this.#client.readsDone();
    };
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
      if (isMasters) this.#requests.sendUnanswered('READWRITE');
      const runs = RUNS.has(command.name);
      // The client's own ASKING is for the first request, if that is next.
      this.#fetch(keys, { runs, isAsking, hasAsked: !isMasters, triesAgain: waits }, (fetched) => {
        if (Buffer.isBuffer(fetched)) {
          this.#pushError(fetched, command.name);
          done();
        } else this.#runOnFetched(command, args, fetched, { isAsking, done });
      });
      if (isMasters) this.#requests.sendUnanswered('READONLY');
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
    done: (fetched: Fetched | Buffer) => void,
  ): void {
    const { cache } = this.#engine;
    const fetch = (arms: readonly KeyName[], isFirst: boolean) => {
      const request = fetchRequest(cache, [...new Set([...keys, ...arms])]);
      this.#requests.send(request.args, { ...how, hasAsked: hasAsked && isFirst }, (reply) => {
        if (isError(reply)) {
          done(reply);
          return;
        }
        const fetched = fetchedValues(cache, request, reply);
        const needed = runs ? armsOf(keys.map((key) => fetched.values.get(key))) : [];
        if (needed.every((key) => fetched.values.has(key))) done(fetched);
        else fetch(needed, false);
      });
    };
    fetch(runs ? armsOf(keys.map((key) => cache.known(key))) : [], true);
  }

  /**
   * One SET: nothing has to be known of what was there.
   * @returns whether later commands have to wait: it is more than one where the tensor is large.
   */
  storeTensor(command: Command, args: readonly Buffer[], isAsking: boolean): boolean {
    let isOver = false;
    const key = keyName(args[1] as Buffer);
    this.#write(
      command,
      new Map([[key, { type: 'tensor', tensor: parseTensor(args) }]]),
      OK,
      { isAsking, hasAsked: true },
      () => {
        isOver = true;
        this.#client.done();
      },
    );
    return !isOver;
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
      if (command.flags.includes('write') && !RUNS.has(command.name)) queue.writes = true;
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

  /** A write is on its way: nothing is known of the key any more. */
  #forget(key: KeyName): void {
    this.#engine.cache.forget(key);
    this.#engine.plainKeys.forget(key);
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

  /**
   * Answers once the writes are done, with what went wrong where something did.
   * @param how hasAsked: the client's own ASKING, if it has sent one, is for the write.
   * @param sent called when later commands may come.
   * @param keepExpiry of a key that is written alone.
   */
  #write(
    command: Command,
    writes: ReadonlyMap<KeyName, AiValue | null>,
    reply: Reply,
    { isAsking, hasAsked = false }: { readonly isAsking: boolean; readonly hasAsked?: boolean },
    sent: () => void,
    keepExpiry: ReadonlySet<KeyName> = new Set(),
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
      for (const [key, { header, length }] of kept) {
        const value = writes.get(key) as AiValue;
        if (isStatus(answer)) cache.put(key, header, value, length);
        else this.#engine.unload(value);
      }
    };
    const finish = (failure: ServerError | null) => {
      if (isError(answer)) this.#pushError(answer, command.name);
      else this.#push(failure ?? reply);
    };
    const acknowledge = () => acknowledged(this.#upstream, acknowledgement, finish);
    const takeLast = (taken: Buffer) => {
      take(taken);
      if (isError(taken)) finish(null);
      else acknowledge();
      sent();
    };
    if ([...kept.values()].some(({ length }) => length > pieceBytes)) {
      // Each of its requests needs an ASKING of its own.
      const ask = (args: readonly Argument[]) => this.#requests.replyTo(args, isAsking);
      void storeInPieces(ask, kept, pieceBytes, acknowledgement).then(takeLast);
      return;
    }
    const pairs = [...kept].flatMap(([key, { parts }]) => [Buffer.from(key, 'latin1'), Buffer.concat(parts)]);
    const options = [...kept.keys()].some((key) => keepExpiry.has(key)) ? [Buffer.from('KEEPTTL')] : [];
    // A command of this server writes or deletes, never both.
    const request =
      kept.size > 0
        ? [Buffer.from(kept.size === 1 ? 'SET' : 'MSET'), ...pairs, ...options]
        : [Buffer.from('DEL'), ...gone];
    // Of one key Redis never says to try again: later commands may follow at once.
    if (writes.size === 1) {
      this.#requests.send(request, { isAsking, hasAsked, triesAgain: false }, take);
      acknowledge();
      sent();
    } else this.#requests.send(request, { isAsking, triesAgain: true }, takeLast);
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
    if (changesMode) this.#requests.sendUnanswered('READONLY');
    try {
      return await valuesOfKind(asker(this.#upstream), this.#engine.cache, kind);
    } finally {
      if (changesMode) this.#requests.sendUnanswered('READWRITE');
    }
  }

  #runOnFetched(
    command: Command,
    args: Buffer[],
    fetched: Fetched,
    how: { readonly isAsking: boolean; readonly done: () => void },
  ): void {
    // What stores or deletes only asks of which kind the value is that was there.
    const isStoring = command.flags.includes('write') && !RUNS.has(command.name);
    if (isStoring) for (const [key, head] of fetched.inPieces) fetched.values.set(key, standIn(head));
    if (isStoring || fetched.inPieces.size === 0) {
      this.#runOn(command, args, fetched.values, how);
      return;
    }
    const answer = this.waits(command) ? (make: () => void) => make() : this.#client.reserve();
    const ask = (request: readonly Argument[]) => this.#requests.replyTo(request, how.isAsking);
    completed(ask, this.#engine.cache, fetched).then(
      (values) => answer(() => this.#runOn(command, args, values, how)),
      (error: unknown) => {
        const line = Buffer.from(`-${this.#client.asReply(error).message}\r\n`);
        answer(() => this.#pushError(line, command.name));
        how.done();
      },
    );
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
        this.#write(command, keyspace.writes, reply ?? null, { isAsking }, done, keyspace.keepExpiry);
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
