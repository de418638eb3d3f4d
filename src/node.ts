import type { AddressInfo, Server, Socket } from 'node:net';
import type { SlotMap } from '../cluster/slot-map.ts';
import { ClientSession } from './client-session.ts';
import { CommandTable } from './commands/table.ts';
import { Dispatcher } from './dispatcher.ts';
import { errors } from './errors.ts';
import type { DeviceSettings } from './execution/device-actor.ts';
import { Devices } from './execution/devices.ts';
import { EmbeddedKeyspace } from './keyspace/embedded/embedded-keyspace.ts';
import type { NodeContext, RuntimeConfig } from './node-context.ts';
import type { Logger } from './observability/log.ts';
import { type ConnectionHost, createServer } from './protocol/connection.ts';
import { Scripts } from './scripting/scripts.ts';

export interface NodeOptions {
  readonly name: string;
  readonly id: string;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
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
const DEFAULT_LUA_TIME_LIMIT_MS = 5000;

/** One node: a listener, its clients, a keyspace and the devices. */
export class TesseraNode {
  readonly context: NodeContext & { port: number };
  readonly #log: Logger;
  readonly #server: Server;
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
      luaTimeLimitMs: DEFAULT_LUA_TIME_LIMIT_MS,
    };
    const keyspace = new EmbeddedKeyspace(options.slots !== null);
    const devices = new Devices(options.devices);
    keyspace.onModelDropped((model) => devices.unload(model.device, model.id));
    this.context = {
      name: options.name,
      id: options.id,
      host: options.host,
      port: options.port,
      dataDirectory: options.dataDirectory,
      startedAt: Date.now(),
      slots: options.slots,
      keyspace,
      devices,
      scripts: new Scripts(options.log),
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
      commands: new CommandTable(),
    };
    const dispatcher = new Dispatcher(this.context);
    this.#host = {
      limits: {
        get maxBulkLength() {
          return config.protoMaxBulkLen;
        },
      },
      execute: (client, args) => dispatcher.execute(client, args),
      closed: (client) => this.#closed(client),
      bug: (error, client) =>
        this.#log.error(
          { err: error, command: client.lastCommand },
          'internal error while running a command',
        ),
    };
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get port(): number {
    return this.context.port;
  }

  /** Starts to listen. @throws the system's error, such as EADDRINUSE. */
  async listen(): Promise<void> {
    const { host, port } = this.context;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.context.port = (this.#server.address() as AddressInfo).port;
  }

  /** Closes the listener and all clients, ends the workers. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#clients.values()) client.kill();
    this.context.keyspace.close();
    if (this.context.devices.stuckThreads === 0) await this.context.devices.close();
    await closed;
  }

  #accept(socket: Socket): ClientSession | null {
    const { counters, config } = this.context;
    if (this.#clients.size >= config.maxclients) {
      counters.rejectedConnections++;
      socket.on('error', () => {});
      socket.end(`-${errors.maxClients().message}\r\n`);
      return null;
    }
    counters.connections++;
    const client = new ClientSession(++this.#lastClientId, socket, this.#host as ConnectionHost<never>);
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
