import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';
import { setAll } from './set-all.ts';

export const mset: Command = {
  name: 'mset',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: -1, step: 2 },
  group: 'string',
  since: '1.0.1',
  summary: 'Sets the string values of several keys',
  syntax: 'key value [key value ...]',
  run({ node }, args) {
    if (args.length % 2 === 0) throw errors.wrongArity('mset');
    setAll(node.keyspace, args);
    return OK;
  },
};
