import type { Reply } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';

export const scriptscan: Command = {
  name: 'ai._scriptscan',
  arity: -1,
  flags: ['readonly', 'module'],
  group: 'ai',
  summary: "Lists this node's scripts with their tags",
  syntax: '',
  run({ node }) {
    const found: Reply[] = [];
    for (const key of node.keyspace.keys()) {
      if (node.keyspace.typeOf(key) !== 'script') continue;
      const value = node.keyspace.get(key);
      if (value?.type === 'script') found.push([Buffer.from(key, 'latin1'), value.script.tag]);
    }
    return found;
  },
};
