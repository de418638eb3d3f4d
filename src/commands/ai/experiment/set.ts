import { errors } from '../../../errors.ts';
import { newExperiment } from '../../../experiments/experiment.ts';
import { shown } from '../../../protocol/latin1.ts';
import { OK } from '../../../protocol/reply.ts';
import { keyAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { countedAt, OVERWRITE, ownKey, READ } from '../key-specs.ts';
import { readArm } from '../servable.ts';
import { experimentKeys, parseExperiment } from './experiment-arguments.ts';

export const experimentSet: Command = {
  name: 'ai.experiment|set',
  arity: -8,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 2, last: 2, step: 1 },
  findKeys: experimentKeys,
  keySpecs: [ownKey(OVERWRITE, 2), ownKey(READ, 4), countedAt(6, READ)],
  group: 'ai',
  summary: 'Sets up an experiment: AI.MODELEXECUTE on its key runs its models',
  syntax:
    'key PRIMARY model CANDIDATES n model [model ...] [MODE SHADOW|SPLIT] [WEIGHTS weight [weight ...]] [SAMPLE percent] [TOLERANCE difference]',
  run({ node }, args) {
    const { keyspace } = node;
    const key = keyAt(args, 2);
    if ((keyspace.get(key)?.type ?? 'experiment') !== 'experiment') throw errors.wrongType();
    const definition = parseExperiment(args);
    const counts = definition.arms.map(({ key }) => {
      const { inputs, outputs } = readArm(node, keyspace, key);
      return { key, inputs: inputs.length, outputs: outputs.length };
    });
    const [primary] = counts;
    const other = counts.find(
      ({ inputs, outputs }) => inputs !== primary?.inputs || outputs !== primary.outputs,
    );
    if (primary !== undefined && other !== undefined) {
      throw errors.armCounts(shown(other.key), other.inputs, other.outputs, primary.inputs, primary.outputs);
    }
    keyspace.set(key, { type: 'experiment', experiment: newExperiment(definition) });
    return OK;
  },
};
