import type { Socket } from 'node:net';
import type { AccessControl } from '../access/access-control.ts';
import { ClientSession, type UpstreamKeys } from '../client-session.ts';
import { errors } from '../errors.ts';
import { MARK_BYTES } from '../keyspace/redis/stored-value.ts';
import type { NodeContext } from '../node-context.ts';
import type { ConnectionHost, Origin } from '../protocol/connection.ts';
import { OK, type Reply } from '../protocol/reply.ts';
import { acknowledged, NO_ACKNOWLEDGEMENT } from './acknowledgement.ts';
import type { AddressBook } from './address-book.ts';
import { AiCommands } from './ai-commands.ts';
import { IN_PLACE_WRITES, isMarked } from './in-place-writes.ts';
import { withOwnSections } from './info-reply.ts';
import { OrderedOutput } from './ordered-output.ts';
import { ProxiedTransaction } from './proxied-transaction.ts';
import type { RedisEngine } from './redis-engine.ts';
import { RequestSplitter } from './request-splitter.ts';
import { encodeRequest } from './requests.ts';
import { UpstreamConnection } from './upstream-connection.ts';

const MINUS = 45;

/** After these a RESP2 connection has messages on it that answer nothing: bytes go through unseen from then on. */
const SUBSCRIBING = new Set(['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE']);
const UNSUBSCRIBING = new Set(['UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE']);
const STREAMING = new Set(['MONITOR', 'SYNC', 'PSYNC']);
const NOTICED = new Set([
  ...[...SUBSCRIBING, ...UNSUBSCRIBING, ...STREAMING],
  ...IN_PLACE_WRITES,
  ...['CLIENT', 'HELLO', 'MULTI', 'EXEC', 'DISCARD', 'RESET', 'INFO'],
]);
/** In a cluster also these: they have addresses in them, or tell of a redirection that is followed. */
const NOTICED_IN_CLUSTER = new Set(['CLUSTER', 'ROLE', 'MIGRATE', 'ASKING']);

/**
 * A client of a node that stands before a Redis. It has a connection of its own there, which all of its commands go through as they are; the
 * AI commands run here, on values that are fetched from there.
 */
export class ProxiedClient extends ClientSession {
  readonly #node: NodeContext;
  readonly #engine: RedisEngine;
  readonly #splitter: RequestSplitter;
  readonly #upstream: UpstreamConnection;
  readonly #ai: AiCommands;
  readonly #output = new OrderedOutput();
  /** Whether a command runs that later ones have to wait for. */
  #isRunning = false;
  #hasEnded = false;
  #queue: ProxiedTransaction | null = null;
  /** Set by ASKING for the AI command behind it: for all that it asks Redis. */
  #isAsking = false;

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
          const isTaken =
            NOTICED.has(name) ||
            name.startsWith('AI.') ||
            (engine.addresses !== null && NOTICED_IN_CLUSTER.has(name));
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
      error: (line) => this.#redirected(line),
      drained: () => {
        if (!this.#isRunning) socket.resume();
      },
      closed: () => this.closeAfterReplies(),
    });
    this.#ai = new AiCommands(node, engine, this.#upstream, {
      session: this,
      push: (reply) => this.push(reply),
      pushBytes: (bytes) => this.pushBytes(bytes),
      asReply: (error) => this.asReply(error),
      reserve: () => this.#output.reserve(),
      done: () => this.#goOn(),
      readsDone: () => this.#endWhenDone(),
    });
    socket.on('drain', () => this.#upstream.resume());
    this.onClose(() => this.#upstream.destroy());
  }

  /** Nothing more is expected of Redis. */
  giveUp(): void {
    this.#upstream.destroy();
  }

  override get upstream(): UpstreamKeys {
    return this.#ai;
  }

  override push(message: Reply): void {
    if (this.#output.isIdle) super.push(message);
    else this.#output.add(() => super.push(message));
  }

  protected override pushBytes(bytes: Uint8Array): void {
    if (this.#output.isIdle) super.pushBytes(bytes);
    else this.#output.add(() => super.pushBytes(bytes));
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
    this.#endWhenDone();
  }

  /** What is under way is answered, and what Redis still has to say. */
  #endWhenDone(): void {
    if (this.#hasEnded && !this.#isRunning && !this.#ai.isReading) this.#upstream.end();
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
    if (IN_PLACE_WRITES.has(name) && this.#mayHarm(args)) return this.#writeInPlace(args);
    const { addresses } = this.#engine;
    if (name === 'INFO') return this.#info(args);
    if (addresses !== null && NOTICED_IN_CLUSTER.has(name)) {
      return this.#clusterCommand(addresses, name, word, args);
    }
    const queue = this.#queue;
    if (name === 'MULTI') this.#queue ??= new ProxiedTransaction();
    else if (name === 'EXEC' || name === 'DISCARD' || name === 'RESET') this.#queue = null;
    else queue?.queued(name, null);
    if (name === 'HELLO') this.#takeProtocol(word);
    else if (name === 'RESET') this.#takeProtocol('2');
    else if (name === 'EXEC' && queue !== null) return this.#exec(queue, args);
    else if (SUBSCRIBING.has(name) || UNSUBSCRIBING.has(name)) {
      // In RESP3 what it answers are messages.
      if (this.writer.protocol === 2) this.#bePipe();
    } else if (STREAMING.has(name)) this.#bePipe();
    else this.#upstream.pass();
    this.#forward(args);
    return true;
  }

  /** Within MULTI it is queued unseen: nothing can be asked there. */
  #mayHarm([, key]: Buffer[]): boolean {
    if (key === undefined || this.#queue !== null) return false;
    return !this.#engine.plainKeys.has(key.toString('latin1'));
  }

  /** Looks first whether the key has an AI value, which is refused as RedisAI's types are. */
  #writeInPlace(args: Buffer[]): boolean {
    const key = args[1] as Buffer;
    const isAsking = this.#isAsking;
    this.#isAsking = false;
    this.#isRunning = true;
    this.#upstream.take((reply) => {
      if (isMarked(reply)) {
        if (!this.#upstream.silent) this.push(errors.wrongType());
      } else {
        if (reply[0] !== MINUS) this.#engine.plainKeys.add(key.toString('latin1'));
        if (isAsking) {
          this.#upstream.take(() => {});
          this.#forward([Buffer.from('ASKING')]);
        }
        this.#upstream.pass();
        this.#forward(args);
      }
      this.#goOn();
    });
    this.#forward([Buffer.from('GETRANGE'), key, Buffer.from('0'), Buffer.from(String(MARK_BYTES - 1))]);
    return false;
  }

  #exec(queue: ProxiedTransaction, args: Buffer[]): boolean {
    let answer: Buffer;
    this.#upstream.take((reply) => {
      answer = reply;
    });
    this.#forward(args);
    const acknowledgement = queue.writes ? this.#engine.acknowledgement : NO_ACKNOWLEDGEMENT;
    acknowledged(this.#upstream, acknowledgement, (failure) => {
      if (failure === null || !ProxiedTransaction.wasRun(answer)) {
        queue.finish(answer, (bytes) => this.#pushAnswer(bytes));
      } else if (!this.#upstream.silent) this.push(failure);
    });
    return true;
  }

  /** Commands that tell addresses, or are told some. */
  #clusterCommand(addresses: AddressBook, name: string, word: string, args: Buffer[]): boolean {
    this.#queue?.queued(name, null);
    const command = name === 'CLUSTER' ? `CLUSTER ${word}` : name;
    const { secure } = this.origin;
    if (addresses.concerns(command)) {
      this.#upstream.take((reply) => this.#pushAnswer(addresses.translated(command, reply, secure)));
    } else this.#upstream.pass();
    if (name === 'ASKING') this.#isAsking = true;
    if (command === 'CLUSTER MEET') this.#forward(addresses.resolved(args, 2));
    else if (command === 'MIGRATE') this.#forward(addresses.resolved(args, 1));
    else this.#forward(args);
    return true;
  }

  /** What Redis tells of itself, and behind it the node of itself. */
  #info(args: Buffer[]): boolean {
    this.#queue?.queued('INFO', null);
    const { addresses } = this.#engine;
    this.#upstream.take((reply) => {
      const translated = addresses?.translated('INFO', reply, this.origin.secure) ?? reply;
      this.#pushAnswer(withOwnSections(translated, args, this.#node));
    });
    this.#forward(args);
    return true;
  }

  #redirected(line: Buffer): Buffer {
    return this.#engine.addresses?.redirected(line, this.origin.secure) ?? line;
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
    const isAsking = this.#isAsking;
    this.#isAsking = false;
    try {
      if (!commands.arityFits(command, args.length)) {
        throw errors.wrongArity(command.arityName ?? command.name);
      }
      if (this.#queue !== null) this.#ai.enqueue(this.#queue, command, args);
      else if (command.name === 'ai.tensorset') this.#isRunning = this.#ai.storeTensor(args, isAsking);
      else {
        this.#isRunning = this.#ai.waits(command);
        this.#ai.run(command, args, isAsking);
      }
    } catch (error) {
      this.#isRunning = false;
      this.#ai.answer(this.asReply(error));
    }
    // It may have ended already.
    return !this.#isRunning;
  }

  #pushAnswer(answer: Buffer): void {
    if (!this.#upstream.silent) this.pushBytes(answer);
  }

  #goOn(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#splitter.resume();
    if (this.#isRunning) return;
    if (this.#hasEnded) this.#endWhenDone();
    else this.socket.resume();
  }
}
