import type { FastifyInstance } from 'fastify';
import type { NodeContext } from '../node-context.ts';
import { createRegistry } from '../observability/prometheus/registry.ts';

/** GET /metrics: all numbers of the node in Prometheus's text format. */
export function metricsRoutes(server: FastifyInstance, node: NodeContext): void {
  const registry = createRegistry(node);
  server.get('/metrics', async (_, reply) => {
    pruneSeries(node);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

/** Models that were renamed keep no series under the name that they had. */
export function pruneSeries({ devices, keyspace, redis }: NodeContext): void {
  devices.runs.prune((key) => {
    if (redis !== null) return redis.cache.hint(key) !== undefined;
    const type = keyspace.typeOf(key);
    return type === 'model' || type === 'script';
  });
}
