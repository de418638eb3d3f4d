import { keyAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const scriptExists: Command = {
  name: 'script|exists',
  arity: -3,
  flags: ['noscript'],
  group: 'scripting',
  summary: 'Tells which scripts are kept',
  syntax: 'sha1 [sha1 ...]',
  run: ({ node }, args) =>
    args.slice(2).map((_, i) => (node.scripts.find(keyAt(args, i + 2).toLowerCase()) === undefined ? 0 : 1)),
};
