import { errors } from '../../../errors.ts';
import type { Dtype } from '../../../tensors/dtype.ts';
import { FixedShapeError } from '../input-shape.ts';
import type { Interpreter, Runtime, TensorInfo } from '../interpreter.ts';
import { readModelFile } from '../model-file.ts';
import { instantiate, type Runner, type WasmModule, type WasmTensor, wasmVersion } from './module.ts';

/** The types that the module gives out. */
const DTYPES: Partial<Record<string, Dtype>> = {
  float32: 'FLOAT',
  int32: 'INT32',
  uint8: 'UINT8',
  int8: 'INT8',
  int16: 'INT16',
  bool: 'BOOL',
  float64: 'DOUBLE',
};
const FAULT = /^ERROR: /;

/**
 * TFLite in WASM, as @tensorflow/tfjs-tflite has it: one thread, shapes as declared, no int64 and no strings. Each model gets an instance of
 * its own: one that aborts is of no use to others, and memory goes back to the system only with the instance.
 */
export function openWasmRuntime(): Runtime {
  return {
    name: 'wasm',
    version: wasmVersion(),
    open: (model) => openWasmInterpreter(model),
  };
}

async function openWasmInterpreter(model: Uint8Array): Promise<Interpreter> {
  const faults: string[] = [];
  const report = (line: string) => {
    if (FAULT.test(line)) faults.push(line.replace(FAULT, '').trim());
  };
  try {
    return new WasmInterpreter(await instantiate(report), model, faults);
  } catch (error) {
    // An instance that aborts, as for operators of TensorFlow itself, throws emscripten's text.
    throw faults.length > 0 ? errors.backend([...new Set(faults)].join('; ')) : error;
  }
}

class WasmInterpreter implements Interpreter {
  readonly #faults: string[];
  readonly #open: () => Runner;
  /** The runner cannot forget; where a model keeps state each run has a new one. */
  readonly #isStateful: boolean;
  #runner: Runner;
  #isFresh = true;

  constructor(module: WasmModule, model: Uint8Array, faults: string[]) {
    this.#faults = faults;
    const at = module._malloc(model.length);
    module.HEAPU8.set(model, at);
    const options = { numThreads: 1, enableProfiling: false, maxProfilingBufferEntries: 0 };
    this.#open = () => {
      const opened = module.TFLiteWebModelRunner.CreateFromBufferAndOptions(at, model.length, options);
      if (!opened.ok()) throw errors.tfliteNoModel();
      return opened.value();
    };
    this.#runner = this.#open();
    this.#isStateful = readModelFile(model).isStateful;
  }

  get inputs(): readonly TensorInfo[] {
    return this.#inputTensors().map(describe);
  }

  outputs(): TensorInfo[] {
    return this.#outputTensors().map(describe);
  }

  resize(): void {
    throw new FixedShapeError();
  }

  run(inputs: readonly Uint8Array[]): void {
    if (this.#isStateful && !this.#isFresh) {
      this.#runner.delete();
      this.#runner = this.#open();
    }
    this.#isFresh = false;
    for (const [i, tensor] of this.#inputTensors().entries()) bytesOf(tensor).set(inputs[i] as Uint8Array);
    this.#faults.length = 0;
    if (!this.#runner.Infer()) {
      throw errors.backend(this.#faults.length === 0 ? 'TFLite failed' : this.#faults.join('; '));
    }
  }

  outputBytes(index: number): number {
    return bytesOf(this.#outputTensors()[index]).length;
  }

  readOutput(index: number, target: Uint8Array): void {
    target.set(bytesOf(this.#outputTensors()[index]));
  }

  close(): void {
    this.#runner.delete();
  }

  #inputTensors(): WasmTensor[] {
    const list = this.#runner.GetInputs();
    return Array.from({ length: list.size() }, (_, i) => list.get(i));
  }

  #outputTensors(): WasmTensor[] {
    const list = this.#runner.GetOutputs();
    return Array.from({ length: list.size() }, (_, i) => list.get(i));
  }
}

function describe({ name, dataType, shape }: WasmTensor): TensorInfo {
  const sizes = shape === '' ? [] : shape.split(',').map(Number);
  return { name, dtype: DTYPES[dataType], typeName: dataType, shape: sizes };
}

function bytesOf(tensor: WasmTensor | undefined): Uint8Array {
  const data = tensor?.data();
  return data === undefined
    ? new Uint8Array(0)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
