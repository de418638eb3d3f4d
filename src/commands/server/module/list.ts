import { MapReply, type Reply } from '../../../protocol/reply.ts';
import { AI_MODULE } from '../../../version.ts';
import type { Command } from '../../command.ts';

/** As MODULE LIST and HELLO describe the AI commands; they come with the server, so there is no path. */
export function loadedModules(): Reply {
  return [
    new MapReply([
      ['name', AI_MODULE.name],
      ['ver', AI_MODULE.version],
      ['path', ''],
      ['args', []],
    ]),
  ];
}

export const list: Command = {
  name: 'module|list',
  arity: 2,
  flags: ['admin', 'noscript'],
  group: 'server',
  since: '4.0.0',
  summary: 'Lists the modules: the AI commands, as RedisAI',
  syntax: '',
  run: loadedModules,
};
