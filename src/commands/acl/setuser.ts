import { hasSpaces } from '../../access/key-patterns.ts';
import { RuleError } from '../../access/rule-error.ts';
import { joinSelectors } from '../../access/rule-list.ts';
import { errors } from '../../errors.ts';
import { shown } from '../../protocol/latin1.ts';
import { OK } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const aclSetuser: Command = {
  name: 'acl|setuser',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'Creates a user or changes its rules, all or none',
  syntax: 'username [rule ...]',
  run({ node }, args) {
    const name = keyAt(args, 2);
    if (hasSpaces(name)) throw errors.aclUsername();
    const joined = joinSelectors(args.slice(3).map((_, i) => keyAt(args, i + 3)));
    if ('unclosed' in joined) throw errors.aclUnmatchedParenthesis(shown(joined.unclosed));
    const draft = node.access.draft(name);
    for (const rule of joined.rules) {
      try {
        draft.apply(rule);
      } catch (error) {
        if (error instanceof RuleError) throw errors.aclModifier(shown(rule), error.message);
        throw error;
      }
    }
    node.access.put(draft);
    node.kept.keepUsers();
    return OK;
  },
};
