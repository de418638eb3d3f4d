import { errors } from '../../../errors.ts';
import { OK } from '../../../protocol/reply.ts';
import { textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { isPlainName } from './plain-name.ts';

export const setname: Command = {
  name: 'client|setname',
  arity: 3,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '2.6.9',
  summary: 'Names the connection; the empty name takes it away',
  syntax: 'name',
  run({ client }, args) {
    const name = textAt(args, 2);
    if (!isPlainName(name)) throw errors.invalidClientName();
    client.name = name;
    return OK;
  },
};
