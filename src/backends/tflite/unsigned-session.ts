import type { Tensor } from '../../tensors/tensor.ts';
import type { ModelSignature, Session } from '../backend.ts';
import { FixedShapeError } from './input-shape.ts';

/**
 * A model of unsigned 8-bit operators: lowered or in WASM, which is faster, and in the library for shapes that it cannot have there, once
 * there are such. Figures: docs/decisions/tflite.md.
 */
export class UnsignedSession implements Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly signature: ModelSignature | undefined;
  readonly #fast: Session;
  readonly #openLibrary: () => Promise<Session>;
  #library: Session | undefined;

  constructor(fast: Session, openLibrary: () => Promise<Session>) {
    this.inputs = fast.inputs;
    this.outputs = fast.outputs;
    this.signature = fast.signature;
    this.#fast = fast;
    this.#openLibrary = openLibrary;
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    try {
      return await this.#fast.run(inputs);
    } catch (error) {
      if (!(error instanceof FixedShapeError)) throw error;
    }
    this.#library ??= await this.#openLibrary();
    return this.#library.run(inputs);
  }

  async close(): Promise<void> {
    await this.#fast.close();
    await this.#library?.close();
  }
}
