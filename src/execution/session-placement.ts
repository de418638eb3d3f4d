import type { StoredModel } from '../backends/model.ts';
import { errors, ServerError } from '../errors.ts';
import type { DeviceSettings } from './devices.ts';
import type { Lane } from './lane.ts';
import type { LoadResult } from './messages.ts';

export type LoadableModel = Pick<StoredModel, 'id' | 'backend' | 'blob'>;

/** What the placement tells the device of. */
export interface PlacementEvents {
  /** A thread is free again, or has other sessions than before. */
  readonly changed: () => void;
  /** A model that runs wait for could not be loaded. */
  readonly failed: (model: LoadableModel, error: Error) => void;
}

interface PendingLoad {
  readonly model: LoadableModel;
  readonly resolve: (result: LoadResult) => void;
  readonly reject: (error: Error) => void;
}

/** Which of a device's threads have a session of which model: loads and frees them. */
export class SessionPlacement {
  /** Sessions opened so far. */
  sessionsMade = 0;
  readonly #lanes: readonly Lane[];
  readonly #settings: DeviceSettings;
  readonly #events: PlacementEvents;
  readonly #loads: PendingLoad[] = [];
  /** Sizes of the models that have sessions, by model id. */
  readonly #blobBytes = new Map<number, number>();

  constructor(lanes: readonly Lane[], settings: DeviceSettings, events: PlacementEvents) {
    this.#lanes = lanes;
    this.#settings = settings;
    this.#events = events;
  }

  /** Loaded models, once for each thread that has them; those that are still to be freed too. */
  get sessions(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.resident.size + lane.unloading.length, 0);
  }

  /** What the sessions hold at least: the bytes of their models, once for each. What the runtime takes besides it does not tell. */
  get sessionBytes(): number {
    let bytes = 0;
    for (const lane of this.#lanes) for (const id of lane.resident) bytes += this.#blobBytes.get(id) ?? 0;
    return bytes;
  }

  /** How many threads hold a session of the model. */
  sessionsOf(modelId: number): number {
    return this.#lanes.filter((lane) => lane.resident.has(modelId)).length;
  }

  /** Whether no thread will run it soon: those that have a session are loading something else, or there are none. */
  isStranded(modelId: number): boolean {
    return !this.#lanes.some((lane) => lane.resident.has(modelId) && lane.busy !== 'load');
  }

  /**
   * Queues the load of a new model.
   * @throws ServerError with the runtime's text when it is no good.
   */
  load(model: LoadableModel): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      this.#loads.push({ model, resolve, reject });
    });
  }

  /** Begins the next load of a new model, one at a time. */
  startLoad(): void {
    if (this.#lanes.some((lane) => lane.busy === 'load')) return;
    const next = this.#loads[0];
    if (next === undefined) return;
    const lane = this.#freeLane(next.model.id);
    if (lane === undefined) return;
    this.#loads.shift();
    void this.#loadIn(lane, next);
  }

  /** Gives the first of these models that can have one a session in a free thread. */
  spread(models: readonly LoadableModel[]): void {
    for (const model of models) {
      if (this.#lanes.some((lane) => willRun(lane, model.id))) continue;
      const lane = this.#freeLane(model.id);
      if (lane === undefined) continue;
      const reject = (error: Error) => this.#events.failed(model, error);
      void this.#loadIn(lane, { model, resolve: () => {}, reject });
      return;
    }
  }

  /** Frees a model's sessions, as soon as their threads are. */
  drop(modelId: number): void {
    this.#blobBytes.delete(modelId);
    for (const lane of this.#lanes) {
      if (lane.resident.delete(modelId) || lane.loading === modelId) lane.unloading.push(modelId);
    }
    this.freeIdle();
  }

  /** Frees what threads that are idle have to free; the others do it with their next task. */
  freeIdle(): void {
    for (const lane of this.#lanes) {
      if (lane.busy === 'idle' && lane.unloading.length > 0) void this.#free(lane);
    }
  }

  /** A free thread to load in: one without models, whose runs would wait meanwhile, else the one that ran least recently. */
  #freeLane(modelId: number): Lane | undefined {
    const free = this.#lanes.filter((lane) => lane.busy === 'idle' && !lane.resident.has(modelId));
    return free.find((lane) => lane.resident.size === 0) ?? free.sort((a, b) => a.lastRunAt - b.lastRunAt)[0];
  }

  async #loadIn(lane: Lane, load: PendingLoad): Promise<void> {
    const { model } = load;
    const { intraOpParallelism, interOpParallelism, loadTimeoutMs } = this.#settings;
    lane.busy = 'load';
    lane.loading = model.id;
    const abort = new AbortController();
    const thread = lane.thread();
    const timer = setTimeout(() => abort.abort(), loadTimeoutMs);
    try {
      const result = await lane.run(
        {
          kind: 'load',
          modelId: model.id,
          backend: model.backend,
          blob: model.blob,
          options: { intraOpParallelism, interOpParallelism },
        },
        abort.signal,
      );
      if (!lane.unloading.includes(model.id)) {
        lane.resident.add(model.id);
        this.#blobBytes.set(model.id, model.blob.byteLength);
        this.sessionsMade++;
      }
      load.resolve(result as LoadResult);
    } catch (error) {
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
    try {
      await lane.run({ kind: 'unload', modelIds: lane.unloading.splice(0) }, new AbortController().signal);
    } catch {
      // The thread died, and the sessions with it.
    } finally {
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
