import type { NodeNames, Runnable } from '../backends/model.ts';
import { errors, ServerError } from '../errors.ts';
import type { PlacedSettings } from './devices.ts';
import type { Lane } from './lane.ts';
import type { LoadResult } from './messages.ts';
import type { HeldSession, SessionHolder, SessionMemory } from './session-memory.ts';

export type LoadableModel = Pick<Runnable, 'id' | 'backend' | 'blob' | 'isScript'>;

/** The names of its inputs and outputs, where the client said them. */
export type NamedModel = LoadableModel & NodeNames;

/** For loading, where a backend tries a model before; its run may take as long as any run. */
const TRIAL_LOAD_MS = 5000;

/** What the placement asks of the device, and tells it. */
export interface PlacementEvents {
  /** Whether idle sessions of others go where there is no room for one that runs wait for. */
  readonly makesRoom: boolean;
  /** A thread is free again, or has other sessions than before. */
  readonly changed: () => void;
  /** A model that runs wait for could not be loaded. */
  readonly failed: (model: LoadableModel, error: Error) => void;
  /** Whether a script waits for it: room may be held by the very thread that waits. */
  readonly isAwaited: (modelId: number) => boolean;
  /** Since when runs of the model wait that could run now, in monotonic ms; undefined where none does. */
  readonly readySince: (modelId: number) => number | undefined;
}

interface PendingLoad {
  readonly model: LoadableModel;
  readonly nodes: NodeNames | null;
  /** Monotonic ms. */
  readonly since: number;
  readonly resolve: (result: LoadResult) => void;
  readonly reject: (error: Error) => void;
  /** Only to know what the model is: not loaded where another load has told that already. */
  readonly describes?: true;
}

/**
 * Which of a device's threads have a session of which model: loads and frees them.
 *
 * Where memory is limited, who has waited longest gets room first. A session stays while runs need it that have waited longer than that, or
 * had come when it was loaded: so models that do not fit together take turns, and each load serves all that waited for it.
 */
export class SessionPlacement {
  /** Sessions opened so far. */
  sessionsMade = 0;
  readonly #lanes: readonly Lane[];
  readonly #settings: PlacedSettings;
  readonly #memory: SessionMemory;
  readonly #holder: SessionHolder;
  readonly #events: PlacementEvents;
  readonly #loads: PendingLoad[] = [];
  /** What loading told of the models that are there. */
  readonly #descriptions = new Map<number, LoadResult>();

  constructor(
    lanes: readonly Lane[],
    settings: PlacedSettings,
    memory: SessionMemory,
    holder: SessionHolder,
    events: PlacementEvents,
  ) {
    this.#lanes = lanes;
    this.#settings = settings;
    this.#memory = memory;
    this.#holder = holder;
    this.#events = events;
  }

  /** Loaded models, once for each thread that has them; those that are still to be freed too. */
  get sessions(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.resident.size + lane.unloading.length, 0);
  }

  /** How many threads hold a session of the model. */
  sessionsOf(modelId: number): number {
    return this.#lanes.filter((lane) => lane.resident.has(modelId)).length;
  }

  /** Whether no thread will run it soon: those that have a session load something else or wait for another run, or there are none. */
  isStranded(modelId: number): boolean {
    return !this.#lanes.some((lane) => lane.resident.has(modelId) && lane.busy !== 'load' && !lane.waits);
  }

  /**
   * Queues the load of a new model.
   * @param nodes of a TF graph; null where the model itself has them.
   * @throws ServerError with the runtime's text when it is no good, or that it is too large.
   */
  load(model: LoadableModel, nodes: NodeNames | null): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      this.#loads.push({ model, nodes, since: performance.now(), resolve, reject });
    });
  }

  /**
   * What loading the model tells, or told; queues a load where it has not been loaded yet.
   * @throws ServerError with the runtime's text when it is no good, or that it is too large.
   */
  describe(model: NamedModel): Promise<LoadResult> {
    const known = this.#descriptions.get(model.id);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      this.#loads.push({ model, nodes: model, since: performance.now(), resolve, reject, describes: true });
    });
  }

  /** Begins the next load of a new model, one at a time. */
  startLoad(): void {
    if (this.#lanes.some((lane) => lane.busy === 'load')) return;
    for (let next = this.#loads[0]; next !== undefined; next = this.#loads[0]) {
      const known = next.describes && this.#descriptions.get(next.model.id);
      if (known !== undefined) {
        this.#loads.shift();
        next.resolve(known);
        continue;
      }
      const lane = this.#freeLane(next.model.id);
      const room = lane === undefined ? 'none yet' : this.#room(next, true);
      if (room === 'none yet') return;
      this.#loads.shift();
      if (room === 'some' && lane !== undefined) {
        void this.#loadIn(lane, next);
        return;
      }
    }
  }

  /** Gives the first of these models that can have one a session in a free thread. */
  spread(models: readonly NamedModel[]): void {
    for (const model of models) {
      if (this.#lanes.some((lane) => willRun(lane, model.id))) continue;
      const lane = this.#freeLane(model.id);
      if (lane === undefined) continue;
      const load = {
        model,
        nodes: { inputs: model.inputs, outputs: model.outputs },
        since: this.#events.readySince(model.id) ?? performance.now(),
        resolve: () => {},
        reject: (error: Error) => this.#events.failed(model, error),
      };
      const room = this.#room(load, this.#events.makesRoom && this.sessionsOf(model.id) === 0);
      if (room === 'never' || (room === 'none yet' && !this.#events.isAwaited(model.id))) continue;
      void this.#loadIn(lane, load);
      return;
    }
  }

  /** Frees a model's sessions, as soon as their threads are. */
  drop(modelId: number): void {
    this.#descriptions.delete(modelId);
    for (const lane of this.#lanes) {
      if (!lane.resident.delete(modelId) && lane.loading !== modelId) continue;
      const held = lane.held.get(modelId);
      if (held !== undefined) held.leaving = true;
      lane.unloading.push(modelId);
    }
    this.freeIdle();
  }

  /** Frees what threads that are idle have to free; the others do it with their next task. */
  freeIdle(): void {
    for (const lane of this.#lanes) {
      if (lane.busy === 'idle' && lane.unloading.length > 0) void this.#free(lane);
    }
  }

  /** The thread is about to run these models. */
  used(lane: Lane, modelIds: Iterable<number>): void {
    for (const id of modelIds) {
      const held = lane.held.get(id);
      if (held !== undefined) this.#memory.used(held);
    }
  }

  /** The thread has freed its sessions of these models. */
  freed(lane: Lane, modelIds: readonly number[]): void {
    for (const id of modelIds) this.#release(lane, id);
  }

  /** The thread is dead, or left and dead when the promise is fulfilled, and its sessions with it. */
  forget(lane: Lane, gone?: Promise<unknown>): void {
    for (const session of lane.held.values()) {
      if (gone === undefined) this.#memory.release(session);
      else this.#memory.strand(session, gone);
    }
  }

  /** Whether there is memory for the load; it is rejected where there never is. */
  #room({ model, since, reject }: PendingLoad, needed: boolean): 'some' | 'none yet' | 'never' {
    try {
      return this.#memory.hasRoom(model.blob.byteLength, this.#holder, since, needed) ? 'some' : 'none yet';
    } catch (error) {
      reject(error as Error);
      return 'never';
    }
  }

  #hold(lane: Lane, { id, backend, blob }: LoadableModel): HeldSession {
    const session: HeldSession = {
      bytes: blob.byteLength,
      backend,
      loadedAt: 0,
      usedAt: 0,
      leaving: false,
      mayLeave: (since: number) => {
        if (!lane.resident.has(id) || (lane.busy === 'run' && lane.running.has(id))) return false;
        const needed = this.#events.readySince(id) ?? Number.POSITIVE_INFINITY;
        return this.sessionsOf(id) > 1 || needed > Math.max(since, session.loadedAt);
      },
      leave: () => {
        lane.resident.delete(id);
        lane.unloading.push(id);
        this.freeIdle();
      },
    };
    lane.held.set(id, session);
    this.#memory.hold(session);
    return session;
  }

  #release(lane: Lane, modelId: number): void {
    const session = lane.held.get(modelId);
    if (session === undefined) return;
    lane.held.delete(modelId);
    this.#memory.release(session);
  }

  /** A free thread to load in: one without models, whose runs would wait meanwhile, else the one that ran least recently. */
  #freeLane(modelId: number): Lane | undefined {
    const free = this.#lanes.filter((lane) => lane.busy === 'idle' && !lane.held.has(modelId));
    return free.find((lane) => lane.resident.size === 0) ?? free.sort((a, b) => a.lastRunAt - b.lastRunAt)[0];
  }

  async #loadIn(lane: Lane, load: PendingLoad): Promise<void> {
    const { model } = load;
    const { intraOpParallelism, interOpParallelism, loadTimeoutMs, dataDirectory } = this.#settings;
    const runTimeoutMs = this.#settings.executionTimeoutMs;
    const trial = { dataDirectory, timeoutMs: runTimeoutMs + TRIAL_LOAD_MS };
    lane.busy = 'load';
    lane.loading = model.id;
    const session = this.#hold(lane, model);
    const { backends } = this.#settings;
    // Another module is one for models.
    const module = model.isScript === true ? null : backends.of(model);
    const abort = new AbortController();
    const thread = lane.thread();
    const timer = setTimeout(() => abort.abort(), loadTimeoutMs);
    try {
      const result = (await lane.run(
        {
          kind: 'load',
          modelId: model.id,
          backend: model.backend,
          module,
          blob: model.blob,
          options: { intraOpParallelism, interOpParallelism, runTimeoutMs, trial },
          nodes: load.nodes,
          isScript: model.isScript === true,
        },
        abort.signal,
      )) as LoadResult;
      backends.used({ backend: model.backend, module, runtime: result.runtime });
      if (!lane.unloading.includes(model.id)) {
        lane.resident.add(model.id);
        this.#descriptions.set(model.id, result);
        session.loadedAt = performance.now();
        this.sessionsMade++;
      }
      load.resolve(result);
    } catch (error) {
      this.#release(lane, model.id);
      const died = thread !== undefined && lane.thread() !== thread;
      if (abort.signal.aborted) load.reject(errors.loadTimeout());
      else load.reject(died ? errors.workerDied() : asBackendError(error));
    } finally {
      clearTimeout(timer);
      lane.busy = 'idle';
      lane.loading = null;
      this.#events.changed();
    }
  }

  async #free(lane: Lane): Promise<void> {
    lane.busy = 'unload';
    const modelIds = lane.unloading.splice(0);
    try {
      await lane.run({ kind: 'unload', modelIds }, new AbortController().signal);
    } catch {
      // The thread died, and the sessions with it.
    } finally {
      this.freed(lane, modelIds);
      lane.busy = 'idle';
      this.#events.changed();
    }
  }
}

/** Whether the thread will have a session to offer in a moment, so that another one would be too many. */
function willRun(lane: Lane, modelId: number): boolean {
  return lane.loading === modelId || (lane.busy === 'unload' && lane.resident.has(modelId));
}

function asBackendError(error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  return errors.backend(error instanceof Error ? error.message : String(error));
}
