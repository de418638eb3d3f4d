import type { Socket } from 'node:net';
import type { SlotMap } from '../cluster/slot-map.ts';
import { AccessControl, type AccessOptions } from './access/access-control.ts';
import { isLoopback } from './access/loopback.ts';
import { ClientPause } from './client-pause.ts';
import { ClientSession } from './client-session.ts';
import { globMatcher } from './commands/keys/glob.ts';
import { CommandTable } from './commands/table.ts';
import { Dispatcher } from './dispatcher.ts';
import { errors } from './errors.ts';
import { type DeviceSettings, Devices } from './execution/devices.ts';
import { type WarmUp, warmUp } from './execution/warm-up.ts';
import { Experiments } from './experiments/experiments.ts';
import type { HttpOptions, HttpServer } from './http/http-server.ts';
import { KeptSettings } from './kept-settings.ts';
import { type Durability, Persistence } from './keyspace/embedded/durability/persistence.ts';
import { EmbeddedKeyspace } from './keyspace/embedded/embedded-keyspace.ts';
import type { EvictionPolicy } from './keyspace/eviction-policy.ts';
import { Waiters } from './keyspace/waiters.ts';
import { Listeners, type UnixSocketOptions } from './listeners.ts';
import { MemoryLimit } from './memory-limit.ts';
import type { NodeContext, RuntimeConfig } from './node-context.ts';
import { LatencyMonitor } from './observability/latency-monitor.ts';
import type { Logger } from './observability/log.ts';
import { Monitors } from './observability/monitors.ts';
import { NodeStatistics } from './observability/node-statistics.ts';
import { Rates } from './observability/rates.ts';
import { RunMetrics } from './observability/run-metrics.ts';
import { SlowLog } from './observability/slow-log.ts';
import { DEFAULT_OUTPUT_LIMITS, OutputWatch } from './output-limits.ts';
import { type ConnectionHost, type Origin, refuse } from './protocol/connection.ts';
import { type Arguments, keepArgument } from './protocol/request-reader.ts';
import type { TlsOptions } from './protocol/tls-options.ts';
import { Subscriptions } from './pubsub/subscriptions.ts';
import { Scripts } from './scripting/scripts.ts';
import { EagerModels } from './upstream/eager-models.ts';
import { ParkedClient } from './upstream/parked-client.ts';
import { ProxiedClient } from './upstream/proxied-client.ts';
import { RedisEngine, type RedisSettings } from './upstream/redis-engine.ts';

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
  /** Where it answers over HTTP; nowhere where absent. */
  readonly http?: HttpOptions | undefined;
  readonly dataDirectory: string;
  /** Null: outside cluster mode. */
  readonly slots: SlotMap | null;
  readonly devices: DeviceSettings;
  /** Bytes; 0 for no limit. */
  readonly maxmemory: number;
  /** What makes room above it; absent: nothing does. */
  readonly maxmemoryPolicy?: EvictionPolicy;
  readonly log: Logger;
  /** How writes are kept in the data folder; absent: not at all. */
  readonly durability?: { readonly mode: Durability; readonly volatileTensors: readonly string[] };
  /** When models from the data folder get their sessions; when they first run where absent. */
  readonly warmup?: WarmUp;
  /** A Redis that has the keys; where absent they are here. */
  readonly redis?: RedisSettings | undefined;
  /** Who may use DEBUG; nobody where absent. */
  readonly debugCommand?: RuntimeConfig['debugCommand'];
  /** What SHUTDOWN does; closes the node where absent. */
  readonly onShutdown?: () => void;
}

/** RedisAI's default chunk, 511 MiB, just below Redis's longest bulk string. */
const DEFAULT_CHUNK_BYTES = 511 * 1024 * 1024;
const DEFAULT_MAX_BULK_BYTES = 512 * 1024 * 1024;
const DEFAULT_QUERY_BUFFER_BYTES = 1024 ** 3;
const DEFAULT_EVICTION_SAMPLES = 5;
const DEFAULT_EVICTION_TENACITY = 10;
const DEFAULT_MAX_CLIENTS = 10_000;
const DEFAULT_SLOWLOG_US = 10_000;
const DEFAULT_SLOWLOG_LENGTH = 128;
const DEFAULT_LUA_TIME_LIMIT_MS = 5000;
const DEFAULT_REPL_TIMEOUT_S = 60;
/** Of values that are kept at hand, where a Redis has the keys. */
const CACHE_BYTES = 1024 ** 3;

/** One node: a listener, its clients, a keyspace and the devices. */
export class TesseraNode {
  readonly context: NodeContext;
  readonly #log: Logger;
  readonly #clients = new Map<number, ClientSession>();
  readonly #host: ConnectionHost<ClientSession>;
  readonly #outputs: OutputWatch;
  readonly #warmup: WarmUp;
  readonly #httpOptions: HttpOptions | undefined;
  #http: HttpServer | null = null;
  /** Null where the keys are here. */
  readonly #redis: RedisEngine | null;
  readonly #eagerModels: EagerModels | null;
  #lastClientId = 0;

  constructor(options: NodeOptions) {
    this.#log = options.log;
    this.#warmup = options.warmup ?? 'lazy';
    const config: RuntimeConfig = {
      maxmemory: options.maxmemory,
      maxmemoryPolicy: options.maxmemoryPolicy ?? 'noeviction',
      maxmemorySamples: DEFAULT_EVICTION_SAMPLES,
      evictionTenacity: DEFAULT_EVICTION_TENACITY,
      maxclients: DEFAULT_MAX_CLIENTS,
      protoMaxBulkLen: DEFAULT_MAX_BULK_BYTES,
      modelChunkSize: DEFAULT_CHUNK_BYTES,
      backendsPath: '',
      outputLimits: DEFAULT_OUTPUT_LIMITS,
      queryBufferLimit: DEFAULT_QUERY_BUFFER_BYTES,
      slowlogSlowerThanUs: DEFAULT_SLOWLOG_US,
      slowlogMaxLength: DEFAULT_SLOWLOG_LENGTH,
      latencyThresholdMs: 0,
      replTimeoutSeconds: DEFAULT_REPL_TIMEOUT_S,
      debugCommand: options.debugCommand ?? 'no',
      luaTimeLimitMs: DEFAULT_LUA_TIME_LIMIT_MS,
    };
    const keyspace = new EmbeddedKeyspace(options.slots !== null);
    const devices = new Devices(
      options.devices,
      options.dataDirectory,
      new RunMetrics(() => config.slowlogSlowerThanUs),
    );
    const persistence =
      options.durability === undefined ? null : openPersistence(keyspace, options, options.durability);
    keyspace.onModelDropped((model) => devices.unload(model));
    const statistics = new NodeStatistics();
    const latency = new LatencyMonitor();
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
    this.#redis =
      options.redis === undefined
        ? null
        : new RedisEngine(options.redis, CACHE_BYTES, { devices, log: options.log });
    this.#eagerModels =
      this.#redis === null || this.#warmup === 'lazy'
        ? null
        : new EagerModels(this.#redis, { devices, log: options.log });
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
      memory: new MemoryLimit(keyspace, config, latency),
      waiters: new Waiters(keyspace),
      devices,
      experiments: new Experiments(devices, options.log, (key) =>
        this.#redis === null ? keyspace.peek(key) : this.#redis.cache.known(key),
      ),
      scripts: new Scripts(options.log),
      config,
      statistics,
      rates: new Rates(statistics),
      slowLog: new SlowLog(),
      latency,
      monitors: new Monitors(),
      subscriptions: new Subscriptions(),
      pause: new ClientPause(),
      clients: this.#clients,
      shutdown: options.onShutdown ?? (() => void this.close()),
      commands,
      access: new AccessControl(commands, this.#clients, options.access),
      listeners,
      kept: new KeptSettings(),
      log: options.log,
      upstream: this.#redis,
      persistence,
    };
    this.context.kept.restore(this.context);
    this.#httpOptions = options.http;
    this.#outputs = new OutputWatch(
      () => config.outputLimits,
      (client) =>
        this.#log.warn(
          `client ${client.id} (${client.remoteAddress}) reads too slowly: output limit reached`,
        ),
    );
    const dispatcher = new Dispatcher(this.context);
    this.#host = {
      limits: {
        get maxBulkLength() {
          return config.protoMaxBulkLen;
        },
        get queryBytes() {
          return config.queryBufferLimit;
        },
      },
      traffic: statistics.traffic,
      flooded: (client) =>
        this.#log.warn(
          `client ${client.id} (${client.remoteAddress}) sends too much at once: query buffer limit reached`,
        ),
      backlogged: (client) => this.#outputs.check(client),
      execute: (client, args) => {
        const local = (some: Arguments) => dispatcher.execute(client, some);
        return client instanceof ParkedClient
          ? client.execute(this.context, this.#redis as RedisEngine, args.map(keepArgument), local)
          : local(args);
      },
      isStranger: (client) => this.context.access.mustLogIn(client),
      holds: (release) => persistence?.holds(release) ?? false,
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

  /** Null where it is off, and before `listen`. */
  get http(): HttpServer | null {
    return this.#http;
  }

  /** Starts to listen. @throws the system's error, such as EADDRINUSE, or the reason why the TLS files are of no use. */
  async listen(): Promise<void> {
    const { persistence } = this.context;
    // Before there is anything to serve, so that a start that takes long can be watched.
    await this.#listenForHttp();
    if (persistence !== null) {
      await persistence.ready;
      if (this.#warmup === 'eager') void this.#warmUp(persistence);
    }
    if (this.#redis !== null) {
      // Clients that came while it was away come again: they are served then.
      await this.#redis.start(() => {
        for (const client of this.#clients.values()) {
          if (client instanceof ParkedClient) client.kill();
          else if (client instanceof ProxiedClient && this.#redis?.isThere === false) client.giveUp();
        }
      });
      void this.#eagerModels?.run();
    }
    await this.context.listeners.listen();
  }

  /** Closes the listeners and all clients, ends the workers. */
  async close(): Promise<void> {
    const closed = this.context.listeners.close();
    this.#redis?.close();
    this.#eagerModels?.close();
    for (const client of this.#clients.values()) client.kill();
    this.context.memory.close();
    this.context.keyspace.close();
    this.context.rates.close();
    this.context.pause.end();
    await this.#http?.close();
    await this.context.persistence?.close();
    if (this.context.devices.stuckThreads === 0) await this.context.devices.close();
    await closed;
  }

  async #listenForHttp(): Promise<void> {
    if (this.#httpOptions === undefined) return;
    // A node that has no such port does not pay for the libraries.
    const { HttpServer } = await import('./http/http-server.ts');
    this.#http = new HttpServer(this.#httpOptions, this.context);
    await this.#http.listen();
  }

  async #warmUp({ loaded }: Persistence): Promise<void> {
    const { keyspace, devices, log } = this.context;
    await loaded;
    if (keyspace.loading === null) await warmUp(keyspace, devices, log);
  }

  #accept(socket: Socket, origin: Origin): ClientSession | null {
    const { statistics, config, access } = this.context;
    if (this.#clients.size >= config.maxclients) {
      statistics.rejectedConnections++;
      refuse(socket, errors.maxClients());
      return null;
    }
    const isRemote = origin.unixPath === null && !isLoopback(socket.remoteAddress ?? '');
    // A Redis behind a unix socket, or on this machine, takes everybody for somebody of this machine.
    const isOpen = this.#redis === null ? access.defaultUser.anyPassword : this.#redis.isOpen;
    if (isRemote && access.protectedMode && isOpen) {
      statistics.rejectedConnections++;
      refuse(socket, errors.protectedMode());
      return null;
    }
    statistics.connections++;
    const id = ++this.#lastClientId;
    const client = this.#session(id, socket, origin);
    this.#clients.set(client.id, client);
    return client;
  }

  #session(id: number, socket: Socket, origin: Origin): ClientSession {
    const { access } = this.context;
    if (this.#redis === null) return new ClientSession(id, socket, this.#host, origin, access);
    if (!this.#redis.isThere) return new ParkedClient(id, socket, this.#host, origin, access);
    return new ProxiedClient(id, socket, this.#host, origin, access, this.context, this.#redis);
  }

  #closed(client: ClientSession): void {
    this.#clients.delete(client.id);
    client.unwatch();
    this.context.subscriptions.removeAll(client);
    this.context.monitors.delete(client);
    this.#outputs.forget(client);
  }
}

function openPersistence(
  keyspace: EmbeddedKeyspace,
  { dataDirectory, log }: NodeOptions,
  { mode, volatileTensors }: NonNullable<NodeOptions['durability']>,
): Persistence {
  const patterns = volatileTensors.map(globMatcher);
  return new Persistence(keyspace, {
    folder: dataDirectory,
    durability: mode,
    isVolatile: (key) => patterns.some((matches) => matches(key)),
    failed: (error) => log.error({ err: error }, 'the data folder cannot be written, writes are refused'),
    recovered: () => log.info('the data folder can be written again'),
    cut: ({ path, at, lostBytes, lastTurn, kept }) =>
      log[kept.length === 0 ? 'info' : 'warn'](
        `${path} ends at byte ${at}, after turn ${lastTurn}: ${lostBytes} bytes behind it are no whole turn${
          kept.length === 0 ? '' : `; what was found is kept in ${kept.join(', ')}`
        }`,
      ),
  });
}
