import { OK } from '../../../protocol/reply.ts';
import { keyAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { ownKey, READ } from '../key-specs.ts';
import { readExperiment } from './read-experiment.ts';

export const experimentReset: Command = {
  name: 'ai.experiment|reset',
  arity: 3,
  flags: ['readonly', 'module'],
  keys: { first: 2, last: 2, step: 1 },
  keySpecs: [ownKey(READ, 2)],
  group: 'ai',
  summary: "Begins an experiment's statistics on this node anew",
  syntax: 'key',
  run({ node }, args) {
    for (const arm of readExperiment(node.keyspace, keyAt(args, 2)).statistics) arm.reset();
    return OK;
  },
};
