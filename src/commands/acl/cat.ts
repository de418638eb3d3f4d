import { errors } from '../../errors.ts';
import { CATEGORIES, isInCategory } from '../acl-categories.ts';
import { keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const aclCat: Command = {
  name: 'acl|cat',
  arity: -2,
  flags: ['noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'Lists the categories, or the commands of one',
  syntax: '[category]',
  run({ node }, args) {
    if (args.length > 3) throw errors.subcommandSyntax(textAt(args, 1), 'ACL');
    if (args.length === 2) return CATEGORIES;
    const category = keywordAt(args, 2).toLowerCase();
    if (!CATEGORIES.includes(category)) throw errors.aclUnknownCategory(textAt(args, 2));
    return node.commands
      .all()
      .flatMap((command) => [command, ...(command.subcommands ?? [])])
      .filter((command) => isInCategory(command, category))
      .map((command) => command.name);
  },
};
