import { BACKEND_NAMES, type StoredModel } from '../../backends/model.ts';
import type { ScriptDescription, StoredScript } from '../../backends/script.ts';
import {
  EXPERIMENT_MODES,
  type ExperimentDefinition,
  type StoredExperiment,
} from '../../experiments/experiment.ts';
import { latin1 } from '../../protocol/latin1.ts';
import { type Dtype, ELEMENT_BYTES } from '../../tensors/dtype.ts';
import { concatShared } from '../../tensors/shared-bytes.ts';
import { elementCount, type Tensor, tensorBytes } from '../../tensors/tensor.ts';
import type { StoredValue } from '../keyspace.ts';
import { FormatError } from './format-error.ts';
import { MODULE_MARKS, MODULE_TYPE, moduleId } from './module-format.ts';
import { decodeNative, encodeNative, isNative } from './native-codec.ts';
import type { RdbReader } from './rdb-reader.ts';
import type { RdbWriter } from './rdb-writer.ts';

/** A model as its dump describes it: it still has to be loaded. */
export type DumpedModel = Pick<
  StoredModel,
  'backend' | 'device' | 'tag' | 'batching' | 'inputs' | 'outputs' | 'blob'
>;
/** A script as its dump describes it. */
export type DumpedScript = ScriptDescription;

/** What a dump holds: a value that can be put under a key, or a model, script or experiment that has to be made again. */
export type DumpedValue =
  | Exclude<StoredValue, { type: 'model' | 'script' | 'experiment' }>
  | { readonly type: 'model'; readonly model: DumpedModel }
  | { readonly type: 'script'; readonly script: DumpedScript }
  | { readonly type: 'experiment'; readonly experiment: ExperimentDefinition };

/** The name of the module type stands before the value, so that another server can say what it lacks. */
const NAMES = {
  tensor: 'tesseraTN',
  model: 'tesseraMD',
  script: 'tesseraSC',
  experiment: 'tesseraEX',
} as const;
type ModuleKind = keyof typeof NAMES;
const VERSION = 1;

/** Marks of what a module saved. */
const { UINT, DOUBLE, STRING, END } = MODULE_MARKS;

const DTYPES = Object.keys(ELEMENT_BYTES) as Dtype[];
const LARGEST_DIMENSION = 2 ** 40;

/** Writes type and content of a value. */
export function encodeValue(writer: RdbWriter, value: StoredValue): void {
  if (isNative(value)) {
    encodeNative(writer, value);
    return;
  }
  writer.byte(MODULE_TYPE);
  writer.length(moduleId(NAMES[value.type], VERSION));
  const module = new ModuleWriter(writer);
  if (value.type === 'tensor') encodeTensor(module, value.tensor);
  else if (value.type === 'model') encodeModel(module, value.model);
  else if (value.type === 'script') encodeScript(module, value.script);
  else encodeExperiment(module, value.experiment);
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
  else if (kind === 'script') value = { type: 'script', script: decodeScript(module) };
  else value = { type: 'experiment', experiment: decodeExperiment(module) };
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
  out.bytes(script.blob);
}

function decodeScript(from: ModuleReader): DumpedScript {
  return {
    device: from.text(),
    tag: Uint8Array.from(from.bytes()),
    entryPoints: from.list(() => from.text()),
    source: Uint8Array.from(from.bytes()),
  };
}

function encodeExperiment(out: ModuleWriter, experiment: StoredExperiment): void {
  out.text(experiment.mode);
  out.double(experiment.samplePercent);
  out.double(experiment.tolerance);
  out.uint(experiment.arms.length);
  for (const { key, weight } of experiment.arms) {
    out.bytes(Buffer.from(key, 'latin1'));
    out.uint(weight);
  }
}

function decodeExperiment(from: ModuleReader): ExperimentDefinition {
  const name = from.text();
  const mode = EXPERIMENT_MODES.find((known) => known === name);
  if (mode === undefined) throw new FormatError('unknown mode');
  const samplePercent = from.double();
  const tolerance = from.double();
  const arms = from.list(() => ({ key: latin1(from.bytes()), weight: from.uint() }));
  const isFit =
    arms.length > 1 &&
    arms.some(({ weight }) => weight > 0) &&
    samplePercent >= 0 &&
    samplePercent <= 100 &&
    tolerance >= 0;
  if (!isFit) throw new FormatError('it is no experiment that can run');
  return { mode, arms, samplePercent, tolerance };
}

/** Whether a value of the module type with that id can be read here. */
export function isOwnModule(id: bigint): boolean {
  return kindOf(id) !== undefined;
}

function kindOf(id: bigint): ModuleKind | undefined {
  return (Object.keys(NAMES) as ModuleKind[]).find((kind) => moduleId(NAMES[kind], VERSION) === id);
}

function moduleKind(reader: RdbReader): ModuleKind {
  const found = kindOf(reader.long());
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

  double(value: number): void {
    this.#writer.length(DOUBLE);
    this.#writer.double(value);
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

  double(): number {
    this.#expect(DOUBLE);
    return this.#reader.double();
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
