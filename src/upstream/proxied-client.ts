import type { Socket } from 'node:net';
import type { AccessControl } from '../access/access-control.ts';
import { ClientSession, type UpstreamKeys } from '../client-session.ts';
import { errors } from '../errors.ts';
import { MARK_BYTES } from '../keyspace/redis/stored-value.ts';
import type { NodeContext } from '../node-context.ts';
import type { ConnectionHost, Origin } from '../protocol/connection.ts';
import { OK, type Reply } from '../protocol/reply.ts';
import { encodeReply } from '../protocol/reply-writer.ts';
import { acknowledged, NO_ACKNOWLEDGEMENT } from './acknowledgement.ts';
import type { AddressBook } from './address-book.ts';
import { AiCommands } from './ai-commands.ts';
import { withAiCommands } from './command-reply.ts';
import { IN_PLACE_WRITES, isMarked } from './in-place-writes.ts';
import { withOwnSections } from './info-reply.ts';
import { OrderedOutput } from './ordered-output.ts';
import { ProxiedTransaction } from './proxied-transaction.ts';
import type { RedisEngine } from './redis-engine.ts';
import { isError, isStatus } from './reply-kinds.ts';
import { RequestSplitter } from './request-splitter.ts';
import { encodeRequest } from './requests.ts';
import { UpstreamConnection } from './upstream-connection.ts';

const MONITORED = '+OK\r\n';

const SUBSCRIBING = new Set(['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE']);
const UNSUBSCRIBING = new Set(['UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE']);
/** After these come bytes that are no replies: they go through unseen. */
const STREAMING = new Set(['SYNC', 'PSYNC']);
const NOTICED = new Set([
  ...IN_PLACE_WRITES,
  ...[...SUBSCRIBING, ...UNSUBSCRIBING, ...STREAMING],
  ...['CLIENT', 'COMMAND', 'HELLO', 'MULTI', 'EXEC', 'DISCARD', 'RESET', 'INFO', 'MONITOR'],
]);
/** In a cluster also these: they have addresses in them, or tell what the client may be served here. */
const NOTICED_IN_CLUSTER = new Set(['CLUSTER', 'ROLE', 'MIGRATE', 'READONLY', 'READWRITE']);

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
  /** As CLIENT REPLY has it. */
  #hasReplies = true;
  /** Whether the next command is to have no reply, and whether the one that runs has none. */
  #skipsNext = false;
  #isSkipped = false;
  #queue: ProxiedTransaction | null = null;
  /** Set by ASKING for the AI command behind it: for all that it asks Redis. */
  #isAsking = false;
  /** Whether it was sent before the native command that is next. */
  #askedBefore = false;
  /** Whether it wants to be served by a replica, too. */
  #isReadOnly = false;

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
          if (!name.startsWith('AI.')) {
            this.#askedBefore = this.#isAsking;
            this.#isAsking = name === 'ASKING';
          }
          const isTaken =
            NOTICED.has(name) ||
            name.startsWith('AI.') ||
            (engine.addresses !== null && NOTICED_IN_CLUSTER.has(name));
          if (isTaken) return true;
          this.#queue?.queued(name, null);
          this.#upstream.pass();
          if (this.#skipsNext) {
            this.#skipsNext = false;
            this.#endSkip();
          }
          return false;
        },
        raw: (bytes) => this.#send(Buffer.from(bytes)),
        command: (args) => {
          this.#isSkipped = this.#skipsNext;
          this.#skipsNext = false;
          const goesOn = this.#command(args);
          if (this.#isSkipped && !this.#isRunning) this.#endSkip();
          return goesOn;
        },
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
    if (name === 'CLIENT' && word === 'REPLY' && args.length === 3) return this.#setReplyMode(args);
    if (IN_PLACE_WRITES.has(name) && this.#mayHarm(args)) return this.#writeInPlace(args);
    const { addresses } = this.#engine;
    if (name === 'INFO') return this.#info(args);
    if (name === 'COMMAND') {
      return this.#translated(name, args, (reply) => withAiCommands(reply, args, this.#node, this));
    }
    if (addresses !== null && NOTICED_IN_CLUSTER.has(name)) {
      return this.#clusterCommand(addresses, name, word, args);
    }
    const queue = this.#queue;
    if (name === 'EXEC' && queue?.isPlain === false) return this.#exec(queue, args);
    if (name === 'MULTI') this.#queue ??= new ProxiedTransaction();
    else if (name === 'EXEC' || name === 'DISCARD' || name === 'RESET') this.#queue = null;
    else queue?.queued(name, null);
    if (name === 'HELLO') this.#takeProtocol(word);
    else if (name === 'RESET') this.#takeReset();
    else if (name === 'MONITOR') this.#takeMonitor();
    else if (SUBSCRIBING.has(name) || UNSUBSCRIBING.has(name)) this.#subscription(name, args.length - 1);
    else if (STREAMING.has(name)) this.#bePipe();
    else this.#upstream.pass();
    this.#forward(args);
    return true;
  }

  /** Sends on what EXEC answers, with the replies of AI commands: later commands wait for them. */
  #exec(queue: ProxiedTransaction, args: Buffer[]): boolean {
    this.#queue = null;
    this.#isRunning = true;
    let said: Buffer;
    this.#upstream.take((reply) => {
      said = isError(reply) ? this.#redirected(reply) : reply;
    });
    this.#forward(args);
    const acknowledgement = queue.writes ? this.#engine.acknowledgement : NO_ACKNOWLEDGEMENT;
    acknowledged(this.#upstream, acknowledgement, (failure) => {
      if (failure !== null && ProxiedTransaction.wasRun(said)) {
        this.#pushAnswer(encodeReply(failure, this.writer.protocol));
        this.#goOn();
        return;
      }
      queue
        .decoded(said)
        .catch((error: unknown) => encodeReply(this.asReply(error), this.writer.protocol))
        .then((answer) => {
          this.#pushAnswer(answer);
          this.#goOn();
        });
    });
    return false;
  }

  /** Within MULTI it is queued unseen: nothing can be asked there. */
  #mayHarm([, key]: Buffer[]): boolean {
    if (key === undefined || this.#queue !== null) return false;
    return !this.#engine.plainKeys.has(key.toString('latin1'));
  }

  /** Looks first whether the key has an AI value, which is refused as RedisAI's types are. */
  #writeInPlace(args: Buffer[]): boolean {
    const key = args[1] as Buffer;
    // The client's own ASKING is for the look.
    const isAsking = this.#askedBefore;
    this.#isRunning = true;
    this.#upstream.take((reply) => {
      if (isMarked(reply)) this.#pushAnswer(encodeReply(errors.wrongType(), this.writer.protocol));
      else {
        if (!isError(reply)) this.#engine.plainKeys.add(key.toString('latin1'));
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

  #subscription(name: string, count: number): void {
    // In a transaction EXEC confirms what has been queued, each name with a reply of its own.
    if (this.#queue === null) {
      const isAll = count === 0 && UNSUBSCRIBING.has(name);
      this.#upstream.subscription(name.toLowerCase(), isAll ? null : count);
    } else if (this.writer.protocol === 2) this.#bePipe();
    else this.#upstream.pass();
  }

  /** Commands that tell addresses, or are told some. */
  #clusterCommand(addresses: AddressBook, name: string, word: string, args: Buffer[]): boolean {
    const command = name === 'CLUSTER' ? `CLUSTER ${word}` : name;
    const { secure } = this.origin;
    if (addresses.concerns(command)) {
      return this.#translated(name, args, (reply) => addresses.translated(command, reply, secure));
    }
    this.#queue?.queued(name, null);
    this.#upstream.pass();
    if (this.#queue === null && name.startsWith('READ')) this.#isReadOnly = name === 'READONLY';
    if (command === 'CLUSTER MEET') this.#forward(addresses.resolved(args, 2));
    else if (command === 'MIGRATE') this.#forward(addresses.resolved(args, 1));
    else this.#forward(args);
    return true;
  }

  /** What Redis tells of itself, and behind it the node of itself. */
  #info(args: Buffer[]): boolean {
    const { addresses } = this.#engine;
    return this.#translated('INFO', args, (reply) =>
      withOwnSections(addresses?.translated('INFO', reply, this.origin.secure) ?? reply, args, this.#node),
    );
  }

  /** Sends the command on, and something else for its reply, within a transaction for what EXEC answers. */
  #translated(name: string, args: Buffer[], translate: (reply: Buffer) => Buffer): boolean {
    const isQueued = this.#queue !== null;
    this.#queue?.queued(name, translate);
    this.#upstream.take((reply) => this.#pushAnswer(isQueued && isStatus(reply) ? reply : translate(reply)));
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
      if (!isError(reply) && (version === '2' || version === '3')) {
        this.writer.protocol = version === '3' ? 3 : 2;
        this.#upstream.messages.protocol = this.writer.protocol;
      }
      this.#pushAnswer(reply);
    });
  }

  #takeReset(): void {
    this.#isReadOnly = false;
    this.#upstream.take((reply) => {
      if (!isError(reply)) {
        this.writer.protocol = 2;
        this.#upstream.messages.clear();
        this.#upstream.silent = false;
        this.#hasReplies = true;
      }
      this.#pushAnswer(reply);
    });
  }

  #takeMonitor(): void {
    this.#upstream.take((reply) => {
      if (reply.toString('latin1') === MONITORED) this.#upstream.messages.isMonitoring = true;
      this.#pushAnswer(reply);
    });
  }

  /** Replies that are held back here are still counted: Redis sends them all. */
  #setReplyMode(args: readonly Buffer[]): boolean {
    const mode = args[2]?.toString('latin1').toUpperCase() ?? '';
    if (mode === 'SKIP') this.#skipsNext = this.#hasReplies;
    else if (mode === 'ON' || mode === 'OFF') this.#hasReplies = mode === 'ON';
    const isSilent = this.#skipsNext || !this.#hasReplies;
    this.#upstream.inTurn(() => {
      if (mode !== 'ON' && mode !== 'OFF' && mode !== 'SKIP') this.push(errors.syntax());
      else this.#upstream.silent = isSilent;
      if (mode === 'ON') this.push(OK);
    });
    return true;
  }

  /** The one reply that was not wanted has come, or will before others. */
  #endSkip(): void {
    this.#isSkipped = false;
    if (this.#hasReplies && !this.#skipsNext) this.#upstream.inTurn(() => (this.#upstream.silent = false));
  }

  #aiCommand(args: Buffer[]): boolean {
    const { commands } = this.#node;
    const found = commands.find((args[0] as Buffer).toString('latin1'));
    if (found === undefined || found.group !== 'ai') {
      // Redis says what it says of commands that are none.
      this.#upstream.pass();
      this.#forward(args);
      return true;
    }
    this.lastCommand = found.name;
    const isAsking = this.#isAsking;
    this.#isAsking = false;
    try {
      const command = commands.withSubcommand(found, args);
      this.lastCommand = command.name;
      if (!commands.arityFits(command, args.length)) {
        throw errors.wrongArity(command.arityName ?? command.name);
      }
      if (this.#queue !== null) this.#isRunning = this.#ai.enqueue(this.#queue, command, args);
      else if (command.name === 'ai.tensorset')
        this.#isRunning = this.#ai.storeTensor(command, args, isAsking);
      else {
        this.#isRunning = this.#ai.waits(command);
        this.#ai.run(command, args, { isAsking, isReadOnly: this.#isReadOnly });
      }
    } catch (error) {
      this.#isRunning = false;
      const reply = this.asReply(error);
      if (this.#queue === null) this.#ai.answer(reply);
      else this.#ai.refuse(reply);
    }
    // It may have ended already.
    return !this.#isRunning;
  }

  #pushAnswer(answer: Uint8Array): void {
    if (!this.#upstream.silent) this.pushBytes(answer);
  }

  #goOn(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    if (this.#isSkipped) this.#endSkip();
    this.#splitter.resume();
    if (this.#isRunning) return;
    if (this.#hasEnded) this.#endWhenDone();
    else this.socket.resume();
  }
}
