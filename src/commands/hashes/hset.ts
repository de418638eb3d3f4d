import { errors } from '../../errors.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { changeHash } from './stored-hash.ts';

export const hset: Command = {
  name: 'hset',
  arity: -4,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Sets fields of a hash and returns how many of them are new',
  syntax: 'key field value [field value ...]',
  run({ node }, args) {
    if (args.length % 2 === 1) throw errors.wrongArity('hset');
    return changeHash(node.keyspace, keyAt(args, 1), (hash) => {
      let added = 0;
      for (let i = 2; i < args.length; i += 2) if (hash.set(keyAt(args, i), args[i + 1] as Buffer)) added++;
      return added;
    });
  },
};
