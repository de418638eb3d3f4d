import { existsSync } from 'node:fs';
import { BACKEND_NAMES, type BackendName } from '../../../backends/model.ts';
import { DURABILITIES } from '../../../keyspace/embedded/durability/persistence.ts';
import { EVICTION_POLICIES, evictionPolicy } from '../../../keyspace/eviction-policy.ts';
import type { NodeContext } from '../../../node-context.ts';
import type { ClientClass, OutputLimits } from '../../../output-limits.ts';
import { parseBytes } from '../sizes.ts';
import { accessSettings } from './access-settings.ts';

export interface Setting {
  readonly read: (node: NodeContext) => string;
  /** Absent where it cannot be changed while running. Throws an Error that says why a value is refused. */
  readonly write?: (node: NodeContext, value: string) => void;
  /** Puts a value back that an earlier process kept, where that is not what a client may do. */
  readonly restore?: (node: NodeContext, value: string) => void;
  /** Puts the values into effect once all settings of a CONFIG SET are written. Throws an Error that says why that cannot be. */
  readonly apply?: (node: NodeContext) => void;
  /** What cannot be taken back, and cannot fail: done last. */
  readonly commit?: (node: NodeContext) => void;
}

export type WritableSetting = Setting & Required<Pick<Setting, 'write'>>;

/** How long a script may run, in ms; Redis 7 has two names for it. */
const LUA_TIME_LIMIT: Setting = {
  read: (node) => String(node.config.luaTimeLimitMs),
  write: (node, value) => {
    node.config.luaTimeLimitMs = integerFrom(0, value);
  },
};

/** The module of a backend, which AI.CONFIG LOADBACKEND tries before it puts it here. */
function moduleOf(backend: BackendName): Setting {
  return {
    read: (node) => node.devices.settings.backends.current(backend) ?? '',
    write: (node, value) => {
      if (value !== '') throw new Error('only AI.CONFIG LOADBACKEND, which tries it, takes a module');
      node.devices.settings.backends.set(backend, null);
    },
    restore: (node, value) => {
      if (!existsSync(new URL(value))) throw new Error('there is no such file');
      node.devices.settings.backends.set(backend, value);
    },
  };
}

/** What CONFIG reads and changes, by Redis's names. */
export const SETTINGS: Readonly<Record<string, Setting>> = {
  maxmemory: {
    read: (node) => String(node.config.maxmemory),
    write: (node, value) => {
      node.config.maxmemory = parseBytes(value);
    },
    commit: (node) => node.memory.enforceSoon(),
  },
  'maxmemory-policy': {
    read: (node) => node.config.maxmemoryPolicy,
    write: (node, value) => {
      const policy = evictionPolicy(value);
      if (policy === undefined && /^(allkeys|volatile)-lfu$/i.test(value)) {
        throw new Error('LFU policies are not available, access frequencies are not tracked');
      }
      if (policy === undefined) {
        throw new Error(`argument(s) must be one of the following: ${EVICTION_POLICIES.join(', ')}`);
      }
      node.config.maxmemoryPolicy = policy;
    },
  },
  'maxmemory-samples': {
    read: (node) => String(node.config.maxmemorySamples),
    write: (node, value) => {
      node.config.maxmemorySamples = integerFrom(1, value, MAX_SIGNED);
    },
  },
  'maxmemory-eviction-tenacity': {
    read: (node) => String(node.config.evictionTenacity),
    write: (node, value) => {
      node.config.evictionTenacity = integerFrom(0, value, '100');
    },
  },
  'client-query-buffer-limit': {
    read: (node) => String(node.config.queryBufferLimit),
    write: (node, value) => {
      node.config.queryBufferLimit = within(LEAST_QUERY_BUFFER_BYTES, parseBytes(value));
    },
  },
  maxclients: {
    read: (node) => String(node.config.maxclients),
    write: (node, value) => {
      node.config.maxclients = integerFrom(1, value, MAX_UNSIGNED);
    },
  },
  'max-queue-length': {
    read: ({ devices }) => String(devices.settings.maxQueueLength),
    write: ({ devices }, value) => {
      devices.settings.maxQueueLength = integerFrom(1, value);
    },
  },
  'backend-memory-limit': {
    read: ({ devices }) => String(devices.settings.backendMemoryLimit),
    write: ({ devices }, value) => {
      devices.settings.backendMemoryLimit = parseBytes(value);
    },
    commit: ({ devices }) => devices.trimSessions(),
  },
  'proto-max-bulk-len': {
    read: (node) => String(node.config.protoMaxBulkLen),
    write: (node, value) => {
      node.config.protoMaxBulkLen = parseBytes(value);
    },
  },
  'client-output-buffer-limit': {
    read: (node) => formatLimits(node.config.outputLimits),
    write: (node, value) => {
      node.config.outputLimits = parseLimits(value, node.config.outputLimits);
    },
  },
  'slowlog-log-slower-than': {
    read: (node) => String(node.config.slowlogSlowerThanUs),
    write: (node, value) => {
      node.config.slowlogSlowerThanUs = integerFrom(-1, value);
    },
  },
  'slowlog-max-len': {
    read: (node) => String(node.config.slowlogMaxLength),
    write: (node, value) => {
      node.config.slowlogMaxLength = integerFrom(0, value);
    },
  },
  'latency-monitor-threshold': {
    read: (node) => String(node.config.latencyThresholdMs),
    write: (node, value) => {
      node.config.latencyThresholdMs = integerFrom(0, value);
    },
  },
  'repl-timeout': {
    read: (node) => String(node.config.replTimeoutSeconds),
    write: (node, value) => {
      node.config.replTimeoutSeconds = integerFrom(1, value, MAX_SIGNED);
    },
  },
  'lua-time-limit': LUA_TIME_LIMIT,
  'busy-reply-threshold': LUA_TIME_LIMIT,
  'latency-tracking': { read: () => 'yes' },
  'enable-debug-command': { read: (node) => node.config.debugCommand },
  'enable-module-command': { read: () => 'no' },
  'cluster-enabled': { read: (node) => (node.slots === null ? 'no' : 'yes') },
  port: { read: (node) => String(node.port) },
  dir: { read: (node) => node.dataDirectory },
  // What AI.CONFIG calls MODEL_CHUNK_SIZE and BACKENDSPATH.
  'model-chunk-size': {
    read: (node) => String(node.config.modelChunkSize),
    write: (node, value) => {
      node.config.modelChunkSize = integerFrom(1, value);
    },
  },
  'backends-path': {
    read: (node) => node.config.backendsPath,
    write: (node, value) => {
      node.config.backendsPath = value;
    },
  },
  // What AI.CONFIG calls LOADBACKEND: file URLs of modules; nothing, which CONFIG SET may put, for what comes with the server.
  ...Object.fromEntries(
    BACKEND_NAMES.map((backend) => [`backend-${backend.toLowerCase()}`, moduleOf(backend)]),
  ),
  databases: { read: () => '1' },
  // What redis-benchmark asks for; there is no such file.
  save: { read: () => '' },
  appendonly: { read: (node) => (node.persistence === null ? 'no' : 'yes') },
  durability: {
    read: (node) => node.persistence?.durability ?? 'off',
    write: (node, value) => {
      const mode = DURABILITIES.find((known) => known === value.toLowerCase());
      if (mode === undefined) throw new Error('argument must be always, everysec or off');
      if (node.persistence === null) throw new Error('the data lives in memory only');
      node.persistence.durability = mode;
    },
  },
  ...accessSettings,
};

/** Redis's largest value of these settings. A double does not hold it exactly, and nothing is that large. */
const MAX_INTEGER = '9223372036854775807';
const MAX_SIGNED = '2147483647';
const MAX_UNSIGNED = '4294967295';
const LEAST_QUERY_BUFFER_BYTES = 1024 ** 2;

function integerFrom(least: number, value: string, most = MAX_INTEGER): number {
  if (!/^-?\d{1,15}$/.test(value)) throw new Error("argument couldn't be parsed into an integer");
  return within(least, Number(value), most);
}

function within(least: number, value: number, most = MAX_INTEGER): number {
  if (value < least || value > Number(most)) {
    throw new Error(`argument must be between ${least} and ${most} inclusive`);
  }
  return value;
}

const CLASSES: Record<string, ClientClass> = {
  normal: 'normal',
  slave: 'slave',
  replica: 'slave',
  pubsub: 'pubsub',
};

function formatLimits(limits: OutputLimits): string {
  return (['normal', 'slave', 'pubsub'] as const)
    .map((name) => {
      const { hardBytes, softBytes, softSeconds } = limits[name];
      return `${name} ${hardBytes} ${softBytes} ${softSeconds}`;
    })
    .join(' ');
}

/** Classes that the value does not name keep their limits. */
function parseLimits(value: string, before: OutputLimits): OutputLimits {
  const words = value.split(' ').filter((word) => word !== '');
  if (words.length % 4 !== 0) {
    throw new Error('Wrong number of arguments in buffer limit configuration.');
  }
  const limits = { ...before };
  for (let i = 0; i < words.length; i += 4) {
    const [name, hard, soft, seconds] = words.slice(i, i + 4) as [string, string, string, string];
    const found = CLASSES[name.toLowerCase()];
    if (found === undefined) {
      throw new Error('Invalid client class specified in buffer limit configuration.');
    }
    const bad = () => {
      throw new Error('Error in hard, soft or soft_seconds setting in buffer limit configuration.');
    };
    if (!/^\d{1,9}$/.test(seconds)) bad();
    const bytes = (text: string): number => {
      try {
        return parseBytes(text);
      } catch {
        return bad();
      }
    };
    limits[found] = { hardBytes: bytes(hard), softBytes: bytes(soft), softSeconds: Number(seconds) };
  }
  return limits;
}
