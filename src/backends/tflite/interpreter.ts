import type { Dtype } from '../../tensors/dtype.ts';

/** An input or output of a model, as the runtime has it now. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype | undefined;
  /** The runtime's own name of the type, for those that have no dtype. */
  readonly typeName: string;
  readonly shape: readonly number[];
}

/** A model in one of the two TFLite runtimes. Not to be used after `close`, or by another thread. */
export interface Interpreter {
  readonly inputs: readonly TensorInfo[];
  /** As of the last run: a model may choose the shapes while it runs. */
  outputs(): TensorInfo[];
  /**
   * Changes the shapes of the inputs that runs have from now on.
   * @throws Error with the runtime's text where the model has no such shapes; those of before are back then.
   */
  resize(shapes: readonly (readonly number[])[]): void;
  /**
   * Runs on the bytes of one tensor for each input, strings as the runtime lays them out. State of an earlier run is gone.
   * @throws Error with the runtime's text.
   */
  run(inputs: readonly Uint8Array[]): void;
  /** How many bytes an output has after a run. */
  outputBytes(index: number): number;
  /** Copies an output's bytes into the target, which is as long as they are. */
  readOutput(index: number, target: Uint8Array): void;
  close(): void;
}

/** One of the two: TFLite's C library, or its WASM module. */
export interface Runtime {
  readonly name: 'native' | 'wasm';
  readonly version: string;
  /**
   * @param model is read in place, and must not change.
   * @param threads inside one operator, at least 1.
   * @throws Error with the runtime's text.
   */
  open(model: Uint8Array, threads: number): Promise<Interpreter>;
}
