import { errors } from '../../errors.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readString } from './string-value.ts';

const OPERATIONS: Partial<Record<string, (a: number, b: number) => number>> = {
  AND: (a, b) => a & b,
  OR: (a, b) => a | b,
  XOR: (a, b) => a ^ b,
  NOT: (a) => ~a,
};

export const bitop: Command = {
  name: 'bitop',
  arity: -4,
  flags: ['write', 'denyoom'],
  keys: { first: 2, last: -1, step: 1 },
  group: 'string',
  since: '2.6.0',
  summary: 'Combines strings bit by bit, puts the result under a key and returns its length',
  syntax: 'AND | OR | XOR | NOT destkey key [key ...]',
  run({ node: { keyspace } }, args) {
    const name = keywordAt(args, 1);
    const operation = OPERATIONS[name];
    if (operation === undefined) throw errors.syntax();
    if (name === 'NOT' && args.length !== 4) throw errors.bitopNotSources();
    const sources = args
      .slice(3)
      .map((_, i) => readString(keyspace, keyAt(args, i + 3)) ?? new Uint8Array(0));
    const length = sources.reduce((most, source) => Math.max(most, source.length), 0);
    const destination = keyAt(args, 2);
    if (length === 0) {
      keyspace.delete(destination);
      return 0;
    }
    const [first, ...others] = sources as [Uint8Array, ...Uint8Array[]];
    const result = new Uint8Array(length);
    result.set(first);
    if (name === 'NOT') combine(result, result, operation);
    for (const other of others) combine(result, other, operation);
    keyspace.set(destination, { type: 'string', bytes: result });
    return length;
  },
};

/** A shorter string counts as followed by zeros. */
function combine(target: Uint8Array, source: Uint8Array, operation: (a: number, b: number) => number): void {
  for (let i = 0; i < target.length; i++) target[i] = operation(target[i] as number, source[i] ?? 0);
}
