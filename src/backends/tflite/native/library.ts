import { createRequire } from 'node:module';
import path from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';

/** A pointer of the library. */
export type Pointer = { readonly pointer: unique symbol };

/** What is used of TFLite's C API (c_api.h, c_api_experimental.h, xnnpack_delegate.h), by its names without "TfLite". Status 0 is success. */
export interface Library {
  readonly version: string;
  modelCreate(bytes: Uint8Array, length: number): Pointer | null;
  modelDelete(model: Pointer): void;
  optionsCreate(): Pointer;
  optionsDelete(options: Pointer): void;
  optionsSetThreads(options: Pointer, threads: number): void;
  optionsAddDelegate(options: Pointer, delegate: Pointer): void;
  /** Texts of errors go into `messages` from then on. */
  optionsReportErrors(options: Pointer): void;
  /** Null where the build has no XNNPACK, as that for macOS. */
  readonly xnnpack: Xnnpack | null;
  interpreterCreate(model: Pointer, options: Pointer): Pointer | null;
  interpreterDelete(interpreter: Pointer): void;
  allocate(interpreter: Pointer): number;
  resizeInput(interpreter: Pointer, index: number, shape: Int32Array, rank: number): number;
  resetVariables(interpreter: Pointer): number;
  invoke(interpreter: Pointer): number;
  inputCount(interpreter: Pointer): number;
  outputCount(interpreter: Pointer): number;
  input(interpreter: Pointer, index: number): Pointer;
  output(interpreter: Pointer, index: number): Pointer;
  tensorType(tensor: Pointer): number;
  tensorRank(tensor: Pointer): number;
  tensorSize(tensor: Pointer, dimension: number): number;
  tensorBytes(tensor: Pointer): number | bigint;
  tensorName(tensor: Pointer): string | null;
  tensorRealloc(bytes: number, tensor: Pointer): void;
  copyIn(tensor: Pointer, bytes: Uint8Array, length: number): number;
  copyOut(tensor: Pointer, bytes: Uint8Array, length: number): number;
  /** What went wrong since it was last emptied. */
  readonly messages: string[];
}

export interface Xnnpack {
  create(options: { num_threads: number; flags: number; weights_cache: null }): Pointer | null;
  delete(delegate: Pointer): void;
}

/** Where tfjs-tflite-node 0.0.2 has the library, under cc_deps. */
const FILES: Partial<Record<string, string>> = {
  'linux-x64': 'linux_amd64/libtensorflowlite_c.so',
  'linux-arm64': 'linux_arm64/libtensorflowlite_c.so',
  'win32-x64': 'windows_amd64/tensorflowlite_c.dll',
  'darwin-arm64': 'darwin_arm64/libtensorflowlite_c.dylib',
};
const LIBC: Partial<Record<NodeJS.Platform, string>> = {
  win32: 'msvcrt.dll',
  darwin: 'libSystem.dylib',
};
const LONGEST_MESSAGE = 4096;

/** Types have names, each of which a thread can give once. */
const ERROR_REPORTER = koffi.proto('void TfLiteErrorReporter(void *data, const char *format, void *values)');
koffi.struct('TfLiteXNNPackDelegateOptions', {
  num_threads: 'int32_t',
  flags: 'uint32_t',
  weights_cache: 'void *',
});

/** Opens the library. @throws Error where there is none for this platform, or the system cannot load it (musl). */
export function openLibrary(): Library {
  const file = FILES[`${process.platform}-${process.arch}`];
  if (file === undefined) throw new Error(`no TFLite library for ${process.platform} ${process.arch}`);
  const home = path.dirname(createRequire(import.meta.url).resolve('tfjs-tflite-node/package.json'));
  const library = koffi.load(path.join(home, 'cc_deps', file));
  const messages: string[] = [];
  return {
    version: library.func('const char *TfLiteVersion()')() as string,
    modelCreate: library.func('void *TfLiteModelCreate(const void *bytes, size_t length)'),
    modelDelete: library.func('void TfLiteModelDelete(void *model)'),
    optionsCreate: library.func('void *TfLiteInterpreterOptionsCreate()'),
    optionsDelete: library.func('void TfLiteInterpreterOptionsDelete(void *options)'),
    optionsSetThreads: library.func(
      'void TfLiteInterpreterOptionsSetNumThreads(void *options, int32_t threads)',
    ),
    optionsAddDelegate: library.func(
      'void TfLiteInterpreterOptionsAddDelegate(void *options, void *delegate)',
    ),
    optionsReportErrors: errorReporter(library, messages),
    xnnpack: openXnnpack(library),
    interpreterCreate: library.func('void *TfLiteInterpreterCreate(void *model, void *options)'),
    interpreterDelete: library.func('void TfLiteInterpreterDelete(void *interpreter)'),
    allocate: library.func('int TfLiteInterpreterAllocateTensors(void *interpreter)'),
    resizeInput: library.func(
      'int TfLiteInterpreterResizeInputTensor(void *interpreter, int32_t index, const int32_t *shape, int32_t rank)',
    ),
    resetVariables: library.func('int TfLiteInterpreterResetVariableTensors(void *interpreter)'),
    invoke: library.func('int TfLiteInterpreterInvoke(void *interpreter)'),
    inputCount: library.func('int32_t TfLiteInterpreterGetInputTensorCount(void *interpreter)'),
    outputCount: library.func('int32_t TfLiteInterpreterGetOutputTensorCount(void *interpreter)'),
    input: library.func('void *TfLiteInterpreterGetInputTensor(void *interpreter, int32_t index)'),
    output: library.func('void *TfLiteInterpreterGetOutputTensor(void *interpreter, int32_t index)'),
    tensorType: library.func('int TfLiteTensorType(void *tensor)'),
    tensorRank: library.func('int32_t TfLiteTensorNumDims(void *tensor)'),
    tensorSize: library.func('int32_t TfLiteTensorDim(void *tensor, int32_t dimension)'),
    tensorBytes: library.func('size_t TfLiteTensorByteSize(void *tensor)'),
    tensorName: library.func('const char *TfLiteTensorName(void *tensor)'),
    tensorRealloc: library.func('void TfLiteTensorRealloc(size_t bytes, void *tensor)'),
    copyIn: library.func('int TfLiteTensorCopyFromBuffer(void *tensor, const void *bytes, size_t length)'),
    copyOut: library.func('int TfLiteTensorCopyToBuffer(void *tensor, _Out_ void *bytes, size_t length)'),
    messages,
  };
}

/** The reporter gets a printf format with a va_list, which all these platforms pass as a pointer. */
function errorReporter(library: LibraryHandle, messages: string[]): (options: Pointer) => void {
  const libc = koffi.load(LIBC[process.platform] ?? 'libc.so.6');
  const print = libc.func(
    'int vsnprintf(_Out_ uint8_t *text, size_t size, const char *format, void *values)',
  );
  const set = library.func(
    'void TfLiteInterpreterOptionsSetErrorReporter(void *options, TfLiteErrorReporter *report, void *data)',
  );
  const text = Buffer.alloc(LONGEST_MESSAGE);
  const report = koffi.register((_: unknown, format: string, values: unknown) => {
    const length: number = print(text, text.length, format, values);
    messages.push(text.toString('utf8', 0, Math.min(length, text.length - 1)));
  }, koffi.pointer(ERROR_REPORTER));
  return (options) => set(options, report, null);
}

function openXnnpack(library: LibraryHandle): Xnnpack | null {
  try {
    return {
      create: library.func('void *TfLiteXNNPackDelegateCreate(const TfLiteXNNPackDelegateOptions *options)'),
      delete: library.func('void TfLiteXNNPackDelegateDelete(void *delegate)'),
    };
  } catch {
    return null;
  }
}
