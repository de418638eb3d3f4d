import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { addMembers, readSet } from './stored-set.ts';

export const smove: Command = {
  name: 'smove',
  arity: 4,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 2, step: 1 },
  group: 'set',
  summary: 'Moves a member from one set to another',
  syntax: 'source destination member',
  run({ node: { keyspace } }, args) {
    const from = keyAt(args, 1);
    const to = keyAt(args, 2);
    const member = keyAt(args, 3);
    if (keyspace.get(from) === undefined) return 0;
    const source = readSet(keyspace, from);
    readSet(keyspace, to);
    if (source?.has(member) !== true) return 0;
    if (from === to) return 1;
    source.delete(member);
    keyspace.changed(from);
    addMembers(keyspace, to, [member]);
    return 1;
  },
};
