import type { KeyName } from '../../keyspace/keyspace.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt } from '../arguments.ts';

/** How many of the arguments pass, each occurrence counted. */
export function countKeys(args: Arguments, test: (key: KeyName) => boolean): number {
  let count = 0;
  for (let i = 1; i < args.length; i++) if (test(keyAt(args, i))) count++;
  return count;
}
