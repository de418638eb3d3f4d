import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const aiInfo: Command = {
  name: 'ai.info',
  arity: -2,
  flags: ['readonly', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'ai',
  summary: 'Returns or resets the run statistics of a model on this node',
  syntax: 'key [RESETSTAT]',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const value = node.keyspace.get(key);
    if (value?.type !== 'model') throw errors.emptyRunInfo();
    const { model } = value;
    const { statistics } = model;
    if (keywordAt(args, 2) === 'RESETSTAT') {
      Object.assign(statistics, { durationUs: 0, samples: 0, calls: 0, errors: 0 });
      return OK;
    }
    return [
      ...['key', Buffer.from(key, 'latin1'), 'type', 'MODEL', 'backend', model.backend],
      ...['device', model.device, 'tag', model.tag, 'duration', statistics.durationUs],
      ...['samples', statistics.samples, 'calls', statistics.calls, 'errors', statistics.errors],
    ];
  },
};
