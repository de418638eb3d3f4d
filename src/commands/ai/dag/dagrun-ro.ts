import type { Command } from '../../command.ts';
import { dagKeySpecs, dagKeys } from './dag-arguments.ts';
import { runDagCommand } from './run-dag-command.ts';

export const dagrunRo: Command = {
  name: 'ai.dagrun_ro',
  arity: -1,
  flags: ['readonly', 'module'],
  keys: { first: 3, last: 3, step: 1 },
  findKeys: dagKeys,
  keySpecs: dagKeySpecs('LOAD'),
  group: 'ai',
  summary: 'AI.DAGRUN without PERSIST and scripts; deprecated',
  syntax: '[LOAD n key ...] [TIMEOUT ms] |> command [|> command ...]',
  run: (context, args) =>
    runDagCommand(context, args, { name: 'AI.DAGRUN_RO', readOnly: true, deprecated: true }),
};
