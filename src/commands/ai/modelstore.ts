import type { BackendName, BatchSettings, StoredModel } from '../../backends/model.ts';
import { errors } from '../../errors.ts';
import { isDeviceName } from '../../execution/devices.ts';
import { OK } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { concatShared, ownBytes } from '../../tensors/shared-bytes.ts';
import { integerAt, keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { nextModelId, parseBackend } from './models.ts';

interface ModelArguments {
  readonly backend: BackendName;
  readonly device: string;
  readonly tag: Uint8Array;
  readonly batching: BatchSettings;
  readonly blob: Uint8Array<SharedArrayBuffer>;
}

export const modelstore: Command = {
  name: 'ai.modelstore',
  arity: -6,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'ai',
  summary: 'Stores a model and loads it on its device',
  syntax:
    'key TF|TFLITE|TORCH|ONNX device [TAG tag] [BATCHSIZE n [MINBATCHSIZE m [MINBATCHTIMEOUT ms]]] [INPUTS n name ... OUTPUTS n name ...] BLOB chunk [chunk ...]',
  async run({ node }, args) {
    const key = keyAt(args, 1);
    const existing = node.keyspace.get(key);
    if (existing !== undefined && existing.type !== 'model') throw errors.wrongType();
    const parsed = parseModel(args);
    if (parsed.backend !== 'ONNX') throw errors.backendNotLoaded(parsed.backend);
    const device = node.devices.get(parsed.device, parsed.backend);
    const id = nextModelId();
    const { inputs, outputs } = await device.load({ id, backend: parsed.backend, blob: parsed.blob });
    const model: StoredModel = {
      ...parsed,
      id,
      inputs,
      outputs,
      statistics: { durationUs: 0, samples: 0, calls: 0, errors: 0 },
    };
    // The key may have changed while the model was loading.
    const now = node.keyspace.get(key);
    if (now !== undefined && now.type !== 'model') {
      device.unload(id);
      throw errors.wrongType();
    }
    node.keyspace.set(key, { type: 'model', model });
    return OK;
  },
};

/** RedisAI's strict order: TAG, BATCHSIZE, MINBATCHSIZE, MINBATCHTIMEOUT, INPUTS, OUTPUTS, BLOB. */
function parseModel(args: Arguments): ModelArguments {
  const backend = parseBackend(keywordAt(args, 2));
  const device = (args[3] as Buffer).toString('latin1');
  if (!isDeviceName(device)) throw errors.invalidDevice();
  let at = 4;
  let tag: Uint8Array = new Uint8Array(0);
  if (keywordAt(args, at) === 'TAG' && args.length > at + 1) {
    tag = Uint8Array.from(args[at + 1] as Buffer);
    at += 2;
  }
  const option = (name: string): number | undefined => {
    if (keywordAt(args, at) !== name) return undefined;
    const value = integerAt(args, at + 1);
    if (value === undefined || value < 0) throw errors.invalidArgument(name);
    at += 2;
    return value;
  };
  const batchSize = option('BATCHSIZE');
  const minBatchSize = option('MINBATCHSIZE');
  if (minBatchSize !== undefined && batchSize === undefined) throw errors.minBatchWithoutBatch();
  const minBatchTimeout = option('MINBATCHTIMEOUT');
  if (minBatchTimeout !== undefined && minBatchSize === undefined)
    throw errors.minBatchTimeoutWithoutMinBatch();
  if (at >= args.length) throw errors.missingBlob();
  if (keywordAt(args, at) === 'INPUTS' && backend !== 'TF') throw errors.inputsNotForBackend();
  if (backend === 'TF') throw errors.backendNotLoaded(backend);
  if (keywordAt(args, at) !== 'BLOB') throw errors.expectedBlob();
  const chunks = args.slice(at + 1);
  const [only] = chunks;
  if (only === undefined) throw errors.missingBlob();
  return {
    backend,
    device,
    tag,
    batching: {
      batchSize: batchSize ?? 0,
      minBatchSize: minBatchSize ?? 0,
      minBatchTimeoutMs: minBatchTimeout ?? 0,
    },
    blob: chunks.length === 1 ? ownBytes(only) : concatShared(chunks),
  };
}
