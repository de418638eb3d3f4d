import * as ort from 'onnxruntime-node';
import { ELEMENT_BYTES } from '../../tensors/dtype.ts';
import { allocateShared } from '../../tensors/shared-memory.ts';
import { elementCount, type Tensor } from '../../tensors/tensor.ts';
import type { Backend, Session, SessionOptions } from '../backend.ts';
import { hasExternalData } from './external-data.ts';
import { fromOrt, ORT_DTYPES, toOrt, toOrtBuffer } from './ort-tensors.ts';
import { mayBlockChannels } from './pool-windows.ts';

/** As INFO tells it. */
export const ONNX_RUNTIME = {
  name: 'onnxruntime',
  version: ort.env.versions.node ?? ort.env.versions.common,
};

/** ONNX models in ONNX Runtime, on the CPU. */
export const onnxBackend: Backend = {
  name: 'ONNX',
  runtime: ONNX_RUNTIME,
  async load(blob, options) {
    // The binding answers "Model data pointer is null." here; this is what ONNX Runtime says of a model without a graph.
    if (blob.length === 0) throw new Error('No graph was found in the protobuf.');
    if (hasExternalData(blob)) throw new Error('Initializer tensors with external data is not allowed.');
    // The binding takes no SharedArrayBuffer for a model, so there is one copy while it loads.
    return openOnnxSession(new Uint8Array(blob), options);
  },
};

/** A session of ONNX Runtime. @throws Error with its text when the bytes are no model of it. */
export async function openOnnxSession(
  model: Uint8Array<ArrayBuffer>,
  options: SessionOptions,
): Promise<Session> {
  const wanted = sessionOptions(options);
  if (!mayBlockChannels(model)) wanted.extra = WITHOUT_BLOCKS;
  return new OnnxSession(await ort.InferenceSession.create(model, wanted));
}

/**
 * The level of ONNX Runtime's own log, which goes past ours to standard error. Its errors are answers to clients already, and
 * a wrong declared shape is none at all.
 */
const FATAL = 4;
const WITHOUT_BLOCKS = { optimization: { disable_specified_optimizers: 'NchwcTransformer' } };

function sessionOptions(options: SessionOptions): ort.InferenceSession.SessionOptions {
  const out: ort.InferenceSession.SessionOptions = { logSeverityLevel: FATAL };
  if (options.intraOpParallelism > 0) out.intraOpNumThreads = options.intraOpParallelism;
  if (options.interOpParallelism > 0) out.interOpNumThreads = options.interOpParallelism;
  return out;
}

/** What ONNX Runtime 1.30 says when a prepared output has not the real shape: the declared one was wrong, which alone is worth another run. */
const WRONG_OUTPUT_SHAPE = /The output OrtValue provided for output /;

class OnnxSession implements Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #session: ort.InferenceSession;
  /** Off once an output's real shape was not the declared one. */
  #preallocate = true;

  constructor(session: ort.InferenceSession) {
    this.#session = session;
    this.inputs = session.inputNames;
    this.outputs = session.outputNames;
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const feeds: Record<string, ort.Tensor> = {};
    for (let i = 0; i < this.inputs.length; i++) feeds[this.inputs[i] as string] = toOrt(inputs[i] as Tensor);
    const prepared = this.#preallocate ? this.#prepareOutputs(inputs) : null;
    if (prepared === null) return this.#collect(await this.#session.run(feeds), null);
    const fetches: Record<string, ort.Tensor | null> = {};
    for (let i = 0; i < this.outputs.length; i++) {
      const tensor = prepared[i];
      fetches[this.outputs[i] as string] =
        tensor === null || tensor === undefined ? null : toOrtBuffer(tensor);
    }
    let result: ort.InferenceSession.OnnxValueMapType;
    try {
      result = await this.#session.run(feeds, fetches);
    } catch (error) {
      if (!WRONG_OUTPUT_SHAPE.test((error as Error).message)) throw error;
      const again = this.#collect(await this.#session.run(feeds), null);
      this.#preallocate = false;
      return again;
    }
    return this.#collect(result, prepared);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  #collect(
    result: ort.InferenceSession.OnnxValueMapType,
    prepared: readonly (Tensor | null)[] | null,
  ): Tensor[] {
    return this.outputs.map((name, i) => prepared?.[i] ?? fromOrt(result[name] as ort.Tensor));
  }

  /** Buffers for the outputs whose shapes the model declares, symbolic dimensions taken from the inputs; null for the others. */
  #prepareOutputs(inputs: readonly Tensor[]): (Tensor | null)[] {
    const symbols = new Map<string, number>();
    this.#session.inputMetadata.forEach((meta, i) => {
      if (!meta.isTensor) return;
      meta.shape.forEach((dim, d) => {
        const actual = inputs[i]?.shape[d];
        if (typeof dim === 'string' && dim !== '' && actual !== undefined) symbols.set(dim, actual);
      });
    });
    return this.#session.outputMetadata.map((meta) => {
      // An output that is an input comes back as it is: no operator would write into the buffer, and it would stay zeros.
      if (!meta.isTensor || this.inputs.includes(meta.name)) return null;
      const dtype = ORT_DTYPES[meta.type];
      if (dtype === undefined || dtype === 'STRING') return null;
      const shape: number[] = [];
      for (const dim of meta.shape) {
        const size = typeof dim === 'number' ? dim : symbols.get(dim);
        if (size === undefined || size < 0) return null;
        shape.push(size);
      }
      const byteLength = elementCount(shape) * ELEMENT_BYTES[dtype];
      return { dtype, shape, buffer: allocateShared(byteLength), byteOffset: 0, byteLength };
    });
  }
}
