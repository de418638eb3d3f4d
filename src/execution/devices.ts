import { createRequire } from 'node:module';
import type { SessionOptions } from '../backends/backend.ts';
import type { Runnable } from '../backends/model.ts';
import { errors } from '../errors.ts';
import type { RunMetrics } from '../observability/run-metrics.ts';
import { BackendModules, type LoadedBackend } from './backend-modules.ts';
import { DeviceActor, type DeviceCounters } from './device-actor.ts';
import { SessionMemory } from './session-memory.ts';

export interface DeviceSettings extends Pick<SessionOptions, 'intraOpParallelism' | 'interOpParallelism'> {
  /** Runs of this device at the same time. */
  readonly threadsPerQueue: number;
  /** Runs that may wait for a device, more are refused; at least 1. */
  maxQueueLength: number;
  /** Bytes of all sessions of a node; 0 for no limit. */
  backendMemoryLimit: number;
  readonly executionTimeoutMs: number;
  readonly loadTimeoutMs: number;
}

/** With what the node adds to them. */
export interface PlacedSettings extends DeviceSettings {
  readonly dataDirectory: string;
  readonly backends: BackendModules;
}

const DEVICE = /^(CPU|GPU)(:\d*)?$/i;
const LONGEST_NAME = 9;
/** Each has threads of its own (two and about 45 MB at least), for good, and clients may name them as they like. */
const MOST_DEVICES = 16;

/** Whether the text names a device: CPU or GPU, with a number or without, in any case. */
export function isDeviceName(name: string): boolean {
  return name.length <= LONGEST_NAME && DEVICE.test(name);
}

/** The device actors of a node, one per upper-cased device name, made at first use. */
export class Devices {
  /** What is not readonly of these may be changed while the devices run. */
  readonly settings: PlacedSettings;
  readonly runs: RunMetrics;
  readonly #actors = new Map<string, DeviceActor>();
  /** For runs that nobody waits for, by the same names. */
  readonly #background = new Map<string, DeviceActor>();
  readonly #memory = new SessionMemory(() => this.settings.backendMemoryLimit);
  readonly #usedBackends = new Set<string>();

  /** @param runs where runs are counted. */
  constructor(settings: DeviceSettings, dataDirectory: string, runs: RunMetrics) {
    this.runs = runs;
    this.settings = { ...settings, dataDirectory, backends: new BackendModules() };
  }

  /**
   * @param name as the client wrote it.
   * @throws ServerError when it names no device, one more than there may be, or a GPU, for which the backend has no provider here.
   */
  get(name: string, backend: string): DeviceActor {
    const key = this.#place(name, backend);
    let actor = this.#actors.get(key);
    if (actor === undefined) {
      if (this.#actors.size >= MOST_DEVICES) throw errors.tooManyDevices(MOST_DEVICES);
      actor = new DeviceActor(key, this.settings, this.#memory, this.runs);
      this.#actors.set(key, actor);
    }
    return actor;
  }

  /**
   * The device's threads for runs that nobody waits for, apart from its others: of lower priority, and no run of a client comes behind theirs.
   * @throws ServerError like `get`.
   */
  background(name: string, backend: string): DeviceActor {
    const key = this.#place(name, backend);
    let actor = this.#background.get(key);
    if (actor === undefined) {
      actor = new DeviceActor(`${key}_BACKGROUND`, this.settings, this.#memory, this.runs, true);
      this.#background.set(key, actor);
    }
    return actor;
  }

  /** The devices that have been used, and behind them what they have in the background. */
  all(): DeviceActor[] {
    return [...this.#actors.values(), ...this.#background.values()];
  }

  /** Frees a model's sessions on its device. */
  unload(model: Runnable): void {
    this.runs.drop(model);
    for (const actor of this.#of(model.device)) actor.unload(model);
  }

  counters(): DeviceCounters {
    const sum: DeviceCounters = {
      runs: 0,
      refusedRuns: 0,
      timedOutRuns: 0,
      workersReplaced: 0,
      sessionsMade: 0,
    };
    for (const { counters } of this.all()) {
      sum.runs += counters.runs;
      sum.refusedRuns += counters.refusedRuns;
      sum.timedOutRuns += counters.timedOutRuns;
      sum.workersReplaced += counters.workersReplaced;
      sum.sessionsMade += counters.sessionsMade;
    }
    return sum;
  }

  /** CPU time of each worker thread in us, as of the end of its last task; threads count from 1. */
  workerCpu(): { device: string; thread: number; micros: number }[] {
    return this.all().flatMap((actor) =>
      actor.cpuMicros.map((micros, i) => ({ device: actor.name, thread: i + 1, micros })),
    );
  }

  /** The runtimes of the backends that were used, by RedisAI's names, with their versions. */
  backendVersions(): Map<string, string> {
    const runsOnnx = ['ONNX', 'TF', 'TORCH'].some((name) => this.#usedBackends.has(name));
    return new Map(runsOnnx ? [['onnxruntime', onnxRuntimeVersion()]] : []);
  }

  /** The backends that have loaded a model since the start, and what their sessions hold. */
  loadedBackends(): (LoadedBackend & { sessions: number; bytes: number })[] {
    return this.settings.backends
      .loaded()
      .map((loaded) => ({ ...loaded, ...this.#memory.ofBackend(loaded.backend) }));
  }

  /** How many workers hold a session of the model. */
  sessionsOf(device: string, modelId: number): number {
    return this.#of(device).reduce((sum, actor) => sum + actor.sessionsOf(modelId), 0);
  }

  /** Runs that clients wait for. */
  get queueLength(): number {
    return [...this.#actors.values()].reduce((sum, actor) => sum + actor.queueLength, 0);
  }

  /** Loaded models, once for each thread that has them. */
  get sessions(): number {
    return this.all().reduce((sum, actor) => sum + actor.sessions, 0);
  }

  /** What the sessions hold at least, in bytes: those that load and those that are still to be freed, too. */
  get sessionBytes(): number {
    return this.#memory.bytes;
  }

  /** Sessions that had to go because memory is limited. */
  get sessionsUnloaded(): number {
    return this.#memory.unloads;
  }

  /** Frees idle sessions that are above a limit that was lowered. */
  trimSessions(): void {
    this.#memory.trim();
  }

  /** Threads that no signal can stop: a process that has some can only end by force. */
  get stuckThreads(): number {
    return this.all().reduce((sum, actor) => sum + actor.stuckThreads, 0);
  }

  /** Threads that are inside the runtime, or may be: whoever ends them there ends the process, and not well. */
  get busyThreads(): number {
    return this.all().reduce((sum, actor) => sum + actor.busyThreads, 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((actor) => actor.close()));
  }

  /** @returns the name as a key of the actors. */
  #place(name: string, backend: string): string {
    if (!isDeviceName(name)) throw errors.invalidDevice();
    const key = name.toUpperCase();
    if (key.startsWith('GPU')) throw errors.gpuNotFound(backend);
    this.#usedBackends.add(backend);
    return key;
  }

  #of(device: string): DeviceActor[] {
    const key = device.toUpperCase();
    return [this.#actors.get(key), this.#background.get(key)].filter((actor) => actor !== undefined);
  }
}

function onnxRuntimeVersion(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return version;
}
