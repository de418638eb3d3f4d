/**
 * Which keys make room when memory is full, by Redis's names: all of them or those that expire; the least recently used, any, or the next to
 * expire.
 */
export const EVICTION_POLICIES = [
  'volatile-lru',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-random',
  'noeviction',
] as const;

export type EvictionPolicy = (typeof EVICTION_POLICIES)[number];

/** The policy of that name, in any case; undefined where there is none. */
export function evictionPolicy(name: string): EvictionPolicy | undefined {
  const lower = name.toLowerCase();
  return EVICTION_POLICIES.find((policy) => policy === lower);
}
