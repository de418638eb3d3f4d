import { errors } from '../../errors.ts';
import { OK, type Reply, SimpleString } from '../../protocol/reply.ts';
import { keywordAt } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { orMisconf } from './misconf.ts';

/** No error, since clients save as part of their shut-down, and no OK either. */
const NOTHING_SAVED = new SimpleString('Nothing saved: the data lives in memory only');
const SAVING_STARTED = new SimpleString('Background saving started');

export const save: Command = {
  name: 'save',
  arity: 1,
  flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
  group: 'server',
  summary: 'Writes a checkpoint: all that changed since the last one',
  syntax: '',
  async run({ node }) {
    if (node.persistence === null) return NOTHING_SAVED;
    await orMisconf(node.persistence.checkpoint());
    return OK;
  },
};

export const bgsave: Command = {
  ...save,
  name: 'bgsave',
  arity: -1,
  flags: ['admin', 'noscript', 'no_async_loading'],
  summary: 'Begins a checkpoint',
  syntax: '[SCHEDULE]',
  run({ node }, args) {
    if (args.length > 2 || (args.length === 2 && keywordAt(args, 1) !== 'SCHEDULE')) throw errors.syntax();
    return begin(node);
  },
};

export const bgrewriteaof: Command = {
  ...save,
  name: 'bgrewriteaof',
  flags: ['admin', 'noscript', 'no_async_loading'],
  summary: 'Begins a checkpoint, after which the log begins anew',
  run: ({ node }) => begin(node),
};

export const lastsave: Command = {
  name: 'lastsave',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  group: 'server',
  summary: "Returns the time of the last checkpoint, the node's start where there was none",
  syntax: '',
  run: ({ node }) => Math.floor((node.persistence?.checkpoints.savedAt ?? node.startedAt) / 1000),
};

function begin(node: CommandContext['node']): Reply {
  if (node.persistence === null) return NOTHING_SAVED;
  // What goes wrong is logged, and refuses writes.
  node.persistence.checkpoint().catch(() => {});
  return SAVING_STARTED;
}
