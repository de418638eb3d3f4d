import type { Selector } from '../../access/selector.ts';
import { bytesOf } from '../../protocol/latin1.ts';
import { MapReply, type Reply, SetReply } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const aclGetuser: Command = {
  name: 'acl|getuser',
  arity: 3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'Tells what a user may do; null where there is none of that name',
  syntax: 'username',
  run({ node }, args) {
    const user = node.access.find(keyAt(args, 2));
    if (user === undefined) return null;
    return new MapReply([
      ['flags', new SetReply(user.flags)],
      ['passwords', user.passwordHashes],
      ...permissions(user.root),
      ['selectors', user.selectors.map((selector) => new MapReply(permissions(selector)))],
    ]);
  },
};

function permissions({ commands, keys, channels }: Selector): [string, Reply][] {
  return [
    ['commands', bytesOf(commands.describe())],
    ['keys', bytesOf(keys.describe())],
    ['channels', bytesOf(channels.describe())],
  ];
}
