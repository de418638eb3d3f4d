import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { NodeContext } from '../node-context.ts';
import { healthRoutes } from './health.ts';
import { liveRoutes } from './live.ts';
import { metricsRoutes } from './metrics.ts';
import { pageRoutes } from './page.ts';

export interface HttpOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** The node's port for monitoring. What it answers is for everybody who can reach it. */
export class HttpServer {
  readonly #options: HttpOptions;
  readonly #server: FastifyInstance;
  #port = 0;

  constructor(options: HttpOptions, node: NodeContext) {
    this.#options = options;
    this.#server = Fastify({ forceCloseConnections: true });
    this.#server.setErrorHandler<Error & { statusCode?: number }>((error, _, reply) => {
      const { statusCode = 500, message } = error;
      // What is wrong inside is for the log alone.
      if (statusCode >= 500) node.log.error({ err: error }, 'internal error while answering over HTTP');
      return reply.code(statusCode).send({ error: statusCode >= 500 ? 'internal error' : message });
    });
    this.#server.setNotFoundHandler((_, reply) => reply.code(404).send({ error: 'not found' }));
    for (const routes of [healthRoutes, metricsRoutes, liveRoutes, pageRoutes]) routes(this.#server, node);
  }

  get host(): string {
    return this.#options.host;
  }

  /** 0 before `listen`. */
  get port(): number {
    return this.#port;
  }

  /** @throws the system's error, such as EADDRINUSE. */
  async listen(): Promise<void> {
    await this.#server.listen({ host: this.#options.host, port: this.#options.port });
    this.#port = (this.#server.server.address() as AddressInfo).port;
  }

  /** Ends requests under way, too. */
  async close(): Promise<void> {
    await this.#server.close();
  }
}
