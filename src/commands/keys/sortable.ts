import { errors } from '../../errors.ts';
import type { StoredValue } from '../../keyspace/keyspace.ts';
import { ListValue } from '../../keyspace/values/list-value.ts';

/**
 * The elements that SORT orders, one character a byte; a list and a sorted set in their own order.
 * @throws ServerError WRONGTYPE for other types.
 */
export function sortableElements(value: StoredValue | undefined): readonly string[] {
  switch (value?.type) {
    case undefined:
      return [];
    case 'list':
      return value.list.slice(0, value.list.length);
    case 'set':
      return value.set.listed();
    case 'zset':
      return value.zset.slice(0, value.zset.length).map(({ member }) => member);
    default:
      throw errors.wrongType();
  }
}

export function listOf(elements: readonly string[]): ListValue {
  const list = new ListValue();
  for (const element of elements) list.push('right', element);
  return list;
}
