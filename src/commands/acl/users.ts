import { bytesOf } from '../../protocol/latin1.ts';
import type { Command } from '../command.ts';

export const aclUsers: Command = {
  name: 'acl|users',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: "The users' names",
  syntax: '',
  run: ({ node }) => node.access.users().map((user) => bytesOf(user.name)),
};
