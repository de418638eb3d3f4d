import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';
import { hset } from './hset.ts';

export const hmset: Command = {
  ...hset,
  name: 'hmset',
  since: '2.0.0',
  summary: 'Sets fields of a hash',
  run(context, args) {
    if (args.length % 2 === 1) throw errors.wrongArity('hmset');
    hset.run(context, args);
    return OK;
  },
};
