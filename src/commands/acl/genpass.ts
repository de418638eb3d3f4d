import { randomBytes } from 'node:crypto';
import { errors } from '../../errors.ts';
import { requireInteger, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';

const DEFAULT_BITS = 256;
const MOST_BITS = 4096;

export const aclGenpass: Command = {
  name: 'acl|genpass',
  arity: -2,
  flags: ['noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'A random password in hexadecimal, 256 bits if not told otherwise',
  syntax: '[bits]',
  run(_, args) {
    if (args.length > 3) throw errors.subcommandSyntax(textAt(args, 1), 'ACL');
    const bits = args.length === 3 ? requireInteger(args, 2) : DEFAULT_BITS;
    if (bits <= 0 || bits > MOST_BITS) throw errors.aclGenpass();
    const digits = Math.ceil(bits / 4);
    return randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits);
  },
};
