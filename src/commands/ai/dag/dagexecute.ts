import type { Command } from '../../command.ts';
import { dagKeySpecs, dagKeys } from './dag-arguments.ts';
import { runDagCommand } from './run-dag-command.ts';

export const dagexecute: Command = {
  name: 'ai.dagexecute',
  arity: -1,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 3, last: 3, step: 1 },
  findKeys: dagKeys,
  keySpecs: dagKeySpecs('LOAD', 'PERSIST', 'ROUTING'),
  group: 'ai',
  summary: 'Runs several commands as one, on tensors of their own; independent ones at the same time',
  syntax: '[LOAD n key ...] [PERSIST n key ...] [ROUTING tag] [TIMEOUT ms] |> command [|> command ...]',
  run: (context, args) =>
    runDagCommand(context, args, { name: 'AI.DAGEXECUTE', readOnly: false, deprecated: false }),
};
