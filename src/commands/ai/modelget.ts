import type { Reply } from '../../protocol/reply.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ownKey, READ } from './key-specs.ts';
import { readModel } from './models.ts';

export const modelget: Command = {
  name: 'ai.modelget',
  arity: -2,
  flags: ['readonly', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(READ)],
  group: 'ai',
  summary: "Returns a model's metadata and bytes",
  syntax: 'key [META] [BLOB]',
  run({ node }, args) {
    const model = readModel(node.keyspace, keyAt(args, 1));
    const options = new Set(args.slice(2).map((_, i) => keywordAt(args, i + 2)));
    const meta = options.has('META');
    const blob = options.has('BLOB');
    if (blob && !meta) return chunksOf(model.blob, node.config.modelChunkSize);
    const { batching } = model;
    const fields: Reply[] = [
      ...['backend', model.backend, 'device', model.device, 'tag', model.tag],
      ...['batchsize', batching.batchSize, 'minbatchsize', batching.minBatchSize],
      ...['inputs', [...model.inputs], 'outputs', [...model.outputs]],
      ...['minbatchtimeout', batching.minBatchTimeoutMs],
    ];
    if (meta && !blob) return fields;
    return [...fields, 'blob', chunksOf(model.blob, node.config.modelChunkSize)];
  },
};

/** One bulk string, or an array of them where the bytes are more than one chunk. */
function chunksOf(blob: Uint8Array, chunkSize: number): Reply {
  if (blob.length <= chunkSize) return blob;
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < blob.length; at += chunkSize) chunks.push(blob.subarray(at, at + chunkSize));
  return chunks;
}
