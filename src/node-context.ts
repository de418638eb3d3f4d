import type { SlotMap } from '../cluster/slot-map.ts';
import type { AccessControl } from './access/access-control.ts';
import type { ClientPause } from './client-pause.ts';
import type { ClientSession } from './client-session.ts';
import type { CommandTable } from './commands/table.ts';
import type { Devices } from './execution/devices.ts';
import type { Experiments } from './experiments/experiments.ts';
import type { KeptSettings } from './kept-settings.ts';
import type { Persistence } from './keyspace/embedded/durability/persistence.ts';
import type { EvictionPolicy } from './keyspace/eviction-policy.ts';
import type { KeyName, Keyspace } from './keyspace/keyspace.ts';
import type { Waiters } from './keyspace/waiters.ts';
import type { Listeners } from './listeners.ts';
import type { MemoryLimit } from './memory-limit.ts';
import type { LatencyMonitor } from './observability/latency-monitor.ts';
import type { Logger } from './observability/log.ts';
import type { Monitors } from './observability/monitors.ts';
import type { NodeStatistics } from './observability/node-statistics.ts';
import type { Rates } from './observability/rates.ts';
import type { SlowLog } from './observability/slow-log.ts';
import type { OutputLimits } from './output-limits.ts';
import type { Subscriptions } from './pubsub/subscriptions.ts';
import type { Scripts } from './scripting/scripts.ts';

/** Settings that CONFIG and AI.CONFIG read and change at run time. Sizes in bytes. */
export interface RuntimeConfig {
  maxmemory: number;
  maxmemoryPolicy: EvictionPolicy;
  /** Keys that eviction chooses from. */
  maxmemorySamples: number;
  /** How long eviction may hold up others at a time: 0 to 100, as in Redis. */
  evictionTenacity: number;
  maxclients: number;
  protoMaxBulkLen: number;
  modelChunkSize: number;
  backendsPath: string;
  outputLimits: OutputLimits;
  /** Most bytes that wait to be read as commands, of one client. */
  queryBufferLimit: number;
  /** Commands that take longer get into SLOWLOG, in us; negative: none. */
  slowlogSlowerThanUs: number;
  slowlogMaxLength: number;
  /** Commands that take at least as long get into LATENCY, in ms; 0: none. */
  latencyThresholdMs: number;
  /** A client that takes nothing of a copy of the keys for so long is given up. */
  replTimeoutSeconds: number;
  /** Who may use DEBUG: nobody, clients of this machine, everybody. Fixed at the start, as in Redis. */
  readonly debugCommand: 'no' | 'local' | 'yes';
  /** After which a script is ended; 0: never. */
  luaTimeLimitMs: number;
}

/** A node before a Redis of a cluster. */
export interface SlotsOfNode {
  readonly host: string;
  readonly port: number;
  /** Of its Redis: 40 hexadecimal digits. */
  readonly id: string;
  /** First and last slot of each range; a replica has none. */
  readonly slots: readonly (readonly [number, number])[];
}

/** A Redis that has a node's keys, as far as the node knows. */
export interface UpstreamState {
  readonly shownAddress: string;
  readonly isThere: boolean;
  /** When that was last otherwise, or the node's start; in ms since 1970. */
  readonly changedAt: number;
  /** How often it went away. */
  readonly losses: number;
  /** Who has which slots; null where it is in no cluster, none where it does not answer. */
  readonly slots: { get(): Promise<readonly SlotsOfNode[]> } | null;
  /** Values that are kept at hand. */
  readonly cache: {
    readonly size: number;
    readonly bytes: number;
    readonly maxBytes: number;
    /** Undefined where the key is not known to have a value. */
    hint(key: KeyName): string | undefined;
  };
}

/** The parts of a node that commands work with. */
export interface NodeContext {
  readonly name: string;
  /** 40 hexadecimal digits. */
  readonly id: string;
  /** The first of the addresses that it listens on. */
  readonly host: string;
  /** For plain connections; 0 where there are none. */
  readonly port: number;
  readonly dataDirectory: string;
  readonly startedAt: number;
  /** Null outside cluster mode. */
  readonly slots: SlotMap | null;
  readonly keyspace: Keyspace;
  readonly memory: MemoryLimit;
  /** Clients that wait for keys. */
  readonly waiters: Waiters;
  readonly devices: Devices;
  readonly experiments: Experiments;
  readonly scripts: Scripts;
  readonly config: RuntimeConfig;
  readonly statistics: NodeStatistics;
  readonly rates: Rates;
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  readonly monitors: Monitors;
  readonly subscriptions: Subscriptions;
  readonly pause: ClientPause;
  readonly clients: ReadonlyMap<number, ClientSession>;
  readonly commands: CommandTable;
  /** Ends the node in order; a checkpoint comes first, where `persistence.savesAtEnd`. */
  shutdown(): void;
  readonly access: AccessControl;
  readonly kept: KeptSettings;
  readonly listeners: Listeners;
  readonly log: Logger;
  /** The Redis that has the keys; null where they are here. */
  readonly upstream: UpstreamState | null;
  /** Null where the data lives in memory only. */
  readonly persistence: Persistence | null;
}
