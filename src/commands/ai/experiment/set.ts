import { errors } from '../../../errors.ts';
import { newExperiment } from '../../../experiments/experiment.ts';
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
    const [primary, ...candidates] = definition.arms.map((arm) => readArm(node, keyspace, arm.key));
    for (const [i, { inputs, outputs }] of candidates.entries()) {
      const counts = [primary?.inputs.length ?? 0, primary?.outputs.length ?? 0] as const;
      if (inputs.length === counts[0] && outputs.length === counts[1]) continue;
      const name = Buffer.from(definition.arms[i + 1]?.key ?? '', 'latin1').toString('utf8');
      throw errors.armCounts(name, inputs.length, outputs.length, ...counts);
    }
    keyspace.set(key, { type: 'experiment', experiment: newExperiment(definition) });
    return OK;
  },
};
