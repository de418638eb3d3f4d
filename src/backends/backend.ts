import type { Dtype } from '../tensors/dtype.ts';
import type { Tensor } from '../tensors/tensor.ts';
import type { BackendName, NodeNames } from './model.ts';

export interface SessionOptions {
  /** Threads inside one operator; 0 leaves it to the backend. */
  readonly intraOpParallelism: number;
  /** Operators at the same time; 0 leaves it to the backend. */
  readonly interOpParallelism: number;
  /** How long a run may take, in ms, before its thread is given up; absent, as long as it likes. */
  readonly runTimeoutMs?: number;
  /** For backends that try a model before they load it where it could do harm; absent, they do not. */
  readonly trial?: {
    /** The node's own folder, where they keep what they learn. */
    readonly dataDirectory: string;
    /** For loading the model and running it once. */
    readonly timeoutMs: number;
  };
}

/** What is known of the tensors that an input takes, or an output gives. */
export interface TensorType {
  /** Undefined where no dtype here is it, or nothing is known. */
  readonly dtype: Dtype | undefined;
  /** -1 for a size that may vary; undefined where nothing is known. */
  readonly shape: readonly number[] | undefined;
}

/** In the order of the session's names. */
export interface ModelSignature {
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
}

/** A model loaded in one worker. Never shared between threads. */
export interface Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Absent where it is not known before a run. */
  readonly signature?: ModelSignature | undefined;
  /**
   * Runs the model on tensors in the order of `inputs`; answers in the order of `outputs`, in SharedArrayBuffers.
   * @throws Error with the runtime's own text.
   */
  run(inputs: readonly Tensor[]): Promise<Tensor[]>;
  close(): Promise<void>;
}

/** What a backend runs models in, as INFO tells it. */
export interface BackendRuntime {
  readonly name: string;
  readonly version: string;
}

/** A runtime that loads models. Lives in the workers only. docs/backends/writing-one.md tells how to write another one. */
export interface Backend {
  readonly name: BackendName;
  /** Asked after the first model is loaded. */
  readonly runtime?: BackendRuntime | undefined;
  /**
   * @param nodes what the client calls the inputs and outputs; null where the model itself has their names.
   * @throws Error with the runtime's own text when the bytes are no model of it.
   */
  load(
    blob: Uint8Array<SharedArrayBuffer>,
    options: SessionOptions,
    nodes: NodeNames | null,
  ): Promise<Session>;
}
