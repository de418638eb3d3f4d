import type * as ort from 'onnxruntime-node';
// The package's own door to ONNX Runtime: its InferenceSession does no more than put each of these calls behind a setImmediate.
import { type Binding, binding, initOrt } from 'onnxruntime-node/dist/binding.js';
import { ELEMENT_BYTES } from '../../tensors/dtype.ts';
import { allocateShared } from '../../tensors/shared-memory.ts';
import { elementCount, type Tensor } from '../../tensors/tensor.ts';
import type { ModelSignature, SessionOptions, TensorType } from '../backend.ts';
import { dtypeOfElement, fromOrt, toOrt, toOrtBuffer } from './ort-tensors.ts';
import { mayBlockChannels } from './pool-windows.ts';

/**
 * The level of ONNX Runtime's own log, which goes past ours to standard error. Its errors are answers to clients already, and
 * a wrong declared shape is none at all.
 */
const FATAL = 4;
const WITHOUT_BLOCKS = { optimization: { disable_specified_optimizers: 'NchwcTransformer' } };

function runtimeOptions(options: SessionOptions): ort.InferenceSession.SessionOptions {
  const out: ort.InferenceSession.SessionOptions = { logSeverityLevel: FATAL };
  if (options.intraOpParallelism > 0) out.intraOpNumThreads = options.intraOpParallelism;
  if (options.interOpParallelism > 0) out.interOpNumThreads = options.interOpParallelism;
  return out;
}

/** What ONNX Runtime 1.30 says when a prepared output has not the real shape: the declared one was wrong, which alone is worth another run. */
const WRONG_OUTPUT_SHAPE = /The output OrtValue provided for output /;

type Results = Record<string, ort.OnnxValue>;

/**
 * A session of ONNX Runtime that answers at once. ONNX Runtime computes in the calling thread whatever its JavaScript looks like, and a program
 * that goes on by what comes out cannot wait for a promise in the middle of an expression.
 */
export class DirectSession {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** As the model declares it; a shape of which it says nothing is empty. */
  readonly signature: ModelSignature;
  readonly #session: Binding.InferenceSession;
  readonly #inputMetadata: readonly Binding.ValueMetadata[];
  readonly #outputMetadata: readonly Binding.ValueMetadata[];
  /** Off once an output's real shape was not the declared one. */
  #preallocate = true;

  /**
   * @param poolsFit whether whoever made the model sees to it that no pool's window is wider than its image.
   * @throws Error with ONNX Runtime's text when the bytes are no model of it.
   */
  constructor(model: Uint8Array<ArrayBuffer>, options: SessionOptions, poolsFit = false) {
    const wanted = runtimeOptions(options);
    if (!poolsFit && !mayBlockChannels(model)) wanted.extra = WITHOUT_BLOCKS;
    initOrt();
    this.#session = new binding.InferenceSession();
    this.#session.loadModel(model.buffer, model.byteOffset, model.byteLength, wanted);
    this.#inputMetadata = this.#session.inputMetadata;
    this.#outputMetadata = this.#session.outputMetadata;
    this.signature = {
      inputs: this.#inputMetadata.map(tensorType),
      outputs: this.#outputMetadata.map(tensorType),
    };
    this.inputs = this.#inputMetadata.map(({ name }) => name);
    this.outputs = this.#outputMetadata.map(({ name }) => name);
  }

  /**
   * Runs the model on tensors in the order of `inputs`; answers in the order of `outputs`, in SharedArrayBuffers.
   * @throws Error with ONNX Runtime's text.
   */
  run(inputs: readonly Tensor[]): Tensor[] {
    const feeds: Record<string, ort.Tensor> = {};
    for (let i = 0; i < this.inputs.length; i++) feeds[this.inputs[i] as string] = toOrt(inputs[i] as Tensor);
    const prepared = this.#preallocate ? this.#prepareOutputs(inputs) : null;
    if (prepared === null) return this.#collect(this.#run(feeds, null), null);
    try {
      return this.#collect(this.#run(feeds, prepared), prepared);
    } catch (error) {
      if (!WRONG_OUTPUT_SHAPE.test((error as Error).message)) throw error;
      const again = this.#collect(this.#run(feeds, null), null);
      this.#preallocate = false;
      return again;
    }
  }

  close(): void {
    this.#session.dispose();
  }

  #run(feeds: Record<string, ort.Tensor>, prepared: readonly (Tensor | null)[] | null): Results {
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const [i, name] of this.outputs.entries()) {
      const tensor = prepared?.[i] ?? null;
      fetches[name] = tensor === null ? null : toOrtBuffer(tensor);
    }
    return this.#session.run(feeds, fetches, {});
  }

  #collect(result: Results, prepared: readonly (Tensor | null)[] | null): Tensor[] {
    return this.outputs.map((name, i) => prepared?.[i] ?? fromOrt(result[name] as ort.Tensor));
  }

  /** Buffers for the outputs whose shapes the model declares, symbolic dimensions taken from the inputs; null for the others. */
  #prepareOutputs(inputs: readonly Tensor[]): (Tensor | null)[] {
    const symbols = new Map<string, number>();
    for (const [i, { isTensor, symbolicDimensions }] of this.#inputMetadata.entries()) {
      if (!isTensor) continue;
      for (const [d, name] of symbolicDimensions.entries()) {
        const actual = inputs[i]?.shape[d];
        if (name !== '' && actual !== undefined) symbols.set(name, actual);
      }
    }
    return this.#outputMetadata.map(({ name, shape: declared, symbolicDimensions }, i) => {
      const dtype = this.signature.outputs[i]?.dtype;
      // An output that is an input comes back as it is: no operator would write into the buffer, and it would stay zeros.
      if (dtype === undefined || dtype === 'STRING' || this.inputs.includes(name)) return null;
      const shape: number[] = [];
      for (const [d, size] of declared.entries()) {
        const known = size >= 0 ? size : symbols.get(symbolicDimensions[d] ?? '');
        if (known === undefined) return null;
        shape.push(known);
      }
      const byteLength = elementCount(shape) * ELEMENT_BYTES[dtype];
      return { dtype, shape, buffer: allocateShared(byteLength), byteOffset: 0, byteLength };
    });
  }
}

function tensorType({ isTensor, type, shape }: Binding.ValueMetadata): TensorType {
  return isTensor ? { dtype: dtypeOfElement(type), shape } : { dtype: undefined, shape: undefined };
}
