import type { FastifyInstance } from 'fastify';
import type { NodeContext } from '../node-context.ts';
import { createRegistry, exposition } from '../observability/prometheus/registry.ts';
import { pruneSeries } from '../observability/prune-series.ts';

/** GET /metrics: all numbers of the node in Prometheus's text format. */
export function metricsRoutes(server: FastifyInstance, node: NodeContext): void {
  const registry = createRegistry(node);
  server.get('/metrics', async (_, reply) => {
    pruneSeries(node);
    return reply.type(registry.contentType).send(await exposition(registry));
  });
}
