import type { ExperimentReport } from '../../experiments/report.ts';
import type { SlowRun } from '../model-series.ts';
import type { ReadinessCheck } from '../readiness.ts';
import type { RecentError } from '../recent-errors.ts';

/** What GET /api/snapshot answers: a node as it is now, and its last minutes. Times `at` are Unix time in ms, durations as their names say. */
export interface NodeSnapshot {
  readonly at: number;
  readonly node: NodeState;
  /** Null outside cluster mode, and where the Redis Cluster that knows the slots does not answer. */
  readonly cluster: ClusterState | null;
  /** Null where the keys are here. */
  readonly upstream: UpstreamSnapshot | null;
  /** One a second, oldest first, of the last HISTORY_SECONDS; fewer after a start. */
  readonly history: readonly NodeSample[];
  /** Models and scripts that have run; at most 100, all others under `_other`. Those that ran most in the last second come first. */
  readonly models: readonly ModelState[];
  readonly devices: readonly DeviceState[];
  readonly keys: KeysState;
  readonly memory: MemoryState;
  /** Those that have been run or asked for here. A `maxDifference` that is infinite is null. */
  readonly experiments: readonly ExperimentReport[];
  /** Error replies, each text once, the latest first; at most 50. Redirections (MOVED, ASK) are not among them. */
  readonly errors: readonly RecentError[];
  /** Runs that took longer than slowlog-log-slower-than (10 ms), the latest first; at most 64. */
  readonly slowRuns: readonly SlowRun[];
}

/** What GET /api/events sends each second as `data` of an event `sample`. */
export interface LiveEvent {
  readonly sample: NodeSample;
  readonly ready: boolean;
  readonly models: readonly ModelState[];
  readonly devices: readonly DeviceState[];
  readonly keys: KeysState;
  readonly memory: MemoryState;
  readonly experiments: readonly ExperimentReport[];
}

export interface NodeState {
  readonly name: string;
  /** 40 hexadecimal digits. */
  readonly id: string;
  readonly host: string;
  /** 0 where there is none. */
  readonly port: number;
  /** 0 where there is none. */
  readonly tlsPort: number;
  readonly version: string;
  readonly startedAt: number;
  readonly engine: 'embedded' | 'redis';
  readonly ready: boolean;
  readonly checks: readonly ReadinessCheck[];
}

export interface ClusterState {
  readonly nodes: readonly {
    readonly name: string;
    readonly id: string;
    readonly host: string;
    readonly port: number;
    readonly tlsPort: number;
    /** Where it answers over HTTP, such as `10.0.0.1:7100`; null where it does not. */
    readonly http: string | null;
    /** Whether it is this node. */
    readonly isSelf: boolean;
    /** First and last slot of each range; a replica has none. */
    readonly slots: readonly (readonly [number, number])[];
  }[];
}

export interface UpstreamSnapshot {
  readonly address: string;
  readonly isThere: boolean;
  /** When it last went or came. */
  readonly changedAt: number;
  readonly losses: number;
  readonly cachedValues: number;
  readonly cachedBytes: number;
}

/** One second of the node. */
export interface NodeSample {
  /** Its end. */
  readonly at: number;
  readonly commandsPerSecond: number;
  /** Runs that succeeded. */
  readonly runsPerSecond: number;
  readonly errorsPerSecond: number;
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
  /** Of the runs of that second, from the queue to the reply; null where there were none. */
  readonly runP50Us: number | null;
  readonly runP99Us: number | null;
  /** Rows of a batch, the mean of all that were run; null where none was. */
  readonly batchRows: number | null;
  /** Runs that waited at its end. */
  readonly queueLength: number;
  readonly clients: number;
  /** Keys and values. */
  readonly dataBytes: number;
  readonly rssBytes: number;
  /** How long the event loop was late at most. */
  readonly eventLoopDelayMs: number;
  /** Cores in use by the process. */
  readonly cpuCores: number;
}

export interface ModelState {
  /** Its key, or `_other`. */
  readonly model: string;
  readonly device: string;
  /** Since the model was first run. */
  readonly runs: number;
  readonly failures: number;
  /** Runs that wait or are under way. */
  readonly pending: number;
  /** Of the last second. */
  readonly runsPerSecond: number;
  /** Of the last second, else null. */
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  /** The mean of each stage since the model was first run, in us. */
  readonly stagesUs: Readonly<Record<'queue' | 'assembly' | 'compute' | 'reply', number>>;
  /** Rows of a batch, the mean of the last second; null where none ran. */
  readonly batchRows: number | null;
  /** Bytes of the model; null where they are not known here. */
  readonly bytes: number | null;
}

export interface DeviceState {
  readonly device: string;
  readonly queueLength: number;
  readonly busyThreads: number;
  readonly stuckThreads: number;
  readonly sessions: number;
  readonly workerRestarts: number;
}

export interface KeysState {
  readonly total: number;
  readonly expiring: number;
  /** By type; `bytes` are of tensors, models, scripts and strings in memory. */
  readonly byType: Readonly<Record<string, { readonly keys: number; readonly bytes: number }>>;
}

export interface MemoryState {
  readonly dataBytes: number;
  /** maxmemory; 0 for no limit. */
  readonly limitBytes: number;
  readonly clientBytes: number;
  readonly sessionBytes: number;
  readonly sessionLimitBytes: number;
  readonly rssBytes: number;
}
