import type { FastifyInstance } from 'fastify';
import type { NodeContext } from '../node-context.ts';
import { Sampler } from '../observability/live/sampler.ts';
import { liveEvent, snapshot } from '../observability/live/snapshot.ts';

/** A reader that takes nothing for that many bytes misses events: it gets the next ones once it reads again. */
const MOST_UNSENT_BYTES = 1024 * 1024;

/** GET /api/snapshot: a NodeSnapshot. GET /api/events: server-sent events, a LiveEvent each second. */
export function liveRoutes(server: FastifyInstance, node: NodeContext): void {
  const sampler = new Sampler(node);
  server.addHook('preClose', async () => sampler.close());
  server.get('/api/snapshot', async (_, reply) =>
    reply.header('cache-control', 'no-store').send(await snapshot(node, sampler)),
  );
  server.get('/api/events', (_, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.write('retry: 1000\n\n');
    const end = sampler.subscribe((sample) => {
      if (raw.writableLength > MOST_UNSENT_BYTES) return;
      raw.write(`event: sample\ndata: ${JSON.stringify(liveEvent(node, sampler, sample))}\n\n`);
    });
    raw.once('close', end);
  });
}
