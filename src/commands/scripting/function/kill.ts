import type { Command } from '../../command.ts';
import { scriptKill } from '../script/kill.ts';

export const functionKill: Command = {
  ...scriptKill,
  name: 'function|kill',
  summary: 'Ends the function that runs, which there never is',
};
