import type { NodeContext } from '../../node-context.ts';
import { counter, type Family, gauge, type Sample } from './family.ts';

type Types = NodeContext['keyspace']['byType'];

function byType(node: NodeContext, read: (counts: Types[keyof Types]) => number): Sample[] {
  if (node.upstream !== null) return [];
  return Object.entries(node.keyspace.byType).map(([type, counts]) => ({
    value: read(counts),
    labels: { type },
  }));
}

/** What is there of the data folder, or of the Redis, where there is one. */
const ofFolder = (read: (persistence: NonNullable<NodeContext['persistence']>) => number) => {
  return ({ persistence }: NodeContext) => (persistence === null ? [] : [{ value: read(persistence) }]);
};
const ofRedis = (read: (upstream: NonNullable<NodeContext['upstream']>) => number) => {
  return ({ upstream }: NodeContext) => (upstream === null ? [] : [{ value: read(upstream) }]);
};

/** Keys, what keeps them, and the Redis that has them where they are not here. */
export const keyspaceFamilies: readonly Family[] = [
  gauge('tessera_keys', 'Keys by the type of their value.', (node) => byType(node, ({ keys }) => keys)),
  gauge(
    'tessera_value_bytes',
    'Bytes of values in memory that never change: strings, tensors, models, scripts.',
    (node) => byType(node, ({ bytes }) => bytes).filter(({ labels }) => HAVE_BYTES.has(labels?.type ?? '')),
  ),
  gauge('tessera_expiring_keys', 'Keys with a time to live.', ({ keyspace }) => keyspace.expiring),
  counter('tessera_expired_keys_total', 'Keys that expired.', ({ keyspace }) => keyspace.expired),
  counter(
    'tessera_evicted_keys_total',
    'Keys that had to go for others.',
    ({ keyspace }) => keyspace.evicted,
  ),
  counter('tessera_key_lookups_total', 'Keys that reading commands looked for.', ({ statistics }) => [
    { value: statistics.keyspaceHits, labels: { result: 'hit' } },
    { value: statistics.keyspaceMisses, labels: { result: 'miss' } },
  ]),
  gauge('tessera_loading', 'Whether keys are still coming in after the start.', ({ keyspace }) =>
    keyspace.loading === null ? 0 : 1,
  ),
  gauge(
    'tessera_data_writable',
    'Whether the data folder takes writes.',
    ofFolder(({ error }) => (error === null ? 1 : 0)),
  ),
  gauge(
    'tessera_log_bytes',
    'Changes in the log since the last checkpoint.',
    ofFolder(({ logBytes }) => logBytes),
  ),
  gauge(
    'tessera_unsaved_keys',
    'Keys that changed since the last checkpoint.',
    ofFolder(({ checkpoints }) => checkpoints.unsaved.keys.size),
  ),
  counter(
    'tessera_checkpoints_total',
    'Checkpoints written.',
    ofFolder(({ checkpoints }) => checkpoints.written),
  ),
  gauge(
    'tessera_checkpoint_failed',
    'Whether the last checkpoint failed.',
    ofFolder(({ checkpoints }) => (checkpoints.lastFailed ? 1 : 0)),
  ),
  gauge('tessera_checkpoint_duration_seconds', 'What the last checkpoint took.', ({ persistence }) => {
    const seconds = persistence?.checkpoints.lastSeconds ?? -1;
    return seconds < 0 ? [] : [{ value: seconds }];
  }),
  gauge(
    'tessera_upstream_up',
    'Whether the Redis that has the keys can be reached.',
    ofRedis(({ isThere }) => (isThere ? 1 : 0)),
  ),
  gauge(
    'tessera_upstream_cache_values',
    'Values of Redis at hand.',
    ofRedis(({ cache }) => cache.size),
  ),
  gauge(
    'tessera_upstream_cache_bytes',
    'Bytes of those.',
    ofRedis(({ cache }) => cache.bytes),
  ),
];

const HAVE_BYTES = new Set(['string', 'tensor', 'model', 'script']);
