import { OK } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ownKey, REMOVE } from './key-specs.ts';
import { readScript } from './scripts.ts';

export const scriptdel: Command = {
  name: 'ai.scriptdel',
  arity: 2,
  flags: ['write', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(REMOVE)],
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
