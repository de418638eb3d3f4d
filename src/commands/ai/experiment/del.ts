import { OK } from '../../../protocol/reply.ts';
import { keyAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { ownKey, REMOVE } from '../key-specs.ts';
import { readExperiment } from './read-experiment.ts';

export const experimentDel: Command = {
  name: 'ai.experiment|del',
  arity: 3,
  flags: ['write', 'module'],
  keys: { first: 2, last: 2, step: 1 },
  keySpecs: [ownKey(REMOVE, 2)],
  group: 'ai',
  summary: 'Deletes an experiment; its models stay',
  syntax: 'key',
  run({ node }, args) {
    const key = keyAt(args, 2);
    readExperiment(node.keyspace, key);
    node.keyspace.delete(key);
    return OK;
  },
};
