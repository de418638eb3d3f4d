import type { ModelSignature, TensorType } from '../../backends/backend.ts';
import type { StoredModel } from '../../backends/model.ts';
import { errors } from '../../errors.ts';
import type { Reply } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ownKey, READ } from './key-specs.ts';
import { readCallee } from './servable.ts';

/** None of RedisAI's: clients of other protocols ask for it. */
export const modelsignature: Command = {
  name: 'ai.modelsignature',
  arity: 2,
  flags: ['readonly', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(READ)],
  group: 'ai',
  summary:
    'Returns names, dtypes and shapes of what a model, or an experiment, takes and gives, as far as they are known before a run',
  syntax: 'key',
  async run({ node, inTransaction }, args) {
    // It may have to be loaded.
    if (inTransaction) throw errors.runInTransaction();
    const key = keyAt(args, 1);
    const model = readCallee(node, node.keyspace, key);
    const device = node.devices.get(model.device, model.backend);
    const release = node.keyspace.hold([model.blob.buffer]);
    // An experiment has no tag: who answers is another matter each time.
    const tag = node.keyspace.get(key)?.type === 'model' ? model.tag : '';
    return replyOf(model, tag, await device.signature(model).finally(release));
  },
};

function replyOf(
  { backend, inputs, outputs }: StoredModel,
  tag: Reply,
  signature: ModelSignature | undefined,
): Reply {
  const list = (names: readonly string[], types: readonly TensorType[] = []): Reply =>
    names.map((name, i) => {
      const { dtype = null, shape } = types[i] ?? {};
      return [name, dtype, shape === undefined ? null : [...shape]];
    });
  return [
    ...['backend', backend, 'tag', tag],
    ...['inputs', list(inputs, signature?.inputs), 'outputs', list(outputs, signature?.outputs)],
  ];
}
