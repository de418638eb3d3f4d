import type { StoredValue } from '../../keyspace/keyspace.ts';
import type { SortedSetValue } from '../../keyspace/values/sorted-set-value.ts';
import { isInt64 } from '../integers.ts';

/** Longest string that Redis 7.0 keeps in one piece with its header. */
const EMBEDDED_BYTES = 44;
/** Redis 7.0's limits for listpacks of sorted sets (zset-max-listpack-entries, zset-max-listpack-value). */
const COMPACT_MEMBERS = 128;
const COMPACT_BYTES = 64;

/**
 * The name that Redis 7.0 has for how it would keep the value. Strings and sorted sets are judged by what
 * they are now, so that one with a long past may be told differently: after APPEND, Redis says `raw` of a short string too.
 */
export function encodingOf(value: StoredValue): string {
  switch (value.type) {
    case 'string':
      if (isInt64(value.bytes)) return 'int';
      return value.bytes.length <= EMBEDDED_BYTES ? 'embstr' : 'raw';
    case 'hash':
      return value.hash.compact ? 'listpack' : 'hashtable';
    case 'set':
      return value.set.compact ? 'intset' : 'hashtable';
    case 'list':
      return 'quicklist';
    case 'zset':
      return isCompact(value.zset) ? 'listpack' : 'skiplist';
    default:
      return 'raw';
  }
}

function isCompact(zset: SortedSetValue): boolean {
  if (zset.length > COMPACT_MEMBERS) return false;
  return zset.slice(0, zset.length).every(({ member }) => member.length <= COMPACT_BYTES);
}
