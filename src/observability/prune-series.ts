import type { NodeContext } from '../node-context.ts';

/** Models that were renamed keep no series under the name that they had. */
export function pruneSeries({ devices, keyspace, upstream }: NodeContext): void {
  devices.runs.prune((key) => {
    if (upstream !== null) return upstream.cache.hint(key) !== undefined;
    const type = keyspace.typeOf(key);
    return type === 'model' || type === 'script';
  });
}
