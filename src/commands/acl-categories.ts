import type { Command, CommandGroup } from './command.ts';

/** The categories that a group brings; all others follow from flags. */
const OF_GROUP: Partial<Record<CommandGroup, string>> = {
  generic: 'keyspace',
  string: 'string',
  hash: 'hash',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  transactions: 'transaction',
  connection: 'connection',
  scripting: 'scripting',
};

/** Where Redis has others than the group's, by the name of the command or of its container. */
const EXCEPTIONS: Record<string, readonly string[]> = {
  asking: ['connection'],
  command: ['connection'],
  readonly: ['connection'],
  readwrite: ['connection'],
  wait: ['connection'],
  dbsize: ['keyspace'],
  flushall: ['keyspace', 'dangerous'],
  flushdb: ['keyspace', 'dangerous'],
  swapdb: ['keyspace', 'dangerous'],
  keys: ['keyspace', 'dangerous'],
  migrate: ['keyspace', 'dangerous'],
  restore: ['keyspace', 'dangerous'],
  'restore-asking': ['keyspace', 'dangerous'],
  sort: ['set', 'sortedset', 'list', 'dangerous'],
  sort_ro: ['set', 'sortedset', 'list', 'dangerous'],
  info: ['dangerous'],
  lastsave: ['admin', 'dangerous'],
  role: ['admin', 'dangerous'],
  replconf: ['admin', 'dangerous'],
  getbit: ['bitmap'],
  setbit: ['bitmap'],
  bitcount: ['bitmap'],
  bitfield: ['bitmap'],
  bitfield_ro: ['bitmap'],
  bitop: ['bitmap'],
  bitpos: ['bitmap'],
};

/** All categories, in the order of ACL CAT. */
export const ACL_CATEGORIES = [
  ...['keyspace', 'read', 'write', 'set', 'sortedset', 'list', 'hash', 'string', 'bitmap', 'hyperloglog'],
  ...[
    'geo',
    'stream',
    'pubsub',
    'admin',
    'fast',
    'slow',
    'blocking',
    'dangerous',
    'connection',
    'transaction',
  ],
  'scripting',
] as const;
export type AclCategory = (typeof ACL_CATEGORIES)[number];

/**
 * The categories of a command, without the @, in the order of ACL CAT. Those of RedisAI are in none, as all module commands of Redis 7.0:
 * only @all has them.
 */
export function aclCategories(command: Command): AclCategory[] {
  const { flags, group, name } = command;
  if (group === 'ai') return [];
  const own = name.split('|', 1)[0] as string;
  const found = new Set<string>(isContainer(command) ? [] : (EXCEPTIONS[own] ?? [OF_GROUP[group] ?? '']));
  if (flags.includes('write')) found.add('write');
  if (flags.includes('readonly') && !found.has('scripting')) found.add('read');
  if (flags.includes('admin')) found.add('admin').add('dangerous');
  if (flags.includes('pubsub')) found.add('pubsub');
  if (flags.includes('blocking')) found.add('blocking');
  found.add(flags.includes('fast') ? 'fast' : 'slow');
  return ACL_CATEGORIES.filter((category) => found.has(category));
}

/** A container that runs nothing itself. */
function isContainer({ subcommands, arity }: Command): boolean {
  return subcommands !== undefined && arity === -2;
}
