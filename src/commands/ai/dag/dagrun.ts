import type { Command } from '../../command.ts';
import { dagKeySpecs, dagKeys } from './dag-arguments.ts';
import { runDagCommand } from './run-dag-command.ts';

export const dagrun: Command = {
  name: 'ai.dagrun',
  arity: -1,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 3, last: 3, step: 1 },
  findKeys: dagKeys,
  keySpecs: dagKeySpecs('LOAD', 'PERSIST'),
  group: 'ai',
  summary: 'Runs several commands as one; deprecated, AI.DAGEXECUTE is its successor',
  syntax: '[LOAD n key ...] [PERSIST n key ...] [TIMEOUT ms] |> command [|> command ...]',
  run: (context, args) =>
    runDagCommand(context, args, { name: 'AI.DAGRUN', readOnly: false, deprecated: true }),
};
