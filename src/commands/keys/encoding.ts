import type { StoredValue } from '../../keyspace/keyspace.ts';
import { isInt64 } from '../integers.ts';

/** Longest string that Redis 7.0 keeps in one piece with its header. */
const EMBEDDED_BYTES = 44;
/** Redis 7.0's limits for listpacks of sorted sets (zset-max-listpack-entries). */
const COMPACT_MEMBERS = 128;

/**
 * The name that Redis 7.0 has for how it would keep the value. Strings are judged by their content and sorted sets by their number of
 * members alone, so that one with a long past may be told differently: after APPEND, Redis says `raw` of a short string too.
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
      return value.zset.length <= COMPACT_MEMBERS ? 'listpack' : 'skiplist';
    default:
      return 'raw';
  }
}
