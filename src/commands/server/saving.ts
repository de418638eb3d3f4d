import { errors } from '../../errors.ts';
import { SimpleString } from '../../protocol/reply.ts';
import { keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';

/** No error, since clients save as part of their shut-down, and no OK either. */
const NOTHING_SAVED = new SimpleString('Nothing saved: the data lives in memory only');

export const save: Command = {
  name: 'save',
  arity: 1,
  flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
  group: 'server',
  summary: 'Saves nothing: the data lives in memory only',
  syntax: '',
  run: () => NOTHING_SAVED,
};

export const bgsave: Command = {
  ...save,
  name: 'bgsave',
  arity: -1,
  flags: ['admin', 'noscript', 'no_async_loading'],
  syntax: '[SCHEDULE]',
  run(_, args) {
    if (args.length > 2 || (args.length === 2 && keywordAt(args, 1) !== 'SCHEDULE')) throw errors.syntax();
    return NOTHING_SAVED;
  },
};

export const bgrewriteaof: Command = {
  ...save,
  name: 'bgrewriteaof',
  flags: ['admin', 'noscript', 'no_async_loading'],
};

export const lastsave: Command = {
  name: 'lastsave',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  group: 'server',
  summary: "Returns the time of the last save, the node's start where there was none",
  syntax: '',
  run: ({ node }) => Math.floor(node.startedAt / 1000),
};
