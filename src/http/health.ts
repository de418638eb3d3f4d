import type { FastifyInstance } from 'fastify';
import type { NodeContext } from '../node-context.ts';
import { readiness } from '../observability/readiness.ts';

/** GET /healthz: the process lives and its event loop answers. GET /readyz: 200 where the node serves all commands, else 503. */
export function healthRoutes(server: FastifyInstance, node: NodeContext): void {
  server.get('/healthz', () => ({
    status: 'ok',
    node: node.name,
    uptimeSeconds: Math.floor((Date.now() - node.startedAt) / 1000),
  }));
  server.get('/readyz', (_, reply) => {
    const checks = readiness(node);
    const isReady = checks.every(({ ok }) => ok);
    return reply
      .code(isReady ? 200 : 503)
      .send({ status: isReady ? 'ready' : 'not ready', node: node.name, checks });
  });
}
