import { errors } from '../../../errors.ts';
import type { Interpreter, Runtime, TensorInfo } from '../interpreter.ts';
import { typeOf } from '../types.ts';
import { type Library, openLibrary, type Pointer } from './library.ts';
import { openQuietly, type Quietly } from './quiet.ts';

/** XNNPACK for signed 8-bit and float operators, then for float only; null is TFLite's own kernels. A model may be refused by one of them. */
const WAYS = [1, 0, null] as const;
/** XNNPACK reads vectors of 16 bytes, and flatbuffers count on aligned bytes. */
const ALIGNMENT = 16;

/** TFLite's C library. @throws Error where this platform has none. */
export function openNativeRuntime(): Runtime {
  const library = openLibrary();
  const quietly = openQuietly();
  return {
    name: 'native',
    version: library.version,
    open: async (model, threads) => new NativeInterpreter(library, quietly, aligned(model), threads),
  };
}

function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % ALIGNMENT === 0 ? bytes : Uint8Array.from(bytes);
}

class NativeInterpreter implements Interpreter {
  readonly #library: Library;
  /** Kept from the garbage collector: the library reads it in place. */
  readonly #bytes: Uint8Array;
  #model: Pointer | null = null;
  #options: Pointer | null = null;
  #delegate: Pointer | null = null;
  #interpreter: Pointer | null = null;
  #inputs: TensorInfo[] = [];

  constructor(library: Library, quietly: Quietly, bytes: Uint8Array, threads: number) {
    this.#library = library;
    this.#bytes = bytes;
    this.#model = quietly(() => library.modelCreate(this.#bytes, this.#bytes.length));
    if (this.#model === null) throw errors.tfliteNoModel();
    let text = '';
    for (const flags of library.xnnpack === null ? [null] : WAYS) {
      library.messages.length = 0;
      if (quietly(() => this.#open(threads, flags))) {
        this.#inputs = this.#list(library.inputCount(this.#handle), (i) => library.input(this.#handle, i));
        return;
      }
      text = this.#takeMessages();
      this.#free();
    }
    this.close();
    throw text === '' ? errors.tfliteNoModel() : errors.backend(text);
  }

  get inputs(): readonly TensorInfo[] {
    return this.#inputs;
  }

  outputs(): TensorInfo[] {
    const { outputCount, output } = this.#library;
    return this.#list(outputCount(this.#handle), (i) => output(this.#handle, i));
  }

  resize(shapes: readonly (readonly number[])[]): void {
    const before = this.#inputs.map(({ shape }) => shape);
    try {
      this.#resize(shapes);
    } catch (error) {
      this.#resize(before);
      throw error;
    }
    this.#inputs = this.#inputs.map((info, i) => ({ ...info, shape: shapes[i] ?? info.shape }));
  }

  run(inputs: readonly Uint8Array[]): void {
    const library = this.#library;
    for (const [i, bytes] of inputs.entries()) {
      const tensor = library.input(this.#handle, i);
      if (this.#inputs[i]?.dtype === 'STRING') library.tensorRealloc(bytes.length, tensor);
      this.#check(library.copyIn(tensor, bytes, bytes.length));
    }
    this.#check(library.resetVariables(this.#handle));
    this.#check(library.invoke(this.#handle));
  }

  outputBytes(index: number): number {
    return Number(this.#library.tensorBytes(this.#library.output(this.#handle, index)));
  }

  readOutput(index: number, target: Uint8Array): void {
    if (target.length === 0) return;
    const tensor = this.#library.output(this.#handle, index);
    this.#check(this.#library.copyOut(tensor, target, target.length));
  }

  close(): void {
    this.#free();
    if (this.#model !== null) this.#library.modelDelete(this.#model);
    this.#model = null;
  }

  get #handle(): Pointer {
    if (this.#interpreter === null) throw new Error('the interpreter is closed');
    return this.#interpreter;
  }

  #open(threads: number, flags: number | null): boolean {
    const library = this.#library;
    this.#options = library.optionsCreate();
    library.optionsSetThreads(this.#options, threads);
    library.optionsReportErrors(this.#options);
    if (flags !== null) {
      this.#delegate = library.xnnpack?.create({ num_threads: threads, flags, weights_cache: null }) ?? null;
      if (this.#delegate === null) return false;
      library.optionsAddDelegate(this.#options, this.#delegate);
    }
    if (this.#model === null) return false;
    this.#interpreter = library.interpreterCreate(this.#model, this.#options);
    return this.#interpreter !== null && library.allocate(this.#interpreter) === 0;
  }

  #resize(shapes: readonly (readonly number[])[]): void {
    for (const [i, shape] of shapes.entries()) {
      this.#check(this.#library.resizeInput(this.#handle, i, Int32Array.from(shape), shape.length));
    }
    this.#check(this.#library.allocate(this.#handle));
  }

  #list(count: number, tensorAt: (index: number) => Pointer): TensorInfo[] {
    const { tensorName, tensorType, tensorRank, tensorSize } = this.#library;
    return Array.from({ length: count }, (_, i) => {
      const tensor = tensorAt(i);
      const rank = Math.max(0, tensorRank(tensor));
      const shape = Array.from({ length: rank }, (_, d) => tensorSize(tensor, d));
      return { name: tensorName(tensor) ?? '', ...typeOf(tensorType(tensor)), shape };
    });
  }

  #check(status: number): void {
    if (status === 0) return;
    const text = this.#takeMessages();
    throw errors.backend(text === '' ? `TFLite status ${status}` : text);
  }

  #takeMessages(): string {
    return this.#library.messages.splice(0).join('; ');
  }

  /** In this order: an interpreter uses its delegate until it is gone. */
  #free(): void {
    const library = this.#library;
    if (this.#interpreter !== null) library.interpreterDelete(this.#interpreter);
    if (this.#delegate !== null) library.xnnpack?.delete(this.#delegate);
    if (this.#options !== null) library.optionsDelete(this.#options);
    this.#interpreter = null;
    this.#delegate = null;
    this.#options = null;
  }
}
