import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { type ListEnd, ListValue } from '../../keyspace/values/list-value.ts';
import { ByteString, type Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keywordAt } from '../arguments.ts';

/** @throws ServerError WRONGTYPE where the key holds something else. */
export function listAt(keyspace: Keyspace, key: KeyName): ListValue | undefined {
  const value = keyspace.get(key);
  if (value === undefined) return undefined;
  if (value.type !== 'list') throw errors.wrongType();
  return value.list;
}

/** Adds elements one after the other at an end; an absent key becomes a list. @returns the new length. */
export function pushTo(keyspace: Keyspace, key: KeyName, end: ListEnd, elements: readonly string[]): number {
  const present = listAt(keyspace, key);
  const list = present ?? new ListValue();
  for (const element of elements) list.push(end, element);
  if (present === undefined) keyspace.set(key, { type: 'list', list });
  else keyspace.changed(key);
  return list.length;
}

/** Takes up to `count` elements from an end, in the order taken; undefined where the key is absent. */
export function popFrom(
  keyspace: Keyspace,
  key: KeyName,
  end: ListEnd,
  count: number,
): readonly ByteString[] | undefined {
  const list = listAt(keyspace, key);
  if (list === undefined) return undefined;
  const taken = Math.min(count, list.length);
  const popped =
    end === 'left' ? list.remove(0, taken) : list.remove(list.length - taken, list.length).reverse();
  if (taken > 0) keyspace.changed(key);
  return popped.map((element) => new ByteString(element));
}

/** Moves an element from an end of one list to an end of another, or of the same; undefined where there is none. */
export function move(
  keyspace: Keyspace,
  [source, sourceEnd]: readonly [KeyName, ListEnd],
  [target, targetEnd]: readonly [KeyName, ListEnd],
): Reply | undefined {
  const from = listAt(keyspace, source);
  if (from === undefined) return undefined;
  const into = listAt(keyspace, target);
  const element = from.pop(sourceEnd) as string;
  if (into === from) {
    from.push(targetEnd, element);
    keyspace.changed(source);
  } else {
    pushTo(keyspace, target, targetEnd, [element]);
    keyspace.changed(source);
  }
  return new ByteString(element);
}

/** @throws ServerError `syntax error` where the argument is neither LEFT nor RIGHT. */
export function endAt(args: Arguments, index: number): ListEnd {
  const word = keywordAt(args, index);
  if (word === 'LEFT') return 'left';
  if (word === 'RIGHT') return 'right';
  throw errors.syntax();
}
