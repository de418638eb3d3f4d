import { BACKEND_NAMES, type StoredModel } from '../../backends/model.ts';
import type { StoredScript } from '../../backends/script.ts';
import { type Dtype, ELEMENT_BYTES } from '../../tensors/dtype.ts';
import { concatShared } from '../../tensors/shared-bytes.ts';
import { elementCount, type Tensor, tensorBytes } from '../../tensors/tensor.ts';
import type { StoredValue } from '../keyspace.ts';
import { FormatError } from './format-error.ts';
import { decodeNative, encodeNative, isNative } from './native-codec.ts';
import type { RdbReader } from './rdb-reader.ts';
import type { RdbWriter } from './rdb-writer.ts';

/** A model as its dump describes it: it still has to be loaded. */
export type DumpedModel = Pick<
  StoredModel,
  'backend' | 'device' | 'tag' | 'batching' | 'inputs' | 'outputs' | 'blob'
>;
/** A script as its dump describes it. */
export type DumpedScript = Pick<StoredScript, 'device' | 'tag' | 'entryPoints' | 'source'>;

/** What a dump holds: a value that can be put under a key, or a model or script that has to be made again. */
export type DumpedValue =
  | Exclude<StoredValue, { type: 'model' | 'script' }>
  | { readonly type: 'model'; readonly model: DumpedModel }
  | { readonly type: 'script'; readonly script: DumpedScript };

/** RDB's type byte for values of modules; the name of the module type follows, so that another server can say what it lacks. */
const MODULE_TYPE = 7;
const NAMES = { tensor: 'tesseraTN', model: 'tesseraMD', script: 'tesseraSC' } as const;
type ModuleKind = keyof typeof NAMES;
const VERSION = 1;
/** RDB's marks of what a module saved. */
const UINT = 2;
const STRING = 5;
const END = 0;

const ID_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const DTYPES = Object.keys(ELEMENT_BYTES) as Dtype[];
const LARGEST_DIMENSION = 2 ** 40;

/** Writes type and content of a value. */
export function encodeValue(writer: RdbWriter, value: StoredValue): void {
  if (isNative(value)) {
    encodeNative(writer, value);
    return;
  }
  writer.byte(MODULE_TYPE);
  writer.length(moduleId(value.type));
  const module = new ModuleWriter(writer);
  if (value.type === 'tensor') encodeTensor(module, value.tensor);
  else if (value.type === 'model') encodeModel(module, value.model);
  else encodeScript(module, value.script);
  writer.length(END);
}

/** @throws FormatError when the bytes are no value of a type that is known here. */
export function decodeValue(reader: RdbReader): DumpedValue {
  const type = reader.byte();
  if (type !== MODULE_TYPE) return decodeNative(reader, type);
  const kind = moduleKind(reader);
  const module = new ModuleReader(reader);
  let value: DumpedValue;
  if (kind === 'tensor') value = { type: 'tensor', tensor: decodeTensor(module) };
  else if (kind === 'model') value = { type: 'model', model: decodeModel(module) };
  else value = { type: 'script', script: decodeScript(module) };
  if (reader.length() !== END) throw new FormatError('the value has no end');
  return value;
}

function encodeTensor(out: ModuleWriter, tensor: Tensor): void {
  out.text(tensor.dtype);
  out.uint(tensor.shape.length);
  for (const dim of tensor.shape) out.uint(dim);
  out.bytes(tensorBytes(tensor));
}

function decodeTensor(from: ModuleReader): Tensor {
  const name = from.text();
  const dtype = DTYPES.find((known) => known === name);
  if (dtype === undefined) throw new FormatError('unknown dtype');
  const shape = from.list(() => from.uint());
  const bytes = from.bytes();
  const count = elementCount(shape);
  if (shape.some((dim) => dim > LARGEST_DIMENSION) || count > LARGEST_DIMENSION)
    throw new FormatError('shape');
  const fits =
    dtype === 'STRING'
      ? bytes.reduce((ends, byte) => ends + (byte === 0 ? 1 : 0), 0) === count &&
        (bytes.length === 0 || bytes.at(-1) === 0)
      : bytes.length === count * ELEMENT_BYTES[dtype];
  if (!fits) throw new FormatError('the bytes do not fit the shape');
  // A buffer of its own: in the payload it may lie at an odd address, and the payload would stay as long as the tensor.
  const { buffer, byteLength } = concatShared([bytes]);
  return { dtype, shape, buffer, byteOffset: 0, byteLength };
}

function encodeModel(out: ModuleWriter, model: StoredModel): void {
  out.text(model.backend);
  out.text(model.device);
  out.bytes(model.tag);
  out.uint(model.batching.batchSize);
  out.uint(model.batching.minBatchSize);
  out.uint(model.batching.minBatchTimeoutMs);
  out.texts(model.inputs);
  out.texts(model.outputs);
  out.bytes(model.blob);
}

function decodeModel(from: ModuleReader): DumpedModel {
  const name = from.text();
  const backend = BACKEND_NAMES.find((known) => known === name);
  if (backend === undefined) throw new FormatError('unknown backend');
  return {
    backend,
    device: from.text(),
    tag: Uint8Array.from(from.bytes()),
    batching: {
      batchSize: from.uint(),
      minBatchSize: from.uint(),
      minBatchTimeoutMs: from.uint(),
    },
    inputs: from.list(() => from.text()),
    outputs: from.list(() => from.text()),
    blob: concatShared([from.bytes()]),
  };
}

function encodeScript(out: ModuleWriter, script: StoredScript): void {
  out.text(script.device);
  out.bytes(script.tag);
  out.texts(script.entryPoints);
  out.bytes(script.source);
}

function decodeScript(from: ModuleReader): DumpedScript {
  return {
    device: from.text(),
    tag: Uint8Array.from(from.bytes()),
    entryPoints: from.list(() => from.text()),
    source: Uint8Array.from(from.bytes()),
  };
}

/** Nine characters of six bits each, then ten bits of version, as Redis packs them. */
function moduleId(kind: ModuleKind): bigint {
  let id = 0n;
  for (const character of NAMES[kind]) id = (id << 6n) | BigInt(ID_CHARACTERS.indexOf(character));
  return (id << 10n) | BigInt(VERSION);
}

function moduleKind(reader: RdbReader): ModuleKind {
  const id = reader.long();
  const found = (Object.keys(NAMES) as ModuleKind[]).find((kind) => moduleId(kind) === id);
  if (found === undefined) throw new FormatError('unknown module type');
  return found;
}

class ModuleWriter {
  readonly #writer: RdbWriter;

  constructor(writer: RdbWriter) {
    this.#writer = writer;
  }

  uint(value: number): void {
    this.#writer.length(UINT);
    this.#writer.length(value);
  }

  bytes(value: Uint8Array): void {
    this.#writer.length(STRING);
    this.#writer.string(value);
  }

  text(value: string): void {
    this.bytes(Buffer.from(value));
  }

  texts(values: readonly string[]): void {
    this.uint(values.length);
    for (const value of values) this.text(value);
  }
}

class ModuleReader {
  readonly #reader: RdbReader;

  constructor(reader: RdbReader) {
    this.#reader = reader;
  }

  uint(): number {
    this.#expect(UINT);
    const value = this.#reader.length();
    if (!Number.isSafeInteger(value)) throw new FormatError('a number is too large');
    return value;
  }

  bytes(): Uint8Array {
    this.#expect(STRING);
    return this.#reader.string();
  }

  text(): string {
    return Buffer.from(this.bytes()).toString('utf8');
  }

  list<T>(item: () => T): T[] {
    const count = this.uint();
    if (count > this.#reader.left) throw new FormatError('more elements than bytes');
    return Array.from({ length: count }, item);
  }

  #expect(mark: number): void {
    if (this.#reader.length() !== mark) throw new FormatError('not what was expected');
  }
}
