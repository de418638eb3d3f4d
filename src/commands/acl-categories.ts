import type { Command, CommandGroup } from './command.ts';

/** Every category, in the order of ACL CAT, without the `@`. */
export const CATEGORIES: readonly string[] = [
  ...['keyspace', 'read', 'write', 'set', 'sortedset', 'list', 'hash', 'string', 'bitmap', 'hyperloglog'],
  ...['geo', 'stream', 'pubsub', 'admin', 'fast', 'slow', 'blocking', 'dangerous', 'connection'],
  ...['transaction', 'scripting', 'ai'],
];

/** The category that a group of commands stands for. */
const BY_GROUP: Partial<Record<CommandGroup, string>> = {
  ai: 'ai',
  generic: 'keyspace',
  string: 'string',
  hash: 'hash',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  transactions: 'transaction',
  pubsub: 'pubsub',
  scripting: 'scripting',
  connection: 'connection',
};

interface Exception {
  readonly with?: readonly string[];
  readonly without?: readonly string[];
}

const DANGEROUS_KEYSPACE: Exception = { with: ['keyspace', 'dangerous'] };
const SORT: Exception = { with: ['set', 'sortedset', 'list', 'dangerous'], without: ['keyspace'] };
const NO_KEYSPACE: Exception = { without: ['keyspace'] };

/** Where something else holds than what group and flags say; for Redis's commands by the COMMAND INFO of 7.0, compared by a test. */
const EXCEPTIONS: Record<string, Exception> = {
  // It can make the node run the code of a file.
  'ai.config': { with: ['admin', 'dangerous'] },
  asking: { with: ['connection'] },
  readonly: { with: ['connection'] },
  readwrite: { with: ['connection'] },
  client: { without: ['connection'] },
  command: { with: ['connection'] },
  dbsize: { with: ['keyspace'] },
  flushall: DANGEROUS_KEYSPACE,
  flushdb: DANGEROUS_KEYSPACE,
  swapdb: DANGEROUS_KEYSPACE,
  'restore-asking': DANGEROUS_KEYSPACE,
  restore: DANGEROUS_KEYSPACE,
  migrate: DANGEROUS_KEYSPACE,
  keys: DANGEROUS_KEYSPACE,
  info: { with: ['dangerous'] },
  lastsave: { with: ['admin', 'dangerous'] },
  role: { with: ['admin', 'dangerous'] },
  object: NO_KEYSPACE,
  sort: SORT,
  sort_ro: SORT,
  wait: { with: ['connection'], without: ['keyspace'] },
  ...each('getbit setbit bitcount bitfield bitfield_ro bitop bitpos', {
    with: ['bitmap'],
    without: ['string', 'keyspace'],
  }),
  pubsub: { without: ['pubsub'] },
  'pubsub|help': { without: ['pubsub'] },
  function: { without: ['scripting'] },
  script: { without: ['scripting'] },
};

/**
 * The ACL categories of a command, without the `@`, in the order of ACL CAT: from its group and flags, by Redis 7.0's rules, and `ai` for the AI.* commands.
 */
export function categoriesOf(command: Command): string[] {
  const { flags, group, name } = command;
  const has = (flag: Command['flags'][number]) => flags.includes(flag);
  const exception = EXCEPTIONS[name] ?? (name.startsWith('command|') ? EXCEPTIONS.command : undefined);
  // A container that runs nothing itself is of no group.
  const runsNothing = command.subcommands !== undefined && command.arity === -2;
  const found = new Set<string>(runsNothing ? [] : exception?.with);
  const ofGroup = BY_GROUP[group];
  if (ofGroup !== undefined && !runsNothing) found.add(ofGroup);
  if (has('write')) found.add('write');
  if (has('readonly') && group !== 'scripting') found.add('read');
  if (has('admin')) found.add('admin').add('dangerous');
  if (has('pubsub')) found.add('pubsub');
  if (has('blocking')) found.add('blocking');
  found.add(has('fast') ? 'fast' : 'slow');
  for (const name of exception?.without ?? []) found.delete(name);
  return CATEGORIES.filter((category) => found.has(category));
}

function each(names: string, exception: Exception): Record<string, Exception> {
  return Object.fromEntries(names.split(' ').map((name) => [name, exception]));
}

/** Whether the command belongs to the category. */
export function isInCategory(command: Command, category: string): boolean {
  return categoriesOf(command).includes(category);
}
