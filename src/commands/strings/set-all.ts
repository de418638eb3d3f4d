import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt, valueAt } from '../arguments.ts';

/** Sets the keys and values of MSET and MSETNX. */
export function setAll(keyspace: Keyspace, args: Arguments): void {
  for (let i = 1; i < args.length; i += 2) {
    keyspace.set(keyAt(args, i), { type: 'string', bytes: valueAt(args, i + 1) });
  }
}
