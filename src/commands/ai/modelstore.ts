import type { NodeNames, StoredModel } from '../../backends/model.ts';
import { nextModelId } from '../../backends/model-id.ts';
import { errors } from '../../errors.ts';
import type { KeyName } from '../../keyspace/keyspace.ts';
import type { NodeContext } from '../../node-context.ts';
import { OK, type Reply } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { OVERWRITE, ownKey } from './key-specs.ts';
import { type ModelArguments, parseModelStore } from './model-arguments.ts';

export const modelstore: Command = {
  name: 'ai.modelstore',
  arity: -6,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(OVERWRITE)],
  group: 'ai',
  summary: 'Stores a model and loads it on its device',
  syntax:
    'key TF|TFLITE|TORCH|ONNX device [TAG tag] [BATCHSIZE n [MINBATCHSIZE m [MINBATCHTIMEOUT ms]]] [INPUTS n name ... OUTPUTS n name ...] BLOB chunk [chunk ...]',
  run: (context, args) => storeModel(context, keyAt(args, 1), () => parseModelStore(args)),
};

/**
 * Loads a model in a worker of its device, and only then puts it under the key.
 * @throws ServerError with the backend's text when it is no good; the key is then as it was.
 */
export async function storeModel(
  { node, inScript }: CommandContext,
  key: KeyName,
  parse: () => ModelArguments,
): Promise<Reply> {
  if (inScript) throw errors.runInTransaction();
  const holdsOther = () => (node.keyspace.get(key)?.type ?? 'model') !== 'model';
  if (holdsOther()) throw errors.wrongType();
  const { nodes, ...parsed } = parse();
  const model = await loadModel(node, parsed, nodes);
  // The key may have changed while the model was loading.
  if (holdsOther()) {
    node.devices.unload(model);
    throw errors.wrongType();
  }
  node.keyspace.set(key, { type: 'model', model });
  return OK;
}

/**
 * Loads a model in a worker of its device. Who does not put it under a key has to unload it.
 * @param nodes of a TF graph; null where the model itself has them.
 * @throws ServerError with the backend's text when it is no good.
 */
export async function loadModel(
  node: NodeContext,
  model: Pick<StoredModel, 'backend' | 'device' | 'tag' | 'batching' | 'blob'>,
  nodes: NodeNames | null,
): Promise<StoredModel> {
  const device = node.devices.get(model.device, model.backend);
  const id = nextModelId();
  const release = node.keyspace.hold([model.blob.buffer]);
  const { inputs, outputs } = await device
    .load({ id, backend: model.backend, blob: model.blob }, nodes)
    .finally(release);
  const statistics = { durationUs: 0, samples: 0, calls: 0, errors: 0 };
  return { ...model, id, inputs, outputs, statistics };
}
