import { errors } from '../../../errors.ts';
import type { Command } from '../../command.ts';
import { helpOf } from '../../scripting/help.ts';
import { experimentDel } from './del.ts';
import { experimentGet } from './get.ts';
import { experimentPromote } from './promote.ts';
import { experimentReset } from './reset.ts';
import { experimentSet } from './set.ts';

const HELP = [
  'SET <key> PRIMARY <model> CANDIDATES <n> <model> [<model> ...] [MODE SHADOW|SPLIT]',
  '    [WEIGHTS <weight> [<weight> ...]] [SAMPLE <percent>] [TOLERANCE <difference>]',
  '    Set up an experiment. AI.MODELEXECUTE on its key is answered by the primary while',
  '    the candidates see the same inputs (SHADOW), or by one of all, drawn by weight (SPLIT).',
  'GET <key>',
  '    Return what this node has seen of each model since the experiment was set or reset.',
  'RESET <key>',
  '    Begin the statistics of this node anew.',
  'PROMOTE <key> <model>',
  '    Make a candidate the primary, and the primary a candidate.',
  'DEL <key>',
  '    Delete the experiment. Its models stay.',
];

export const experiment: Command = {
  name: 'ai.experiment',
  arity: -2,
  flags: [],
  group: 'ai',
  summary: 'Compares models on the runs that clients send',
  syntax: 'SET | GET | RESET | PROMOTE | DEL | HELP',
  subcommands: [
    ...[experimentSet, experimentGet, experimentReset, experimentPromote, experimentDel],
    helpOf('ai.experiment', HELP, 'ai'),
  ],
  run() {
    throw errors.wrongArity('ai.experiment');
  },
};
