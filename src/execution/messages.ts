import type { MessagePort } from 'node:worker_threads';
import type { BackendRuntime, ModelSignature, SessionOptions } from '../backends/backend.ts';
import type { BackendName, NodeNames } from '../backends/model.ts';
import type { ScriptCall, ScriptFunctionType, ScriptReply } from '../backends/script.ts';
import type { Tensor } from '../tensors/tensor.ts';

/** What a DeviceActor hands to a worker. Sent by structured clone: SharedArrayBuffers travel as handles. */
export type WorkerTask = LoadTask | RunTask | UnloadTask | CloseTask;

export interface LoadTask {
  readonly kind: 'load';
  readonly modelId: number;
  readonly backend: BackendName;
  /** File URL of another module than the server's own for that backend. */
  readonly module: string | null;
  readonly blob: Uint8Array<SharedArrayBuffer>;
  readonly options: SessionOptions;
  readonly nodes: NodeNames | null;
  readonly isScript: boolean;
}

export interface LoadResult {
  readonly runtime: BackendRuntime | undefined;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly signature: ModelSignature | undefined;
  /** Of a script; none for a model. */
  readonly functions: readonly ScriptFunctionType[];
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
  /** Of a script, which has one request. */
  readonly call?: CallMessage | undefined;
}

export interface CallMessage extends ScriptCall {
  readonly callId: number;
  /** After which it is cut, since its beginning. */
  readonly limitMs: number;
  /** [number of its requests that are answered, whether and why it is cut]: what a script waits on that has asked something. */
  readonly signal: Int32Array<SharedArrayBuffer>;
}

/** What a script asks of the node while it runs; requests of a call count from 1. */
export type ScriptRequest = { readonly callId: number; readonly number: number } & (
  | { readonly kind: 'command'; readonly args: readonly Uint8Array[] }
  | {
      readonly kind: 'model';
      readonly key: string;
      readonly inputs: readonly Tensor[];
      readonly outputs: number;
    }
);

/** The answer to the request of that number, or the text of its error. */
export interface ScriptAnswer {
  readonly callId: number;
  readonly number: number;
  readonly outcome:
    | { readonly reply: ScriptReply }
    | { readonly outputs: readonly Tensor[] }
    | { readonly error: string };
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
  /** Where the thread's scripts ask; with the first task that has one. */
  readonly port?: MessagePort | undefined;
}

export interface RunResult {
  readonly timing: RunTiming;
  /** One list of outputs for each request, or the text of the error that all of them get. */
  readonly outcome: readonly (readonly Tensor[])[] | string;
  readonly durationUs: number;
}

/** How a run's time in its thread was spent. */
export interface RunTiming {
  /** On the clock that `monotonicMs` of every thread reads. */
  readonly startedMs: number;
  /** Until the inputs were joined, in us. */
  readonly assemblyUs: number;
  /** Inside the runtime, in us. */
  readonly computeUs: number;
}
