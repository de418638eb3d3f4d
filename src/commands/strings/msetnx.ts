import { errors } from '../../errors.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { setAll } from './set-all.ts';

export const msetnx: Command = {
  name: 'msetnx',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: -1, step: 2 },
  group: 'string',
  since: '1.0.1',
  summary: 'Sets the string values of several keys if none of them exists',
  syntax: 'key value [key value ...]',
  run({ node }, args) {
    if (args.length % 2 === 0) throw errors.wrongArity('msetnx');
    for (let i = 1; i < args.length; i += 2) {
      if (node.keyspace.get(keyAt(args, i)) !== undefined) return 0;
    }
    setAll(node.keyspace, args);
    return 1;
  },
};
