import type { Socket } from 'node:net';
import type { AccessControl } from './access/access-control.ts';
import type { User } from './access/user.ts';
import type { Command } from './commands/command.ts';
import type { KeyName, Keyspace } from './keyspace/keyspace.ts';
import { Connection, type ConnectionHost, type Origin } from './protocol/connection.ts';
import { shown } from './protocol/latin1.ts';
import type { Arguments } from './protocol/request-reader.ts';
import type { SubscriptionKind } from './pubsub/subscriptions.ts';

/** Commands between MULTI and EXEC. */
export interface Transaction {
  readonly commands: { readonly command: Command; readonly args: Arguments }[];
  /** Set when a command could not be queued: EXEC then runs none. */
  broken: boolean;
}

/** A command of this client that waits: how CLIENT UNBLOCK ends it. */
export interface BlockedCommand {
  /** As if its time was over. */
  timeOut(): void;
  /** With an error. */
  fail(): void;
}

/** The keys of a client, where a Redis has them. */
export interface UpstreamKeys {
  /** Whether it is one of a cluster, where keys have slots. */
  readonly inCluster: boolean;
  /** Runs a command there, in the client's name, while one of its own runs here. @returns the reply as it came, in the client's protocol. */
  ask(args: readonly Uint8Array[]): Promise<Buffer>;
  /** Keys as they are there now. @throws ServerError where they cannot be read. */
  fetch(keys: readonly KeyName[]): Promise<Keyspace>;
}

/** A connected client and what it told of itself. */
export class ClientSession extends Connection {
  /** Whose permissions hold for this client. */
  user: User;
  /** Whether the client has given a password, or needed none when it came. */
  authenticated: boolean;
  name = '';
  libraryName = '';
  libraryVersion = '';
  /** Set by ASKING for the next command only. */
  asking = false;
  /** Set by READONLY: the client accepts reads from replicas. */
  readonly = false;
  /** Set by MONITOR. */
  monitoring = false;
  /** Set by CLIENT NO-EVICT; nothing is evicted here, CLIENT LIST shows it. */
  noEvict = false;
  /** Set by REPLCONF RDB-FILTER-ONLY, which names parts of a copy: none of them are keys. */
  wantsNoKeys = false;
  transaction: Transaction | null = null;
  /** Set while a blocking command waits. */
  blocked: BlockedCommand | null = null;
  /** What it has subscribed to; changed by Subscriptions only. */
  readonly subscribed: Readonly<Record<SubscriptionKind, Set<string>>> = {
    channels: new Set(),
    patterns: new Set(),
    shardChannels: new Set(),
  };
  /** Keys under WATCH, each with the function that ends it. */
  readonly watched = new Map<string, () => void>();
  /** Set when a watched key changed. */
  watchedChanged = false;

  constructor(
    id: number,
    socket: Socket,
    host: ConnectionHost<ClientSession>,
    origin: Origin,
    access: AccessControl,
  ) {
    super(id, socket, host as ConnectionHost<never>, origin);
    this.user = access.defaultUser;
    this.authenticated = access.open;
  }

  /** Null where the keys are here. */
  get upstream(): UpstreamKeys | null {
    return null;
  }

  protected override get waits(): boolean {
    return this.blocked !== null;
  }

  get subscriptions(): number {
    const { channels, patterns, shardChannels } = this.subscribed;
    return channels.size + patterns.size + shardChannels.size;
  }

  /** Bytes that it holds: of requests under way, queued commands, and replies that are not sent. */
  get memoryBytes(): number {
    return this.queryBytes + this.argumentBytes + this.#queuedBytes() + this.outputBytes;
  }

  /** Ends all WATCHes. */
  unwatch(): void {
    for (const end of this.watched.values()) end();
    this.watched.clear();
    this.watchedChanged = false;
  }

  /** Puts all that a client can set back to how a new connection has it. */
  resetState(): void {
    this.name = '';
    this.asking = false;
    this.readonly = false;
    this.monitoring = false;
    this.wantsNoKeys = false;
    this.transaction = null;
    this.replyMode = 'on';
    this.writer.protocol = 2;
    this.unwatch();
  }

  /** The line of CLIENT LIST and CLIENT INFO. */
  describe(): string {
    const now = Date.now();
    const fields: [string, string | number][] = [
      ['id', this.id],
      ['addr', this.remoteAddress],
      ['laddr', this.localAddress],
      ['fd', -1],
      ['name', this.name],
      ['age', Math.floor((now - this.connectedAt) / 1000)],
      ['idle', Math.floor((now - this.lastCommandAt) / 1000)],
      ['flags', this.#flags()],
      ['db', 0],
      ['sub', this.subscribed.channels.size],
      ['psub', this.subscribed.patterns.size],
      ['ssub', this.subscribed.shardChannels.size],
      ['multi', this.transaction?.commands.length ?? -1],
      ['qbuf', this.queryBytes],
      ['qbuf-free', this.reservedBytes],
      ['argv-mem', this.argumentBytes],
      ['multi-mem', this.#queuedBytes()],
      ['rbs', 0],
      ['rbp', 0],
      ['obl', this.writer.pendingBytes],
      ['oll', this.socket.writableLength > 0 ? 1 : 0],
      ['omem', this.outputBytes],
      ['tot-mem', this.memoryBytes],
      ['events', 'r'],
      ['cmd', this.lastCommand === '' ? 'NULL' : this.lastCommand],
      ['user', shown(this.user.name)],
      ['redir', -1],
      ['resp', this.writer.protocol],
      ['lib-name', this.libraryName],
      ['lib-ver', this.libraryVersion],
    ];
    return fields.map(([key, value]) => `${key}=${value}`).join(' ');
  }

  #flags(): string {
    let flags = '';
    if (this.monitoring) flags += 'O';
    if (this.subscriptions > 0) flags += 'P';
    if (this.transaction !== null) flags += 'x';
    if (this.busy) flags += 'b';
    if (this.watchedChanged) flags += 'd';
    if (this.closing) flags += 'c';
    if (this.origin.unixPath !== null) flags += 'U';
    if (this.readonly) flags += 'r';
    if (this.noEvict) flags += 'e';
    return flags === '' ? 'N' : flags;
  }

  #queuedBytes(): number {
    let bytes = 0;
    for (const { args } of this.transaction?.commands ?? []) for (const arg of args) bytes += arg.length;
    return bytes;
  }
}
