import { errors } from '../../errors.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { expiryTimeAt } from '../expiry-time.ts';
import { ONE_KEY } from '../key-ranges.ts';

/** EXPIRE and its like. */
export function expireCommand(name: string, unitMs: number, absolute: boolean): Command {
  return {
    name,
    arity: -3,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    group: 'generic',
    summary: `Sets when a key expires, ${absolute ? 'as Unix time' : 'from now'} in ${unitMs === 1 ? 'ms' : 'seconds'}`,
    syntax: `key ${absolute ? 'unix-' : ''}${unitMs === 1 ? 'ms' : 'seconds'} [NX | XX | GT | LT]`,
    run({ node }, args) {
      const key = keyAt(args, 1);
      const allowed = expiryCondition(args);
      const at = expiryTimeAt(args, 2, { ms: unitMs, absolute }, name);
      const { keyspace } = node;
      if (keyspace.get(key) === undefined) return 0;
      if (!allowed(keyspace.expiryOf(key), at)) return 0;
      keyspace.setExpiry(key, at);
      return 1;
    },
  };
}

/** Whether NX, XX, GT and LT let the expiry `at` (ms) replace the present one; a key without expiry counts as infinitely late. */
function expiryCondition(args: Arguments): (present: number | undefined, at: number) => boolean {
  const options = new Set<string>();
  for (let i = 3; i < args.length; i++) {
    const option = keywordAt(args, i);
    if (!['NX', 'XX', 'GT', 'LT'].includes(option)) {
      throw errors.unsupportedOption(args[i]?.toString('utf8') ?? '');
    }
    options.add(option);
  }
  if (options.has('NX') && options.size > 1) throw errors.expireNxXx();
  if (options.has('GT') && options.has('LT')) throw errors.expireGtLt();
  return (present, at) =>
    !(options.has('NX') && present !== undefined) &&
    !(options.has('XX') && present === undefined) &&
    !(options.has('GT') && at <= (present ?? Number.POSITIVE_INFINITY)) &&
    !(options.has('LT') && at >= (present ?? Number.POSITIVE_INFINITY));
}

/** TTL and its like. */
export function ttlCommand(name: string, unitMs: number, absolute: boolean): Command {
  return {
    name,
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    group: 'generic',
    summary: `Returns ${absolute ? 'when a key expires as Unix time' : 'how long a key has to live'} in ${unitMs === 1 ? 'ms' : 'seconds'}; -1 without expiry, -2 without key`,
    syntax: 'key',
    run({ node }, args) {
      const key = keyAt(args, 1);
      if (node.keyspace.get(key) === undefined) return -2;
      const at = node.keyspace.expiryOf(key);
      if (at === undefined) return -1;
      return Math.round((absolute ? at : Math.max(0, at - Date.now())) / unitMs);
    },
  };
}
