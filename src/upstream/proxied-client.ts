import type { Socket } from 'node:net';
import type { AccessControl } from '../access/access-control.ts';
import { call } from '../call.ts';
import { ClientSession, type UpstreamKeys } from '../client-session.ts';
import { parseTensor } from '../commands/ai/tensorset.ts';
import { type Command, keyPositions } from '../commands/command.ts';
import { errors } from '../errors.ts';
import type { KeyName } from '../keyspace/keyspace.ts';
import { type FetchedValue, fetchedValues, fetchRequest } from '../keyspace/redis/fetch.ts';
import { FetchedKeyspace } from '../keyspace/redis/fetched-keyspace.ts';
import { type AiValue, encodeStored, type StoredKind } from '../keyspace/redis/stored-value.ts';
import type { NodeContext } from '../node-context.ts';
import type { ConnectionHost, Origin } from '../protocol/connection.ts';
import { OK, type Reply, ServerError } from '../protocol/reply.ts';
import { asker, keysOfKind } from './key-walk.ts';
import { type Decoding, ProxiedTransaction } from './proxied-transaction.ts';
import type { RedisEngine } from './redis-engine.ts';
import { RequestSplitter } from './request-splitter.ts';
import { encodeRequest } from './requests.ts';
import { UpstreamConnection } from './upstream-connection.ts';

const MINUS = 45;
const PLUS = 43;
const STAR = 42;

/** What lists all values of a kind. */
const LISTS: Partial<Record<string, StoredKind>> = { 'ai._modelscan': 'model', 'ai._scriptscan': 'script' };

/** What runs models and functions: EXEC answers an error for them, as RedisAI does. */
const RUNS = new Set(
  [
    'modelexecute',
    'modelrun',
    'scriptexecute',
    'scriptrun',
    'dagexecute',
    'dagexecute_ro',
    'dagrun',
    'dagrun_ro',
  ].map((name) => `ai.${name}`),
);

/** After these a RESP2 connection has messages on it that answer nothing: bytes go through unseen from then on. */
const SUBSCRIBING = new Set(['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE']);
const UNSUBSCRIBING = new Set(['UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE']);
const STREAMING = new Set(['MONITOR', 'SYNC', 'PSYNC']);
const NOTICED = new Set([
  ...[...SUBSCRIBING, ...UNSUBSCRIBING, ...STREAMING],
  ...['CLIENT', 'HELLO', 'MULTI', 'EXEC', 'DISCARD', 'RESET'],
]);

/**
 * A client of a node that stands before a Redis. It has a connection of its own there, which all of its commands go through as they are; the
 * AI commands run here, on values that are fetched from there.
 */
export class ProxiedClient extends ClientSession {
  readonly #node: NodeContext;
  readonly #engine: RedisEngine;
  readonly #splitter: RequestSplitter;
  readonly #upstream: UpstreamConnection;
  /** Whether a command runs that later ones have to wait for. */
  #isRunning = false;
  #hasEnded = false;
  #queue: ProxiedTransaction | null = null;
  override readonly upstream: UpstreamKeys = {
    ask: (args) => asker(this.#upstream)(args),
    fetch: async (keys) => {
      const request = fetchRequest(this.#engine.cache, keys);
      const reply = await asker(this.#upstream)(request.args);
      if (reply[0] === MINUS) throw new ServerError(withoutScript(reply).toString('utf8', 1).trimEnd());
      return new FetchedKeyspace(fetchedValues(this.#engine.cache, request, reply));
    },
  };

  constructor(
    id: number,
    socket: Socket,
    host: ConnectionHost<ClientSession>,
    origin: Origin,
    access: AccessControl,
    node: NodeContext,
    engine: RedisEngine,
  ) {
    super(id, socket, host, origin, access);
    this.#node = node;
    this.#engine = engine;
    this.#splitter = new RequestSplitter(
      {
        takes: (name) => {
          const isTaken = NOTICED.has(name) || name.startsWith('AI.');
          if (isTaken) return true;
          this.#queue?.queued(name, null);
          this.#upstream.pass();
          return false;
        },
        raw: (bytes) => this.#send(Buffer.from(bytes)),
        command: (args) => this.#command(args),
      },
      () => node.config.protoMaxBulkLen,
    );
    this.#upstream = new UpstreamConnection(engine.address, {
      bytes: (bytes) => {
        this.pushBytes(bytes);
        if (socket.writableNeedDrain) this.#upstream.pause();
      },
      drained: () => {
        if (!this.#isRunning) socket.resume();
      },
      closed: () => this.closeAfterReplies(),
    });
    socket.on('drain', () => this.#upstream.resume());
    this.onClose(() => this.#upstream.destroy());
  }

  override readTarget(fallback: Buffer): Buffer {
    return fallback;
  }

  override received(count: number, buffer: Buffer): void {
    this.counted(count);
    if (this.closing) return;
    this.lastCommandAt = Date.now();
    this.#splitter.push(buffer.subarray(0, count));
    if (this.#isRunning) this.socket.pause();
  }

  protected override ended(): void {
    this.#hasEnded = true;
    // What is under way is answered, and what Redis still has to say.
    if (!this.#isRunning) this.#upstream.end();
  }

  #send(bytes: Buffer): void {
    if (!this.#upstream.send(bytes)) this.socket.pause();
  }

  #forward(args: readonly Uint8Array[]): void {
    this.#send(encodeRequest(args));
  }

  /** @returns whether the next command may come at once. */
  #command(args: Buffer[]): boolean {
    const name = (args[0] as Buffer).toString('latin1').toUpperCase();
    if (name.startsWith('AI.')) return this.#aiCommand(args);
    const [, word = ''] = args.map((arg) => arg.toString('latin1', 0, 16).toUpperCase());
    if (name === 'CLIENT' && word === 'REPLY') return this.#setReplyMode(args);
    const queue = this.#queue;
    if (name === 'MULTI') this.#queue ??= new ProxiedTransaction();
    else if (name === 'EXEC' || name === 'DISCARD' || name === 'RESET') this.#queue = null;
    else queue?.queued(name, null);
    if (name === 'HELLO') this.#takeProtocol(word);
    else if (name === 'RESET') this.#takeProtocol('2');
    else if (name === 'EXEC' && queue !== null) {
      this.#upstream.take((reply) => queue.finish(reply, (bytes) => this.#pushAnswer(bytes)));
    } else if (SUBSCRIBING.has(name) || UNSUBSCRIBING.has(name)) {
      // In RESP3 what it answers are messages.
      if (this.writer.protocol === 2) this.#bePipe();
    } else if (STREAMING.has(name)) this.#bePipe();
    else this.#upstream.pass();
    this.#forward(args);
    return true;
  }

  #bePipe(): void {
    this.#splitter.beOpaque();
    this.#upstream.bePipe();
  }

  #takeProtocol(version: string): void {
    this.#upstream.take((reply) => {
      if (reply[0] !== MINUS && (version === '2' || version === '3'))
        this.writer.protocol = version === '3' ? 3 : 2;
      this.pushBytes(reply);
    });
  }

  /** Replies that are held back here are still counted: Redis sends them all. */
  #setReplyMode(args: readonly Buffer[]): boolean {
    const mode = args[2]?.toString('latin1').toUpperCase();
    this.#upstream.inTurn(() => {
      if (mode === 'ON' || mode === 'OFF') this.#upstream.silent = mode === 'OFF';
      if (mode === 'ON') this.push(OK);
      else if (mode !== 'OFF') this.push(errors.syntax());
    });
    return true;
  }

  #aiCommand(args: Buffer[]): boolean {
    const { commands } = this.#node;
    const command = commands.find((args[0] as Buffer).toString('latin1'));
    if (command === undefined || command.group !== 'ai') {
      // Redis says what it says of commands that are none.
      this.#upstream.pass();
      this.#forward(args);
      return true;
    }
    this.lastCommand = command.name;
    try {
      if (!commands.arityFits(command, args.length))
        throw errors.wrongArity(command.arityName ?? command.name);
      if (this.#queue !== null) this.#enqueue(this.#queue, command, args);
      else if (command.name === 'ai.tensorset') this.#storeTensor(args);
      else return this.#run(command, args);
    } catch (error) {
      this.#answer(this.asReply(error));
    }
    return true;
  }

  /** Queues what an AI command comes to in Redis, as far as that is one command there. */
  #enqueue(queue: ProxiedTransaction, command: Command, args: Buffer[]): void {
    const name = command.name.toUpperCase();
    const { cache } = this.#engine;
    const keys = this.#keysOf(command, args);
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
        if (reply[0] === MINUS) this.#pushAnswer(withoutScript(reply));
        else this.#runOn(command, args, fetchedValues(cache, fetch, reply), true);
      };
    } else throw errors.notInProxiedTransaction(name);
    this.#upstream.take((reply) => {
      if (reply[0] === STAR) decoding?.(reply);
      else this.#pushAnswer(reply);
    });
    queue.queued(name, decoding);
    this.#forward(request);
  }

  #keysOf(command: Command, args: Buffer[]): KeyName[] {
    return [...new Set(keyPositions(command, args).map((at) => keyName(args[at] as Buffer)))];
  }

  #pushAnswer(answer: Buffer): void {
    if (!this.#upstream.silent) this.pushBytes(answer);
  }

  #answer(reply: Reply): void {
    this.#upstream.inTurn(() => {
      if (!this.#upstream.silent) this.push(reply);
    });
  }

  /** One SET: nothing has to be known of what was there. */
  #storeTensor(args: readonly Buffer[]): void {
    const key = keyName(args[1] as Buffer);
    this.#write(new Map([[key, { type: 'tensor', tensor: parseTensor(args) }]]), OK);
  }

  /** Answers once the writes are done, with what went wrong where something did. */
  #write(writes: ReadonlyMap<KeyName, AiValue | null>, reply: Reply): void {
    const { cache } = this.#engine;
    const kept: [KeyName, string, AiValue, number][] = [];
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
    const requests = [
      ...(pairs.length > 0 ? [[Buffer.from(pairs.length === 2 ? 'SET' : 'MSET'), ...pairs]] : []),
      ...(gone.length > 0 ? [[Buffer.from('DEL'), ...gone]] : []),
    ];
    let failure: Buffer | null = null;
    for (const request of requests) {
      this.#upstream.take((answer) => {
        if (answer[0] === MINUS) failure ??= answer;
        else if (answer[0] === PLUS)
          for (const [key, header, value, bytes] of kept) cache.put(key, header, value, bytes);
      });
      this.#forward(request);
    }
    this.#upstream.inTurn(() => {
      if (failure !== null) this.#pushAnswer(failure);
      else if (!this.#upstream.silent) this.push(reply);
    });
  }

  /** Fetches the keys of a command and runs it on them. @returns whether the next command may come meanwhile. */
  #run(command: Command, args: Buffer[]): boolean {
    const keys = this.#keysOf(command, args);
    const listed = LISTS[command.name];
    // What only reads has nothing that later commands could miss.
    const waits = command.flags.includes('write') || command.name.includes('dag') || listed !== undefined;
    if (waits) this.#isRunning = true;
    if (listed !== undefined) void this.#runOnAll(command, args, listed);
    else if (keys.length === 0) this.#upstream.inTurn(() => this.#runOn(command, args, new Map()));
    else this.#fetch(keys, (values) => this.#runOn(command, args, values));
    // It may have ended already.
    return !this.#isRunning;
  }

  #fetch(keys: readonly KeyName[], done: (values: Map<KeyName, FetchedValue>) => void): void {
    const { cache } = this.#engine;
    const request = fetchRequest(cache, keys);
    this.#upstream.take((reply) => {
      if (reply[0] === MINUS) {
        this.#pushAnswer(withoutScript(reply));
        this.#goOn();
      } else done(fetchedValues(cache, request, reply));
    });
    this.#forward(request.args);
  }

  async #runOnAll(command: Command, args: Buffer[], kind: StoredKind): Promise<void> {
    const { cache } = this.#engine;
    const ask = asker(this.#upstream);
    const values = new Map<KeyName, FetchedValue>();
    try {
      const requests = (await keysOfKind(ask, kind)).map((key) => fetchRequest(cache, [key]));
      const replies = await Promise.all(requests.map((request) => ask(request.args)));
      for (const [i, request] of requests.entries()) {
        for (const entry of fetchedValues(cache, request, replies[i] as Buffer)) values.set(...entry);
      }
    } catch (error) {
      this.#answer(this.asReply(error));
      this.#goOn();
      return;
    }
    this.#runOn(command, args, values);
  }

  #runOn(command: Command, args: Buffer[], values: Map<KeyName, FetchedValue>, inTransaction = false): void {
    const keyspace = new FetchedKeyspace(values);
    const node = Object.create(this.#node, { keyspace: { value: keyspace } }) as NodeContext;
    const finish = (reply: Reply | undefined) => {
      if (this.closed) return;
      if (keyspace.writes.size > 0 && !(reply instanceof ServerError))
        this.#write(keyspace.writes, reply ?? null);
      else if (reply !== undefined && !this.#upstream.silent) this.push(reply);
      this.#goOn();
    };
    try {
      const answer = call({ node, client: this, inTransaction }, command, args);
      if (answer instanceof Promise) answer.catch((error: unknown) => this.asReply(error)).then(finish);
      else finish(answer);
    } catch (error) {
      finish(this.asReply(error));
    }
  }

  #goOn(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#splitter.resume();
    if (this.#isRunning) return;
    if (this.#hasEnded) this.#upstream.end();
    else this.socket.resume();
  }
}

/** Redis adds the script to what a command in it refuses: the client knows of none. */
function withoutScript(error: Buffer): Buffer {
  return Buffer.from(error.toString('latin1').replace(/ script: [0-9a-f]{40}.*(?=\r\n$)/, ''), 'latin1');
}

function keyName(bytes: Buffer): KeyName {
  return bytes.toString('latin1');
}
