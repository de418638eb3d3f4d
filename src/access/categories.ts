import { categoriesOf } from '../commands/acl-categories.ts';
import type { Command } from '../commands/command.ts';

/** Every category, in the order of ACL CAT, without the `@`. */
export const CATEGORIES: readonly string[] = [
  ...['keyspace', 'read', 'write', 'set', 'sortedset', 'list', 'hash', 'string', 'bitmap', 'hyperloglog'],
  ...['geo', 'stream', 'pubsub', 'admin', 'fast', 'slow', 'blocking', 'dangerous', 'connection'],
  ...['transaction', 'scripting', 'ai'],
];

/** Whether the command belongs to the category. */
export function isInCategory(command: Command, category: string): boolean {
  return categoriesOf(command).includes(category);
}
