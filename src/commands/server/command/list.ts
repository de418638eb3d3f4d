import { errors } from '../../../errors.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import { categoriesOf } from '../../acl-categories.ts';
import { keyAt, keywordAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { globMatcher } from '../../keys/glob.ts';

export const list: Command = {
  name: 'command|list',
  arity: -2,
  flags: ['loading', 'stale'],
  group: 'server',
  since: '7.0.0',
  summary: 'Lists the names of commands',
  syntax: '[FILTERBY MODULE name | ACLCAT category | PATTERN pattern]',
  run({ node }, args) {
    const all = node.commands.all().flatMap((c) => [c, ...(c.subcommands ?? [])]);
    if (args.length === 2) return all.map((c) => c.name);
    if (args.length !== 5 || keywordAt(args, 2) !== 'FILTERBY') throw errors.syntax();
    return all.filter(filter(args)).map((c) => c.name);
  },
};

function filter(args: Arguments): (command: Command) => boolean {
  const value = keyAt(args, 4).toLowerCase();
  switch (keywordAt(args, 3)) {
    case 'MODULE':
      return (c) => c.group === 'ai' && value === 'ai';
    case 'ACLCAT':
      return (c) => categoriesOf(c).includes(value);
    case 'PATTERN': {
      const matches = globMatcher(value);
      return (c) => matches(c.name);
    }
    default:
      throw errors.syntax();
  }
}
