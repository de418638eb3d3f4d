import type { Duplex } from 'node:stream';
import { NodeClient, type NodeReply, type Request } from './node-client.ts';

/** HTTP Basic's; null where a request has none. */
export type Credentials = { readonly user: string; readonly password: string } | null;

/** Who asks. */
export interface Caller {
  readonly credentials: Credentials;
  readonly remoteAddress: string;
}

interface Idle {
  readonly client: NodeClient;
  readonly timer: NodeJS.Timeout;
}

const MOST_IDLE = 64;
const IDLE_MS = 30_000;

/** Clients of the node that requests over HTTP take one after the other. */
export class ClientPool {
  readonly #connect: (remoteAddress: string) => Duplex;
  readonly #idle: Idle[] = [];
  #isClosed = false;

  /** @param connect makes a client of the node for one at that address. */
  constructor(connect: (remoteAddress: string) => Duplex) {
    this.#connect = connect;
  }

  /**
   * The replies to requests in the caller's name. Nothing that an earlier caller was allowed holds for this one.
   * @throws Error as the node replied it, where it does not let the caller in.
   */
  async send({ credentials, remoteAddress }: Caller, requests: readonly Request[]): Promise<NodeReply[]> {
    const client = this.#take(remoteAddress);
    const prelude: Request[] = [['RESET']];
    if (credentials !== null) prelude.push(['AUTH', credentials.user || 'default', credentials.password]);
    const replies = await client.send([...prelude, ...requests]);
    const refusal = replies.slice(0, prelude.length).find((reply) => reply instanceof Error);
    if (refusal !== undefined) {
      client.close();
      throw refusal;
    }
    this.#put(client);
    return replies.slice(prelude.length);
  }

  close(): void {
    this.#isClosed = true;
    for (const { client, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      client.close();
    }
  }

  #take(remoteAddress: string): NodeClient {
    // The last one in: so those that are not needed grow old.
    const at = this.#idle.findLastIndex(
      ({ client }) => client.remoteAddress === remoteAddress && client.isOpen,
    );
    const [idle] = at < 0 ? [] : this.#idle.splice(at, 1);
    if (idle !== undefined) {
      clearTimeout(idle.timer);
      return idle.client;
    }
    return new NodeClient(remoteAddress, this.#connect(remoteAddress));
  }

  #put(client: NodeClient): void {
    if (this.#isClosed) {
      client.close();
      return;
    }
    const drop = () => {
      const at = this.#idle.findIndex((idle) => idle.client === client);
      if (at >= 0) this.#idle.splice(at, 1);
      client.close();
    };
    this.#idle.push({ client, timer: setTimeout(drop, IDLE_MS).unref() });
    if (this.#idle.length <= MOST_IDLE) return;
    const oldest = this.#idle.shift();
    clearTimeout(oldest?.timer);
    oldest?.client.close();
  }
}
