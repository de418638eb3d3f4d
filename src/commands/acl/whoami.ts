import { bytesOf } from '../../protocol/latin1.ts';
import type { Command } from '../command.ts';

export const aclWhoami: Command = {
  name: 'acl|whoami',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'The name of the user that this connection is logged in as',
  syntax: '',
  run: ({ client }) => bytesOf(client.user.name),
};
