import { OK } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readScript } from './scripts.ts';

export const scriptdel: Command = {
  name: 'ai.scriptdel',
  arity: 2,
  flags: ['write', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'ai',
  summary: 'Deletes a script',
  syntax: 'key',
  run({ node }, args) {
    const key = keyAt(args, 1);
    readScript(node.keyspace, key);
    node.keyspace.delete(key);
    return OK;
  },
};
