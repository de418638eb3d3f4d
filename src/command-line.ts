import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { accessSettings, announcedNodes, parseNodeAccess, tlsFiles } from '../cluster/access-config.ts';
import { type ClusterConfig, type ClusterNode, ConfigError, loadClusterConfig } from '../cluster/config.ts';
import { addressesOf, followAddresses } from '../cluster/redis-addresses.ts';
import { formatRanges, nodeId, SlotMap } from '../cluster/slot-map.ts';
import { Supervisor } from '../cluster/supervisor.ts';
import type { AccessOptions } from './access/access-control.ts';
import { parseBytes } from './commands/server/sizes.ts';
import { makeCompileCache } from './compile-cache.ts';
import { dataDirectory } from './data-directory.ts';
import type { DeviceSettings } from './execution/devices.ts';
import { WARM_UPS } from './execution/warm-up.ts';
import { DURABILITIES } from './keyspace/embedded/durability/persistence.ts';
import { EVICTION_POLICIES, type EvictionPolicy, evictionPolicy } from './keyspace/eviction-policy.ts';
import { TesseraNode } from './node.ts';
import { createLogger, type Logger } from './observability/log.ts';
import { outgoingContext } from './protocol/tls-options.ts';
import { NO_ACKNOWLEDGEMENT } from './upstream/acknowledgement.ts';
import type { RedisSettings } from './upstream/redis-engine.ts';
import { parseUpstream, shownAddress } from './upstream/upstream-address.ts';

const USAGE = `tessera start [--config cluster.config.json] [--data DIR]     the cluster of the config file
tessera serve [--port 6379] [--host 127.0.0.1] [--data DIR]   one node, outside cluster mode
  --threads-per-queue N         runs at the same time on a device (1)
  --intra-op-parallelism N      threads inside an operator (0: the backend decides)
  --inter-op-parallelism N      operators at the same time (0: the backend decides)
  --max-queue-length N          runs that may wait for a device, more are refused (10000)
  --backend-memory-limit SIZE   of loaded models, such as 500mb; idle ones are unloaded; 0 for no limit (0)
  --model-execution-timeout MS  longest run (5000, at least 1000)
  --maxmemory SIZE              such as 2gb; 0 for no limit (0)
  --maxmemory-policy POLICY     what goes above it: allkeys-lru, volatile-ttl.. (noeviction)
  --durability WHEN             writes are safe from a loss of power: always, everysec, off (everysec)
  --warmup WHEN                 stored models are loaded when they first run or at the start: lazy, eager (lazy)
  --volatile-tensors PATTERN    tensors under such keys stay in memory only; may be given several times
  --redis WHERE                 the keys are in this Redis: unix:PATH, host:port or redis(s)://user:password@host:port
  --ack-replicas N              of that Redis: so many have an AI command's write before it is acknowledged (0)
  --ack-timeout MS              how long they are waited for, then there is an error (1000)
  --enable-debug-command WHO    who may use DEBUG: no, local, yes (no)
  --host ADDRESSES              several with commas or spaces between; 0.0.0.0 for all (127.0.0.1)
  --requirepass PASSWORD        of the default user; better given as TESSERA_REQUIREPASS
  --aclfile FILE                users and their rules
  --protected-mode yes|no       without a password only this machine may connect (yes)
  --tls-port PORT               with --tls-cert-file, --tls-key-file, --tls-ca-cert-file FILE
  --tls-auth-clients WHETHER    clients need a certificate: yes, no, optional (yes)
  --http-port PORT              metrics, health and a JSON feed; with --http-host ADDRESS (127.0.0.1)
  --http-inference yes|no       models can be run over that, by the Open Inference Protocol (no)
  --unixsocket FILE             with --unixsocketperm MODE, such as 770
  With a TLS port or a unix socket, --port 0 turns plain connections off.
both: --log-format text|json  --log-level info
tessera backup | restore --help     copies of a node's keys
The data folder is --data, else TESSERA_DATA, else ./data.
`;

/** A model that takes longer than this to load is given up, so that one bad model cannot hold its thread for good. */
const LOAD_TIMEOUT_MS = 120_000;
const LEAST_EXECUTION_TIMEOUT_MS = 1000;
/** How long a node that is told to stop waits for runs under way; the supervisor uses force after 5 s. */
const STOP_PATIENCE_MS = 2000;

const MAIN = path.join(import.meta.dirname, 'main.ts');

class UsageError extends Error {}

const { values, positionals } = readArguments();

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        config: { type: 'string', default: 'cluster.config.json' },
        name: { type: 'string' },
        data: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '6379' },
        requirepass: { type: 'string' },
        aclfile: { type: 'string' },
        'protected-mode': { type: 'string', default: 'yes' },
        'tls-port': { type: 'string', default: '0' },
        'tls-cert-file': { type: 'string' },
        'tls-key-file': { type: 'string' },
        'tls-ca-cert-file': { type: 'string' },
        'tls-auth-clients': { type: 'string', default: 'yes' },
        'http-port': { type: 'string', default: '0' },
        'http-host': { type: 'string', default: '127.0.0.1' },
        'http-inference': { type: 'string', default: 'no' },
        unixsocket: { type: 'string' },
        unixsocketperm: { type: 'string' },
        'threads-per-queue': { type: 'string', default: '1' },
        'intra-op-parallelism': { type: 'string', default: '0' },
        'inter-op-parallelism': { type: 'string', default: '0' },
        'max-queue-length': { type: 'string', default: '10000' },
        'backend-memory-limit': { type: 'string', default: '0' },
        'model-execution-timeout': { type: 'string', default: '5000' },
        maxmemory: { type: 'string', default: '0' },
        'maxmemory-policy': { type: 'string', default: 'noeviction' },
        durability: { type: 'string', default: 'everysec' },
        warmup: { type: 'string', default: 'lazy' },
        'volatile-tensors': { type: 'string', multiple: true, default: [] },
        redis: { type: 'string' },
        'ack-replicas': { type: 'string', default: '0' },
        'ack-timeout': { type: 'string', default: String(NO_ACKNOWLEDGEMENT.timeoutMs) },
        'enable-debug-command': { type: 'string', default: 'no' },
        'log-format': { type: 'string', default: process.env.TESSERA_LOG_FORMAT ?? 'text' },
        'log-level': { type: 'string', default: process.env.TESSERA_LOG_LEVEL ?? 'info' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const data = dataDirectory(values.data);

function logger(name: string): Logger {
  const format = values['log-format'] === 'json' ? 'json' : 'text';
  return createLogger(name, format, values['log-level']);
}

function whole(
  name:
    | 'port'
    | 'tls-port'
    | 'http-port'
    | 'threads-per-queue'
    | 'intra-op-parallelism'
    | 'inter-op-parallelism'
    | 'max-queue-length'
    | 'ack-replicas'
    | 'ack-timeout'
    | 'model-execution-timeout',
  low: number,
  high: number,
): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new UsageError(`--${name} must be a whole number from ${low} to ${high}`);
  }
  return value;
}

function choice<T extends string>(
  name: 'enable-debug-command' | 'durability' | 'warmup',
  choices: readonly T[],
): T {
  const chosen = choices.find((known) => known === values[name]);
  if (chosen !== undefined) return chosen;
  throw new UsageError(`--${name} must be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`);
}

function maxmemoryPolicy(): EvictionPolicy {
  const policy = evictionPolicy(values['maxmemory-policy']);
  if (policy === undefined)
    throw new UsageError(`--maxmemory-policy must be one of ${EVICTION_POLICIES.join(', ')}`);
  return policy;
}

async function start(): Promise<void> {
  const configPath = path.resolve(values.config);
  const config = loadClusterConfig(configPath);
  const log = logger('tessera');
  // The children inherit the choice of log format through the environment.
  process.env.TESSERA_LOG_FORMAT = values['log-format'];
  process.env.TESSERA_LOG_LEVEL = values['log-level'];
  const supervisor = new Supervisor({
    mainPath: MAIN,
    configPath,
    config,
    dataDir: data,
    log: (level, message) => log[level](message),
  });
  onStopSignal(async () => {
    log.info('stopping');
    await supervisor.stop();
    log.info('stopped');
    process.exit(0);
  });
  try {
    await supervisor.start();
  } catch (error) {
    // Ctrl-C while the nodes come up is no failure to start.
    if (supervisor.stopping) return;
    throw error;
  }
  const [first] = config.nodes;
  const { port = 0, 'tls-port': tlsPort } = first ?? {};
  const how = port === 0 ? `--tls -p ${tlsPort}` : `-p ${port}`;
  const page = announcedNodes(config.nodes)[0]?.http;
  const look = page == null ? '' : `, look at http://${page}`;
  log.info(`ready: ${config.nodes.length} nodes, try redis-cli -c ${how}${look}`);
  makeCompileCache(data, MAIN);
}

async function clusterNode(): Promise<void> {
  const configPath = path.resolve(values.config);
  const config = loadClusterConfig(configPath);
  const own = config.nodes.find((n) => n.name === values.name);
  if (own === undefined) throw new UsageError(`no node named ${values.name} in ${values.config}`);
  const slots = config.engine === 'redis' ? null : new SlotMap(announcedNodes(config.nodes), own.name);
  const log = logger(own.name);
  const redis = redisSettings(config, own, path.dirname(configPath));
  const node = new TesseraNode({
    name: own.name,
    id: nodeId(own.name),
    ...withPassword(accessSettings(config, own, path.dirname(configPath))),
    dataDirectory: prepareDirectory(path.join(data, own.name)),
    slots,
    devices: deviceSettings(config),
    maxmemory: config.maxmemory,
    maxmemoryPolicy: config.maxmemoryPolicy,
    ...(redis === undefined
      ? { durability: { mode: config.durability, volatileTensors: config.volatileTensors } }
      : { redis }),
    warmup: config.warmup,
    log,
    onShutdown() {
      // The supervisor brings back what ends by itself, but not what was told to end.
      process.send?.({ type: 'shutdown' }, () => process.kill(process.pid, 'SIGTERM'));
    },
  });
  const what =
    redis === undefined
      ? `slots ${formatRanges(slots?.myself.ranges ?? []).join(' ')}`
      : `before the Redis at ${shownAddress(redis.address)}`;
  // A node whose supervisor is gone would live on unseen.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  if (redis?.addresses !== undefined) followAddresses(configPath, redis.addresses, log);
  await run(node, log, what);
  process.send?.({ type: 'ready' });
}

async function serve(): Promise<void> {
  const log = logger('tessera');
  const timeout = whole('model-execution-timeout', LEAST_EXECUTION_TIMEOUT_MS, 2 ** 31 - 1);
  const node = new TesseraNode({
    name: 'tessera',
    id: createHash('sha1').update(data).digest('hex'),
    ...served(),
    dataDirectory: prepareDirectory(data),
    slots: null,
    devices: {
      threadsPerQueue: whole('threads-per-queue', 1, 1024),
      intraOpParallelism: whole('intra-op-parallelism', 0, 1024),
      interOpParallelism: whole('inter-op-parallelism', 0, 1024),
      maxQueueLength: whole('max-queue-length', 1, Number.MAX_SAFE_INTEGER),
      backendMemoryLimit: parseBytes(values['backend-memory-limit']),
      executionTimeoutMs: timeout,
      loadTimeoutMs: LOAD_TIMEOUT_MS,
    },
    maxmemory: parseBytes(values.maxmemory),
    maxmemoryPolicy: maxmemoryPolicy(),
    ...keys(),
    warmup: choice('warmup', WARM_UPS),
    log,
    debugCommand: choice('enable-debug-command', ['no', 'local', 'yes']),
    onShutdown: () => process.kill(process.pid, 'SIGTERM'),
  });
  await run(
    node,
    log,
    `one node, ${values.redis === undefined ? 'cluster mode off' : `keys in ${values.redis}`}`,
  );
  makeCompileCache(data, MAIN);
}

/** Which Redis has the node's keys, if one has, and which nodes stand before the others of the cluster. */
function redisSettings(config: ClusterConfig, own: ClusterNode, folder: string): RedisSettings | undefined {
  if (own.redis === undefined) return undefined;
  const { host, port, socket, tls, user, password } = own.redis;
  return {
    address: {
      ...{ ...(socket && { path: socket }), host, port, secure: tls, user, password },
      ...(tls && { secureContext: outgoingContext(tlsFiles(config, own, folder)) }),
    },
    addresses: addressesOf(config, host),
    acknowledgement: {
      replicas: own.ackReplicas ?? config.ackReplicas,
      timeoutMs: own.ackTimeoutMs ?? config.ackTimeoutMs,
    },
  };
}

/** Where the keys are: in the data folder, or in a Redis. */
function keys() {
  const durability = {
    mode: choice('durability', DURABILITIES),
    volatileTensors: values['volatile-tensors'],
  };
  const acknowledgement = {
    replicas: whole('ack-replicas', 0, 100),
    timeoutMs: whole('ack-timeout', 1, 60_000),
  };
  if (values.redis === undefined) {
    if (acknowledgement.replicas > 0)
      throw new UsageError('--ack-replicas is of a Redis: --redis is missing');
    return { durability };
  }
  try {
    const address = parseUpstream(values.redis);
    const files = tlsFiles({}, nodeArguments(), process.cwd());
    return {
      redis: {
        address: address.secure ? { ...address, secureContext: outgoingContext(files) } : address,
        acknowledgement,
      },
    };
  } catch (error) {
    throw new UsageError(`--redis: ${(error as Error).message}`);
  }
}

/** The arguments that say where to listen and who may come. */
function served() {
  const node = nodeArguments();
  if (node['http-inference'] === 'yes' && node['http-port'] === 0) {
    throw new UsageError('--http-inference needs --http-port: models are run over it');
  }
  const settings = accessSettings({}, node, process.cwd());
  // With nowhere else to listen 0 is no "off", but "any".
  const anyPort = node.port === 0 && settings.tls === undefined && settings.unixSocket === undefined;
  return withPassword({ ...settings, port: anyPort ? 0 : settings.port }, values.requirepass);
}

function nodeArguments() {
  try {
    return parseNodeAccess({
      ...values,
      host: values.host.split(/[ ,]+/).filter((host) => host !== ''),
      port: whole('port', 0, 65_535),
      'tls-port': whole('tls-port', 0, 65_535),
      'http-port': whole('http-port', 0, 65_535),
    });
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`);
  }
}

/** An argument comes before the environment, and that before the file. */
function withPassword<T extends { access: AccessOptions }>(settings: T, argument?: string): T {
  // An empty variable is one that somebody forgot to fill: it must not take a password away.
  const requirepass = argument ?? (process.env.TESSERA_REQUIREPASS || settings.access.requirepass);
  return { ...settings, access: { ...settings.access, requirepass } };
}

async function run(node: TesseraNode, log: Logger, what: string): Promise<void> {
  const { access, listeners, host } = node.context;
  if (access.aclfile !== '' && access.requirepass !== '') {
    log.warn('requirepass is ignored: the default user is the one of the ACL file');
  }
  await node.listen();
  const places = listeners.port === 0 ? [] : [`${host}:${listeners.port}`];
  if (listeners.tlsPort !== 0) places.push(`${host}:${listeners.tlsPort} (TLS)`);
  if (listeners.unixSocket !== null) places.push(listeners.unixSocket.path);
  if (node.http !== null) places.push(`http://${node.http.host}:${node.http.port}`);
  log.info(`listening on ${places.join(', ')}, ${what}`);
  onStopSignal(async () => {
    log.info('stopping');
    await Promise.race([node.close(), delay(STOP_PATIENCE_MS)]);
    // A thread inside the runtime cannot be joined: exit() would wait for it, for ever if the run never ends.
    if (node.context.devices.busyThreads > 0) process.kill(process.pid, 'SIGKILL');
    process.exit(0);
  });
}

function onStopSignal(stop: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void stop();
    });
  }
}

function deviceSettings(config: ClusterConfig): DeviceSettings {
  return {
    ...config.devices,
    executionTimeoutMs: config.modelExecutionTimeoutMs,
    loadTimeoutMs: LOAD_TIMEOUT_MS,
  };
}

function prepareDirectory(directory: string): string {
  mkdirSync(directory, { recursive: true });
  return directory;
}

try {
  const [verb] = positionals;
  if (values.help) process.stdout.write(USAGE);
  else if (verb === 'start') await start();
  else if (verb === 'node') await clusterNode();
  else if (verb === 'serve') await serve();
  else throw new UsageError(verb === undefined ? 'what to do?' : `unknown command ${verb}`);
} catch (error) {
  if (error instanceof UsageError) process.stderr.write(`tessera: ${error.message}\n\n${USAGE}`);
  else if (error instanceof ConfigError) process.stderr.write(`tessera: ${error.message}\n`);
  else process.stderr.write(`tessera: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
