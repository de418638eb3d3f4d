import net from 'node:net';
import type { Duplex } from 'node:stream';
import { type Caller, ClientPool } from './client-pool.ts';
import type { NodeReply, Request } from './node-client.ts';

const MOST_REDIRECTS = 5;
const CONNECT_TIMEOUT_MS = 5000;
const KEEP_ALIVE_MS = 10_000;

/** Asks the own node, and the node of the cluster that has the key where that is another one: callers need not know which. */
export class ClusterClient {
  readonly #own: ClientPool;
  readonly #others = new Map<string, ClientPool>();

  /** @param own clients of the node itself. */
  constructor(own: ClientPool) {
    this.#own = own;
  }

  /**
   * The reply to a request in the caller's name; MOVED only where that node cannot be told from it, or nodes do not agree.
   * @throws Error as a node replied it, where it does not let the caller in; InferenceError where it cannot be reached.
   */
  async send(caller: Caller, request: Request): Promise<NodeReply> {
    let [reply = null] = await this.#own.send(caller, [request]);
    for (let redirects = 0; redirects < MOST_REDIRECTS && reply instanceof Error; redirects++) {
      const [, kind, place = ''] = /^(MOVED|ASK) \d+ (.+:[1-9]\d*)$/.exec(reply.message) ?? [];
      if (kind === undefined) break;
      const prelude: Request[] = kind === 'ASK' ? [['ASKING']] : [];
      [reply = null] = (await this.#pool(place).send(caller, [...prelude, request])).slice(-1);
    }
    return reply;
  }

  close(): void {
    for (const pool of [this.#own, ...this.#others.values()]) pool.close();
  }

  #pool(place: string): ClientPool {
    let pool = this.#others.get(place);
    if (pool === undefined) {
      pool = new ClientPool(() => connectTo(place));
      this.#others.set(place, pool);
    }
    return pool;
  }
}

/** @param place host and port, as MOVED has them. */
function connectTo(place: string): Duplex {
  const [, host = '', port] = /^(.+):(\d+)$/.exec(place) ?? [];
  const socket = net.connect({
    ...{ host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port), noDelay: true },
    ...{ keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
  });
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error(`no answer from ${place}`)));
  socket.once('connect', () => socket.setTimeout(0));
  return socket;
}
