import { OK } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ownKey, REMOVE } from './key-specs.ts';
import { readModel } from './models.ts';

export const modeldel: Command = {
  name: 'ai.modeldel',
  arity: 2,
  flags: ['write', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(REMOVE)],
  group: 'ai',
  summary: 'Deletes a model and frees its sessions',
  syntax: 'key',
  run({ node }, args) {
    const key = keyAt(args, 1);
    readModel(node.keyspace, key);
    node.keyspace.delete(key);
    return OK;
  },
};
