import { errors } from '../../errors.ts';
import type { SetValue } from '../../keyspace/values/set-value.ts';
import { ByteString, SetReply } from '../../protocol/reply.ts';
import { keyAt, requireAtLeast } from '../arguments.ts';
import type { Command } from '../command.ts';
import { randomPosition } from '../random-positions.ts';
import { asReplies, readSet } from './stored-set.ts';

export const spop: Command = {
  name: 'spop',
  arity: -2,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'set',
  summary: 'Removes random members of a set and returns them',
  syntax: 'key [count]',
  run({ node: { keyspace } }, args) {
    const key = keyAt(args, 1);
    if (args.length > 3) throw errors.syntax();
    const count = args.length === 3 ? requireAtLeast(0, args, 2, errors.notPositive()) : 1;
    const set = readSet(keyspace, key);
    const popped = set === undefined ? [] : pop(set, count);
    if (popped.length > 0) keyspace.changed(key);
    if (args.length === 3) return new SetReply(asReplies(popped));
    return popped[0] === undefined ? null : new ByteString(popped[0]);
  },
};

function pop(set: SetValue, count: number): string[] {
  const popped: string[] = [];
  while (popped.length < count && set.length > 0) {
    const member = set.at(randomPosition(set.length)) as string;
    set.delete(member);
    popped.push(member);
  }
  return popped;
}
