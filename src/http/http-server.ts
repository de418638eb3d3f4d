import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { NodeContext } from '../node-context.ts';
import { healthRoutes } from './health.ts';
import { inferenceRoutes } from './inference/routes.ts';
import { liveRoutes } from './live.ts';
import { metricsRoutes } from './metrics.ts';
import { pageRoutes } from './page.ts';

/** What Node takes of a request before its body. */
const MOST_HEADER_BYTES = 16 * 1024;

export interface HttpOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Whether models can be run over it, too; they are not where absent. */
  readonly inference?: boolean;
}

/** The node's port for monitoring: what it answers of that is for everybody who can reach it. Models run for who may run them. */
export class HttpServer {
  readonly #options: HttpOptions;
  readonly #server: FastifyInstance;
  #port = 0;

  constructor(options: HttpOptions, node: NodeContext) {
    this.#options = options;
    this.#server = Fastify({
      forceCloseConnections: true,
      // Names of models are keys.
      routerOptions: { maxParamLength: MOST_HEADER_BYTES },
    });
    this.#server.setErrorHandler<Error & { statusCode?: number }>((error, _, reply) => {
      const { statusCode = 500, message } = error;
      // What is wrong inside is for the log alone.
      if (statusCode === 500) node.log.error({ err: error }, 'internal error while answering over HTTP');
      // Without it clients do not ask for a password.
      if (statusCode === 401) reply.header('www-authenticate', 'Basic realm="tessera", charset="UTF-8"');
      return reply.code(statusCode).send({ error: statusCode === 500 ? 'internal error' : message });
    });
    this.#server.setNotFoundHandler((_, reply) => reply.code(404).send({ error: 'not found' }));
    for (const routes of [healthRoutes, metricsRoutes, liveRoutes, pageRoutes]) routes(this.#server, node);
    if (options.inference === true) {
      this.#server.register(async (server) => inferenceRoutes(server, node));
    }
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
