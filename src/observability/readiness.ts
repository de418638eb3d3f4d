import type { NodeContext } from '../node-context.ts';

/** One thing that a node needs to serve clients. */
export interface ReadinessCheck {
  readonly name: 'loaded' | 'writable' | 'redis';
  readonly ok: boolean;
  /** What is wrong, or how far it is. */
  readonly detail?: string;
}

/** What has to hold for the node to serve all commands. */
export function readiness({ keyspace, persistence, upstream }: NodeContext): readonly ReadinessCheck[] {
  if (upstream !== null) {
    const detail = `the Redis at ${upstream.shownAddress} is away`;
    return [{ name: 'redis', ok: upstream.isThere, ...(upstream.isThere ? {} : { detail }) }];
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
