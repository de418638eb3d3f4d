import { Verbatim } from '../../../protocol/reply.ts';
import type { Command } from '../../command.ts';

export const info: Command = {
  name: 'client|info',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '6.2.0',
  summary: 'Describes the connection, as CLIENT LIST does',
  syntax: '',
  run: ({ client }) => new Verbatim(`${client.describe()}\n`),
};
