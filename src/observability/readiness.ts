import type { NodeContext } from '../node-context.ts';

/** One thing that a node needs to serve clients. */
export interface ReadinessCheck {
  readonly name: 'loaded' | 'writable' | 'redis';
  readonly ok: boolean;
  /** What is wrong, or how far it is. */
  readonly detail?: string;
}

/** What has to hold for the node to serve all commands. */
export function readiness({ keyspace, persistence, redis }: NodeContext): readonly ReadinessCheck[] {
  if (redis !== null) {
    const detail = `the Redis at ${redis.address.host}:${redis.address.port} cannot be reached`;
    return [{ name: 'redis', ok: redis.isThere, ...(redis.isThere ? {} : { detail }) }];
  }
  const { loading } = keyspace;
  const error = persistence?.error ?? null;
  return [
    {
      name: 'loaded',
      ok: loading === null,
      ...(loading === null ? {} : { detail: `${loading.loadedKeys} of ${loading.totalKeys} keys` }),
    },
    { name: 'writable', ok: error === null, ...(error === null ? {} : { detail: error.message }) },
  ];
}
