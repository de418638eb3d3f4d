import { TESSERA_VERSION } from '../../version.ts';
import type { Section } from './section.ts';

/** Where the keys are, and, where a Redis has them, whether it is there: an answer at all says that the node is. */
export const engineSection: Section = {
  title: 'Tessera',
  shown: 'default',
  fields: ({ name, upstream }) => [
    ['tessera_version', TESSERA_VERSION],
    ['tessera_node', name],
    ['tessera_engine', upstream === null ? 'embedded' : 'redis'],
    ...(upstream === null
      ? []
      : ([
          ['upstream_address', upstream.shownAddress],
          ['upstream_status', upstream.isThere ? 'up' : 'down'],
          ['upstream_status_seconds', Math.floor((Date.now() - upstream.changedAt) / 1000)],
          ['upstream_losses', upstream.losses],
          ['upstream_cached_values', upstream.cache.size],
          ['upstream_cached_bytes', upstream.cache.bytes],
          ['upstream_cached_bytes_limit', upstream.cache.maxBytes],
        ] as const)),
  ],
};
