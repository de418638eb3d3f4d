import { MapReply, type Reply, SetReply, SimpleString } from '../../../protocol/reply.ts';
import { categoriesOf } from '../../acl-categories.ts';
import type { Command, CommandFlag, KeyRange, KeySpec } from '../../command.ts';

/** Redis's order, in which clients that print them expect them. */
const FLAG_ORDER: readonly CommandFlag[] = [
  ...(['write', 'readonly', 'denyoom', 'module', 'admin', 'pubsub', 'noscript', 'blocking'] as const),
  ...(['loading', 'stale', 'skip_monitor', 'skip_slowlog', 'asking', 'fast', 'no_auth'] as const),
  ...(['no_async_loading', 'no_multi', 'no_mandatory_keys', 'allow_busy'] as const),
];

/** The ten elements of Redis 7's COMMAND INFO. */
export function describeCommand(c: Command): Reply {
  const flags: string[] = FLAG_ORDER.filter((flag) => c.flags.includes(flag));
  if (c.findKeys !== undefined) flags.push('movablekeys');
  const keys = c.keys ?? (c.channels?.sharded === true ? c.channels : { first: 0, last: 0, step: 0 });
  return [
    ...[c.name, c.arity, statuses(flags), keys.first, keys.last, keys.step],
    statuses(categoriesOf(c).map((category) => `@${category}`)),
    new SetReply([]),
    new SetReply(keySpecs(c, keys)),
    c.subcommands === undefined ? new SetReply([]) : c.subcommands.map(describeCommand),
  ];
}

/** What the command does with its keys, where its rules do not say it. */
function keyFlags(c: Command): string[] {
  if (c.keys === undefined && c.findKeys === undefined) return ['not_key'];
  // What a script does with its keys is not known: the worst is assumed, as in Redis.
  const mayWrite = c.flags.includes('write') || (c.group === 'scripting' && !c.flags.includes('readonly'));
  return mayWrite ? ['RW', 'access', 'update'] : ['RO', 'access'];
}

export function statuses(texts: readonly string[]): SetReply {
  return new SetReply(texts.map((text) => new SimpleString(text)));
}

/** The rules by which a client finds the keys: those of the command, else its range. */
function keySpecs(c: Command, range: KeyRange): Reply[] {
  const flags = keyFlags(c);
  if (c.keySpecs !== undefined) return c.keySpecs.map((spec) => keySpec(spec.flags ?? flags, spec));
  if (range.first === 0) return [];
  const { first, last, step } = range;
  const spec = { begin: { index: first }, find: { lastKey: last < 0 ? last : last - first, step } };
  return [keySpec(c.findKeys === undefined ? flags : [...flags, 'incomplete'], spec)];
}

function keySpec(flags: readonly string[], { begin, find }: KeySpec): Reply {
  const entries = (values: Record<string, string | number>) => new MapReply(Object.entries(values));
  const rule = (type: string, spec: Reply) =>
    new MapReply([
      ['type', type],
      ['spec', spec],
    ]);
  const beginSearch =
    'index' in begin
      ? rule('index', entries({ index: begin.index }))
      : rule('keyword', entries({ keyword: begin.keyword, startfrom: begin.startFrom }));
  const findKeys =
    find === 'counted'
      ? rule('keynum', entries({ keynumidx: 0, firstkey: 1, keystep: 1 }))
      : rule('range', entries({ lastkey: find.lastKey, keystep: find.step, limit: 0 }));
  return new MapReply([
    ['flags', statuses(flags)],
    ['begin_search', beginSearch],
    ['find_keys', findKeys],
  ]);
}
