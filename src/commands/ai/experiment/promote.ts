import { errors } from '../../../errors.ts';
import { promoted } from '../../../experiments/experiment.ts';
import { OK } from '../../../protocol/reply.ts';
import { keyAt, textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { ownKey, READ, READ_WRITE } from '../key-specs.ts';
import { readArm } from '../servable.ts';
import { readExperiment } from './read-experiment.ts';

export const experimentPromote: Command = {
  name: 'ai.experiment|promote',
  arity: 4,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 2, last: 3, step: 1 },
  keySpecs: [ownKey(READ_WRITE, 2), ownKey(READ, 3)],
  group: 'ai',
  summary: 'Makes a candidate the primary and the primary a candidate; statistics begin anew',
  syntax: 'key candidate',
  run({ node }, args) {
    const { keyspace } = node;
    const key = keyAt(args, 2);
    const candidate = keyAt(args, 3);
    const experiment = promoted(readExperiment(keyspace, key), candidate);
    if (experiment === undefined) throw errors.noSuchCandidate(textAt(args, 3));
    readArm(node, keyspace, candidate);
    keyspace.set(key, { type: 'experiment', experiment }, true);
    return OK;
  },
};
