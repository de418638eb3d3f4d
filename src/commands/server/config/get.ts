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
    const found = new Map<string, [string, string]>();
    for (let i = 2; i < args.length; i++) {
      const wanted = textAt(args, i);
      const matches = globMatcher(wanted.toLowerCase());
      for (const [name, setting] of Object.entries(SETTINGS)) {
        if (found.has(name) || !matches(name)) continue;
        // A name is answered as it was asked for, also in another case.
        found.set(name, [name === wanted.toLowerCase() ? wanted : name, setting.read(node)]);
      }
    }
    return new MapReply([...found.values()]);
  },
};
