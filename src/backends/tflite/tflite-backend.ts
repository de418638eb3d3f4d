import type { Backend } from '../backend.ts';
import type { Runtime } from './interpreter.ts';
import { openLoweredSession } from './lowering/lowered-session.ts';
import { fitsWasm, hasUnsignedOperators } from './model-file.ts';
import { openNativeRuntime } from './native/native-runtime.ts';
import { openTfliteSession } from './tflite-session.ts';
import { tryModel } from './trial/trial.ts';
import { UnsignedSession } from './unsigned-session.ts';
import { openWasmRuntime } from './wasm/wasm-runtime.ts';

/** Which of the two runtimes to use: `native`, `wasm`, or where absent the one that suits the model and the platform. */
const CHOICE = process.env.TESSERA_TFLITE_RUNTIME;

/** Opened at first use; null where this platform has none. */
let native: Runtime | null | undefined;
let wasm: Runtime | undefined;

/** TensorFlow Lite models, on the CPU. */
export const tfliteBackend: Backend = {
  name: 'TFLITE',
  get runtime() {
    const version = (native ?? wasm)?.version;
    return version === undefined ? undefined : { name: 'tensorflow_lite', version };
  },
  async load(blob, options) {
    if (native === undefined) native = CHOICE === 'wasm' ? null : openNative();
    wasm ??= openWasmRuntime();
    const library = native;
    const threads = Math.max(1, options.intraOpParallelism);
    if (library === null) return openTfliteSession(wasm, blob, threads);
    const openInLibrary = async () => {
      const { trial } = options;
      if (trial !== undefined) await tryModel(blob, { ...trial, version: library.version, threads });
      return openTfliteSession(library, blob, threads);
    };
    if (CHOICE === 'native' || !hasUnsignedOperators(blob)) return openInLibrary();
    const lowered = await openLoweredSession(blob, { ...options, intraOpParallelism: threads });
    if (lowered !== null) return new UnsignedSession(lowered, openInLibrary);
    if (threads > 1 || !fitsWasm(blob)) return openInLibrary();
    return new UnsignedSession(await openTfliteSession(wasm, blob, 1), openInLibrary);
  },
};

/** Where the library is built for this platform but cannot be loaded (musl), it is as if it was not. */
function openNative(): Runtime | null {
  try {
    return openNativeRuntime();
  } catch (error) {
    if (CHOICE === 'native') throw error;
    return null;
  }
}
