import type { Reply } from '../../protocol/reply.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ownKey, READ } from './key-specs.ts';
import { readScript } from './scripts.ts';

export const scriptget: Command = {
  name: 'ai.scriptget',
  arity: -2,
  flags: ['readonly', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(READ)],
  group: 'ai',
  summary: "Returns a script's metadata and source",
  syntax: 'key [META] [SOURCE]',
  run({ node }, args) {
    const script = readScript(node.keyspace, keyAt(args, 1));
    const options = new Set(args.slice(2).map((_, i) => keywordAt(args, i + 2)));
    const meta = options.has('META');
    const source = options.has('SOURCE');
    if (source && !meta) return script.blob;
    const fields: Reply[] = [
      ...['device', script.device, 'tag', script.tag],
      ...['Entry Points', [...script.entryPoints]],
    ];
    return meta && !source ? fields : [...fields, 'source', script.blob];
  },
};
