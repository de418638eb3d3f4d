import type { BackendName, BatchSettings, NodeNames } from '../../backends/model.ts';
import { errors } from '../../errors.ts';
import { isDeviceName } from '../../execution/devices.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { concatShared, ownBytes } from '../../tensors/shared-bytes.ts';
import { integerAt, keywordAt, textAt } from '../arguments.ts';
import { parseBackend } from './models.ts';
import { optionalTag } from './tag.ts';

/** A model as a client sends it. */
export interface ModelArguments {
  readonly backend: BackendName;
  readonly device: string;
  readonly tag: Uint8Array;
  readonly batching: BatchSettings;
  /** Names of a TF graph's nodes; null where the model itself has them. */
  readonly nodes: NodeNames | null;
  readonly blob: Uint8Array<SharedArrayBuffer>;
}

/**
 * The arguments of AI.MODELSTORE, in RedisAI's strict order: TAG, BATCHSIZE, MINBATCHSIZE, MINBATCHTIMEOUT, INPUTS n, OUTPUTS n, BLOB.
 * @throws ServerError with RedisAI's text for each way in which they can be wrong.
 */
export function parseModelStore(args: Arguments): ModelArguments {
  const backend = parseBackend(keywordAt(args, 2));
  const device = textAt(args, 3);
  if (!isDeviceName(device)) throw errors.invalidDevice();
  const options = new Options(args, 4);
  const tag = options.tag();
  const batchSize = options.count('BATCHSIZE');
  const minBatchSize = options.count('MINBATCHSIZE');
  if (minBatchSize !== undefined && batchSize === undefined) throw errors.minBatchWithoutBatch();
  const minBatchTimeout = options.count('MINBATCHTIMEOUT');
  if (minBatchTimeout !== undefined && minBatchSize === undefined) {
    throw errors.minBatchTimeoutWithoutMinBatch();
  }
  if (options.atEnd) throw errors.missingBlob();
  let nodes: ModelArguments['nodes'] = null;
  if (backend === 'TF') nodes = options.countedNodes();
  else if (options.next() === 'INPUTS') throw errors.inputsNotForBackend();
  const batching = {
    batchSize: batchSize ?? 0,
    minBatchSize: minBatchSize ?? 0,
    minBatchTimeoutMs: minBatchTimeout ?? 0,
  };
  return { backend, device, tag, batching, nodes, blob: options.blob() };
}

/**
 * The arguments of the deprecated AI.MODELSET: as AI.MODELSTORE, but INPUTS and OUTPUTS have no counts.
 * @throws ServerError like `parseModelStore`.
 */
export function parseModelSet(args: Arguments): ModelArguments {
  const backend = parseBackend(keywordAt(args, 2));
  const device = textAt(args, 3);
  if (!isDeviceName(device)) throw errors.unsupportedDevice();
  const options = new Options(args, 4);
  const tag = options.tag();
  const batchSize = options.count('BATCHSIZE');
  if (backend === 'TFLITE' && batchSize !== undefined && batchSize > 0) throw errors.noBatchingTflite();
  const minBatchSize = options.count('MINBATCHSIZE');
  if (minBatchSize !== undefined && batchSize === undefined) throw errors.minBatchWithoutBatch();
  const minBatchTimeout = options.count('MINBATCHTIMEOUT');
  if (minBatchTimeout !== undefined && batchSize === undefined) {
    throw errors.minBatchTimeoutWithoutBatch();
  }
  if (minBatchTimeout !== undefined && minBatchSize === undefined) {
    throw errors.minBatchTimeoutWithoutMinBatch();
  }
  let nodes: ModelArguments['nodes'] = null;
  if (backend === 'TF') nodes = options.listedNodes();
  if (options.atEnd) throw errors.missingBlob();
  const batching = {
    batchSize: batchSize ?? 0,
    minBatchSize: minBatchSize ?? 0,
    minBatchTimeoutMs: minBatchTimeout ?? 0,
  };
  return { backend, device, tag, batching, nodes, blob: options.blob() };
}

/** Walks the options of a model in their order. */
class Options {
  readonly #args: Arguments;
  #at: number;

  constructor(args: Arguments, from: number) {
    this.#args = args;
    this.#at = from;
  }

  get atEnd(): boolean {
    return this.#at >= this.#args.length;
  }

  /** The word that comes next, in upper case. */
  next(): string {
    return keywordAt(this.#args, this.#at);
  }

  tag(): Uint8Array {
    const { tag, next } = optionalTag(this.#args, this.#at);
    this.#at = next;
    return tag;
  }

  count(name: 'BATCHSIZE' | 'MINBATCHSIZE' | 'MINBATCHTIMEOUT'): number | undefined {
    if (this.next() !== name) return undefined;
    const value = integerAt(this.#args, this.#at + 1);
    if (value === undefined || value < 0) throw errors.invalidArgument(name);
    this.#at += 2;
    return value;
  }

  countedNodes(): NonNullable<ModelArguments['nodes']> {
    if (this.next() !== 'INPUTS') throw errors.inputsNotForTf();
    const inputs = this.#counted(errors.invalidInputCount, errors.modelInputsCount);
    if (this.next() !== 'OUTPUTS') throw errors.outputsNotForTf();
    const outputs = this.#counted(errors.invalidOutputCount, errors.modelOutputsCount);
    return { inputs, outputs };
  }

  listedNodes(): NonNullable<ModelArguments['nodes']> {
    if (this.atEnd) throw errors.missingInputsOutputs();
    if (this.next() !== 'INPUTS') throw errors.inputsNotSpecified();
    this.#at++;
    const inputs = this.#until('OUTPUTS');
    if (this.next() !== 'OUTPUTS') throw errors.outputsNotSpecified();
    this.#at++;
    return { inputs, outputs: this.#until('BLOB') };
  }

  /** The blob, its chunks joined; a single one that lies in a SharedArrayBuffer is taken as it is. */
  blob(): Uint8Array<SharedArrayBuffer> {
    if (this.next() !== 'BLOB') throw errors.expectedBlob();
    const chunks = this.#args.slice(this.#at + 1);
    const [only] = chunks;
    if (only === undefined) throw errors.missingBlob();
    return chunks.length === 1 ? ownBytes(only) : concatShared(chunks);
  }

  #counted(invalid: () => Error, mismatch: () => Error): string[] {
    const count = integerAt(this.#args, this.#at + 1);
    if (count === undefined || count < 0) throw invalid();
    const from = this.#at + 2;
    if (from + count > this.#args.length) throw mismatch();
    this.#at = from + count;
    return Array.from({ length: count }, (_, i) => textAt(this.#args, from + i));
  }

  #until(keyword: string): string[] {
    const found: string[] = [];
    for (; !this.atEnd && this.next() !== keyword; this.#at++) found.push(textAt(this.#args, this.#at));
    return found;
  }
}
