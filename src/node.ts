import type { Socket } from 'node:net';
import type { SlotMap } from '../cluster/slot-map.ts';
import { AccessControl, type AccessOptions } from './access/access-control.ts';
import { isLoopback } from './access/loopback.ts';
import { ClientSession } from './client-session.ts';
import { CommandTable } from './commands/table.ts';
import { Dispatcher } from './dispatcher.ts';
import { errors } from './errors.ts';
import type { DeviceSettings } from './execution/device-actor.ts';
import { Devices } from './execution/devices.ts';
import { EmbeddedKeyspace } from './keyspace/embedded/embedded-keyspace.ts';
import { Listeners, type UnixSocketOptions } from './listeners.ts';
import type { NodeContext, RuntimeConfig } from './node-context.ts';
import type { Logger } from './observability/log.ts';
import { type ConnectionHost, type Origin, refuse } from './protocol/connection.ts';
import type { TlsOptions } from './protocol/tls-options.ts';

export interface NodeOptions {
  readonly name: string;
  readonly id: string;
  /** Address or addresses to listen on. */
  readonly host: string | readonly string[];
  /** Port for plain connections; 0 lets the system choose, null turns them off. */
  readonly port: number | null;
  readonly tls?: TlsOptions | undefined;
  readonly unixSocket?: UnixSocketOptions | undefined;
  readonly access?: AccessOptions | undefined;
  readonly dataDirectory: string;
  /** Null: outside cluster mode. */
  readonly slots: SlotMap | null;
  readonly devices: DeviceSettings;
  /** Bytes; 0 for no limit. */
  readonly maxmemory: number;
  readonly log: Logger;
}

/** RedisAI's default chunk, 511 MiB, just below Redis's longest bulk string. */
const DEFAULT_CHUNK_BYTES = 511 * 1024 * 1024;
const DEFAULT_MAX_BULK_BYTES = 512 * 1024 * 1024;
const DEFAULT_MAX_CLIENTS = 10_000;

/** One node: a listener, its clients, a keyspace and the devices. */
export class TesseraNode {
  readonly context: NodeContext;
  readonly #log: Logger;
  readonly #clients = new Map<number, ClientSession>();
  readonly #host: ConnectionHost<ClientSession>;
  #lastClientId = 0;

  constructor(options: NodeOptions) {
    this.#log = options.log;
    const config: RuntimeConfig = {
      maxmemory: options.maxmemory,
      maxclients: DEFAULT_MAX_CLIENTS,
      protoMaxBulkLen: DEFAULT_MAX_BULK_BYTES,
      modelChunkSize: DEFAULT_CHUNK_BYTES,
      backendsPath: '',
    };
    const keyspace = new EmbeddedKeyspace(options.slots !== null);
    const devices = new Devices(options.devices);
    keyspace.onModelDropped((model) => devices.unload(model));
    const hosts = typeof options.host === 'string' ? [options.host] : options.host;
    const listeners = new Listeners(
      {
        hosts,
        port: options.port,
        tls: options.tls ?? null,
        unixSocket: options.unixSocket ?? null,
      },
      {
        accept: (socket, origin) => this.#accept(socket, origin),
        isFull: (handshakes) => this.#clients.size + handshakes >= config.maxclients,
      },
    );
    const commands = new CommandTable();
    this.context = {
      name: options.name,
      id: options.id,
      host: hosts[0] ?? '',
      get port() {
        return listeners.port;
      },
      dataDirectory: options.dataDirectory,
      startedAt: Date.now(),
      slots: options.slots,
      keyspace,
      devices,
      config,
      counters: {
        commands: 0,
        connections: 0,
        rejectedConnections: 0,
        errors: 0,
        bytesIn: 0,
        bytesOut: 0,
      },
      clients: this.#clients,
      commands,
      access: new AccessControl(commands, this.#clients, options.access),
      listeners,
      log: options.log,
    };
    const dispatcher = new Dispatcher(this.context);
    this.#host = {
      limits: {
        get maxBulkLength() {
          return config.protoMaxBulkLen;
        },
      },
      execute: (client, args) => dispatcher.execute(client, args),
      isStranger: (client) => this.context.access.mustLogIn(client),
      closed: (client) => this.#closed(client),
      bug: (error, client) =>
        this.#log.error(
          { err: error, command: client.lastCommand },
          'internal error while running a command',
        ),
    };
  }

  get port(): number {
    return this.context.port;
  }

  get tlsPort(): number {
    return this.context.listeners.tlsPort;
  }

  /** Starts to listen. @throws the system's error, such as EADDRINUSE, or the reason why the TLS files are of no use. */
  async listen(): Promise<void> {
    await this.context.listeners.listen();
  }

  /** Closes the listeners and all clients, ends the workers. */
  async close(): Promise<void> {
    const closed = this.context.listeners.close();
    for (const client of this.#clients.values()) client.kill();
    this.context.keyspace.close();
    if (this.context.devices.stuckThreads === 0) await this.context.devices.close();
    await closed;
  }

  #accept(socket: Socket, origin: Origin): ClientSession | null {
    const { counters, config, access } = this.context;
    if (this.#clients.size >= config.maxclients) {
      counters.rejectedConnections++;
      refuse(socket, errors.maxClients());
      return null;
    }
    const isRemote = origin.unixPath === null && !isLoopback(socket.remoteAddress ?? '');
    if (isRemote && access.protectedMode && access.defaultUser.anyPassword) {
      counters.rejectedConnections++;
      refuse(socket, errors.protectedMode());
      return null;
    }
    counters.connections++;
    const client = new ClientSession(++this.#lastClientId, socket, this.#host, origin, access);
    this.#clients.set(client.id, client);
    return client;
  }

  #closed(client: ClientSession): void {
    this.#clients.delete(client.id);
    client.unwatch();
    this.context.counters.bytesIn += client.bytesIn;
    this.context.counters.bytesOut += client.bytesOut;
  }
}
