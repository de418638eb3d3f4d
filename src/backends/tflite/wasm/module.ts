import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** What is used of the module, by emscripten's names. */
export interface WasmModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  readonly TFLiteWebModelRunner: {
    CreateFromBufferAndOptions(at: number, length: number, options: RunnerOptions): StatusOrRunner;
  };
}

interface RunnerOptions {
  readonly numThreads: number;
  readonly enableProfiling: boolean;
  readonly maxProfilingBufferEntries: number;
}

interface StatusOrRunner {
  ok(): boolean;
  errorMessage(): string;
  value(): Runner;
}

export interface Runner {
  GetInputs(): List<WasmTensor>;
  GetOutputs(): List<WasmTensor>;
  Infer(): boolean;
  delete(): void;
}

interface List<T> {
  size(): number;
  get(index: number): T;
}

export interface WasmTensor {
  readonly name: string;
  /** float32, int32, uint8, int8, int16, bool, ..; unknown for those that it does not give out. */
  readonly dataType: string;
  /** Sizes with commas between them. */
  readonly shape: string;
  /** A view on the module's memory, good until that grows; undefined for an unknown type. */
  data(): ArrayBufferView | undefined;
}

type Imports = Record<string, Record<string, WebAssembly.ImportValue>>;
type Factory = (options: {
  instantiateWasm(imports: Imports, done: (instance: WebAssembly.Instance) => void): object;
  print(text: string): void;
  printErr(text: string): void;
}) => Promise<WasmModule>;

const require = createRequire(import.meta.url);
let compiled: WebAssembly.Module | undefined;

/** The package that has the module, at the version that is installed. */
export function wasmVersion(): string {
  return (require('@tensorflow/tfjs-tflite/package.json') as { version: string }).version;
}

/** A new instance with memory of its own. @param report gets each line that it would print as an error. */
export async function instantiate(report: (line: string) => void): Promise<WasmModule> {
  const home = path.dirname(require.resolve('@tensorflow/tfjs-tflite/package.json'));
  const file = path.join(home, 'wasm/tflite_web_api_cc_simd');
  compiled ??= new WebAssembly.Module(readFileSync(`${file}.wasm`));
  const module = compiled;
  return (require(`${file}.js`) as Factory)({
    instantiateWasm(imports, done) {
      const instance = new WebAssembly.Instance(module, imports);
      done(instance);
      return instance.exports;
    },
    print: () => {},
    printErr: report,
  });
}
