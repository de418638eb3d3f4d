import { errors } from '../../../errors.ts';
import { OK } from '../../../protocol/reply.ts';
import { keywordAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const noEvict: Command = {
  name: 'client|no-evict',
  arity: 3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  since: '7.0.0',
  summary: 'Protects the connection from eviction; connections are never evicted here',
  syntax: 'ON | OFF',
  run({ client }, args) {
    const mode = keywordAt(args, 2);
    if (mode !== 'ON' && mode !== 'OFF') throw errors.syntax();
    client.noEvict = mode === 'ON';
    return OK;
  },
};
