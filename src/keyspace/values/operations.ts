import type { StoredValue } from '../keyspace.ts';
import type { MutableValue, Operation } from './mutable-value.ts';

/** The collection in a value; undefined where it is none. */
export function collectionOf(value: StoredValue): MutableValue | undefined {
  switch (value.type) {
    case 'hash':
      return value.hash;
    case 'list':
      return value.list;
    case 'set':
      return value.set;
    case 'zset':
      return value.zset;
    default:
      return undefined;
  }
}

/** Does an operation again that a collection of that type noted. @throws Error where it is none of that type. */
export function applyOperation(value: StoredValue, [name, a, b, c]: Operation): void {
  switch (`${value.type} ${name}`) {
    case 'hash hset':
      if (value.type === 'hash') value.hash.set(a as string, bytesOf(b as string | Uint8Array));
      return;
    case 'hash hdel':
      if (value.type === 'hash') value.hash.delete(a as string);
      return;
    case 'set sadd':
      if (value.type === 'set') value.set.add(a as string);
      return;
    case 'set srem':
      if (value.type === 'set') value.set.delete(a as string);
      return;
    case 'zset zset':
      if (value.type === 'zset') value.zset.set(a as string, b as number);
      return;
    case 'zset zdel':
      if (value.type === 'zset') value.zset.delete(a as string);
      return;
    case 'list linsert':
      if (value.type === 'list') value.list.insert(a as number, b as string);
      return;
    case 'list lset':
      if (value.type === 'list') value.list.replace(a as number, b as string);
      return;
    case 'list lremove':
      if (value.type === 'list') value.list.remove(a as number, b as number);
      return;
    case 'list lrem':
      if (value.type === 'list') value.list.removeEqual(a as string, b as number, c === 1);
      return;
    default:
      throw new Error(`no operation ${name} on a ${value.type}`);
  }
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
}
