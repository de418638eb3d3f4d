import { MapReply } from '../../../protocol/reply.ts';
import { textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { globMatcher } from '../../keys/glob.ts';
import { SETTINGS } from './settings.ts';

export const get: Command = {
  name: 'config|get',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '2.0.0',
  summary: 'Returns the settings whose names match',
  syntax: 'pattern [pattern ...]',
  run({ node }, args) {
    const matchers = args.slice(2).map((_, i) => globMatcher(textAt(args, i + 2).toLowerCase()));
    const found = Object.entries(SETTINGS).filter(([name]) => matchers.some((matches) => matches(name)));
    return new MapReply(found.map(([name, setting]) => [name, setting.read(node)]));
  },
};
