import type { Tensor } from '../../tensors/tensor.ts';
import type { Session } from '../backend.ts';
import { FixedShapeError } from './wasm/wasm-runtime.ts';

/**
 * A model of unsigned 8-bit operators: in WASM, which is faster, and in the library for shapes that the WASM runtime cannot have, once there
 * are such. Figures: docs/decisions/tflite.md.
 */
export class UnsignedSession implements Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #wasm: Session;
  readonly #openLibrary: () => Promise<Session>;
  #library: Session | undefined;

  constructor(wasm: Session, openLibrary: () => Promise<Session>) {
    this.inputs = wasm.inputs;
    this.outputs = wasm.outputs;
    this.#wasm = wasm;
    this.#openLibrary = openLibrary;
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    try {
      return await this.#wasm.run(inputs);
    } catch (error) {
      if (!(error instanceof FixedShapeError)) throw error;
    }
    this.#library ??= await this.#openLibrary();
    return this.#library.run(inputs);
  }

  async close(): Promise<void> {
    await this.#wasm.close();
    await this.#library?.close();
  }
}
