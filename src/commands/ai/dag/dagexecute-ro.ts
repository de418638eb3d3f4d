import type { Command } from '../../command.ts';
import { dagKeySpecs, dagKeys } from './dag-arguments.ts';
import { runDagCommand } from './run-dag-command.ts';

export const dagexecuteRo: Command = {
  name: 'ai.dagexecute_ro',
  arity: -1,
  flags: ['readonly', 'module'],
  keys: { first: 3, last: 3, step: 1 },
  findKeys: dagKeys,
  keySpecs: dagKeySpecs('LOAD', 'ROUTING'),
  group: 'ai',
  summary: 'AI.DAGEXECUTE without PERSIST and scripts',
  syntax: '[LOAD n key ...] [ROUTING tag] [TIMEOUT ms] |> command [|> command ...]',
  run: (context, args) =>
    runDagCommand(context, args, { name: 'AI.DAGEXECUTE_RO', readOnly: true, deprecated: false }),
};
