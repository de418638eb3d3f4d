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
    let deleted = 0;
    for (let i = 2; i < args.length; i++) {
      const name = keyAt(args, i);
      if (name === node.access.defaultUser.name) throw errors.aclDefaultUser();
      if (node.access.delete(name, client)) deleted++;
    }
    return deleted;
  },
};
