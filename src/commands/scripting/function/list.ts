import { errors } from '../../../errors.ts';
import { keywordAt, textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const functionList: Command = {
  name: 'function|list',
  arity: -2,
  flags: ['noscript'],
  group: 'scripting',
  summary: 'Lists the libraries of functions: there are none',
  syntax: '[LIBRARYNAME pattern] [WITHCODE]',
  run(_, args) {
    const seen = new Set<string>();
    for (let i = 2; i < args.length; i++) {
      const option = keywordAt(args, i);
      if ((option !== 'WITHCODE' && option !== 'LIBRARYNAME') || seen.has(option)) {
        throw errors.functionListArgument(textAt(args, i));
      }
      seen.add(option);
      if (option === 'LIBRARYNAME' && ++i >= args.length) throw errors.functionListName();
    }
    return [];
  },
};
