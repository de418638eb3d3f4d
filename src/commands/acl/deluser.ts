import { errors } from '../../errors.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const aclDeluser: Command = {
  name: 'acl|deluser',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'Deletes users and closes their connections',
  syntax: 'username [username ...]',
  run({ node, client }, args) {
    const names = args.slice(2).map((_, i) => keyAt(args, i + 2));
    if (names.includes(node.access.defaultUser.name)) throw errors.aclDefaultUser();
    const deleted = names.filter((name) => node.access.delete(name, client)).length;
    if (deleted > 0) node.kept.keepUsers();
    return deleted;
  },
};
