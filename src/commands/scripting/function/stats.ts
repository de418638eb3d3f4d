import { MapReply } from '../../../protocol/reply.ts';
import type { Command } from '../../command.ts';

const NONE = new MapReply([
  ['libraries_count', 0],
  ['functions_count', 0],
]);

export const functionStats: Command = {
  name: 'function|stats',
  arity: 2,
  flags: ['noscript', 'allow_busy'],
  group: 'scripting',
  summary: 'Counts the functions: there are none, and none runs',
  syntax: '',
  run: () =>
    new MapReply([
      ['running_script', null],
      ['engines', new MapReply([['LUA', NONE]])],
    ]),
};
