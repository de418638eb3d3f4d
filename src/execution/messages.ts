import type { SessionOptions } from '../backends/backend.ts';
import type { BackendName, NodeNames } from '../backends/model.ts';
import type { Tensor } from '../tensors/tensor.ts';

/** What a DeviceActor hands to a worker. Sent by structured clone: SharedArrayBuffers travel as handles. */
export type WorkerTask = LoadTask | RunTask | UnloadTask | CloseTask;

export interface LoadTask {
  readonly kind: 'load';
  readonly modelId: number;
  readonly backend: BackendName;
  readonly blob: Uint8Array<SharedArrayBuffer>;
  readonly options: SessionOptions;
  readonly nodes: NodeNames | null;
}

export interface LoadResult {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface UnloadTask {
  readonly kind: 'unload';
  readonly modelIds: readonly number[];
}

/** Closes all sessions of the thread: those of runtimes in C outlive it, and nobody could free them then. */
export interface CloseTask {
  readonly kind: 'close';
}

/** One run of a model: one request, or several of the same input shapes to be joined along dimension 0. */
export interface RunMessage {
  readonly modelId: number;
  readonly requests: readonly (readonly Tensor[])[];
}

export interface RunTask {
  readonly kind: 'run';
  readonly unload: readonly number[];
  readonly runs: readonly RunMessage[];
  /**
   * [index of the run under way, its start on the monotonic clock in ns, CPU time of the thread in us, 1 once nobody waits for the results any
   * more]: how the actor tells which run is late and not to begin another, and INFO what the thread has used.
   */
  readonly progress: BigInt64Array<SharedArrayBuffer>;
}

export interface RunResult {
  /** One list of outputs for each request, or the text of the error that all of them get. */
  readonly outcome: readonly (readonly Tensor[])[] | string;
  readonly durationUs: number;
}
