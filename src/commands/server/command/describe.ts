import { MapReply, type Reply, SetReply, SimpleString } from '../../../protocol/reply.ts';
import { aclCategories } from '../../acl-categories.ts';
import type { Command, CommandFlag } from '../../command.ts';

/** Redis's order, in which clients that print them expect them. */
const FLAG_ORDER: readonly CommandFlag[] = [
  ...(['write', 'readonly', 'denyoom', 'module', 'admin', 'pubsub', 'noscript', 'blocking'] as const),
  ...(['loading', 'stale', 'skip_monitor', 'skip_slowlog', 'asking', 'fast', 'no_auth'] as const),
  ...(['no_async_loading', 'no_multi', 'allow_busy'] as const),
];

/** The ten elements of Redis 7's COMMAND INFO. */
export function describeCommand(c: Command): Reply {
  const flags: string[] = FLAG_ORDER.filter((flag) => c.flags.includes(flag));
  if (c.findKeys !== undefined) flags.push('movablekeys');
  const keys = c.keys ?? (c.channels?.sharded === true ? c.channels : { first: 0, last: 0, step: 0 });
  return [
    ...[c.name, c.arity, statuses(flags), keys.first, keys.last, keys.step],
    statuses(aclCategories(c).map((category) => `@${category}`)),
    new SetReply([]),
    new SetReply(keySpecs(c, keys)),
    c.subcommands === undefined ? new SetReply([]) : c.subcommands.map(describeCommand),
  ];
}

/** What the command does with its keys, as COMMAND GETKEYSANDFLAGS shows it. */
export function keyFlags(c: Command): string[] {
  if (c.keys === undefined && c.findKeys === undefined) return ['not_key'];
  return c.flags.includes('write') ? ['RW', 'access', 'update'] : ['RO', 'access'];
}

export function statuses(texts: readonly string[]): SetReply {
  return new SetReply(texts.map((text) => new SimpleString(text)));
}

function keySpecs(c: Command, keys: NonNullable<Command['keys']>): Reply[] {
  if (keys.first > 0) return [keySpec(c, keys)];
  if (c.findKeys === undefined) return [];
  // The keys' places follow from the arguments: clients ask COMMAND GETKEYS.
  const unknown = new MapReply([
    ['type', 'unknown'],
    ['spec', new MapReply([])],
  ]);
  return [
    new MapReply([
      ['flags', statuses([...keyFlags(c), 'incomplete'])],
      ['begin_search', unknown],
      ['find_keys', unknown],
    ]),
  ];
}

function keySpec(c: Command, { first, last, step }: NonNullable<Command['keys']>): Reply {
  const flags = keyFlags(c);
  if (c.findKeys !== undefined) flags.push('incomplete');
  return new MapReply([
    ['flags', statuses(flags)],
    [
      'begin_search',
      new MapReply([
        ['type', 'index'],
        ['spec', new MapReply([['index', first]])],
      ]),
    ],
    [
      'find_keys',
      new MapReply([
        ['type', 'range'],
        [
          'spec',
          new MapReply([
            ['lastkey', last < 0 ? last : last - first],
            ['keystep', step],
            ['limit', 0],
          ]),
        ],
      ]),
    ],
  ]);
}
