import type { Command } from '../command.ts';
import { getrange } from './getrange.ts';

export const substr: Command = {
  ...getrange,
  name: 'substr',
  since: '1.0.0',
  summary: 'The former name of GETRANGE',
};
