import { OK } from '../../../protocol/reply.ts';
import { collectGarbage } from '../../../tensors/shared-memory.ts';
import type { Command } from '../../command.ts';

export const purge: Command = {
  name: 'memory|purge',
  arity: 2,
  flags: [],
  group: 'server',
  since: '4.0.0',
  summary: "Gives memory that nobody uses any more back to the system; this thread's own only",
  syntax: '',
  run() {
    collectGarbage();
    return OK;
  },
};
