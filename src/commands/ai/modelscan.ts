import type { Reply } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';

export const modelscan: Command = {
  name: 'ai._modelscan',
  arity: -1,
  flags: ['readonly', 'module'],
  group: 'ai',
  summary: "Lists this node's models with their tags",
  syntax: '',
  run({ node }) {
    const found: Reply[] = [];
    for (const key of node.keyspace.keys()) {
      if (node.keyspace.typeOf(key) !== 'model') continue;
      const value = node.keyspace.get(key);
      if (value?.type === 'model') found.push([Buffer.from(key, 'latin1'), value.model.tag]);
    }
    return found;
  },
};
