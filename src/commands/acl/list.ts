import { bytesOf } from '../../protocol/latin1.ts';
import type { Command } from '../command.ts';

export const aclList: Command = {
  name: 'acl|list',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'The users as lines of an ACL file',
  syntax: '',
  run: ({ node }) => node.access.users().map((user) => bytesOf(`user ${user.name} ${user.describe()}`)),
};
