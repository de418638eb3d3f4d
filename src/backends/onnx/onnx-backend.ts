import { setImmediate } from 'node:timers/promises';
import * as ort from 'onnxruntime-node';
import type { Tensor } from '../../tensors/tensor.ts';
import type { Backend, ModelSignature, Session, SessionOptions } from '../backend.ts';
import { DirectSession } from './direct-session.ts';
import { hasExternalData } from './external-data.ts';

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
  return new OnnxSession(new DirectSession(model, options));
}

class OnnxSession implements Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly signature: ModelSignature;
  readonly #session: DirectSession;

  constructor(session: DirectSession) {
    this.#session = session;
    this.inputs = session.inputs;
    this.outputs = session.outputs;
    this.signature = session.signature;
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    // What waits in this thread meanwhile, such as the collection of garbage, has its turn before each run.
    await setImmediate();
    return this.#session.run(inputs);
  }

  async close(): Promise<void> {
    this.#session.close();
  }
}
