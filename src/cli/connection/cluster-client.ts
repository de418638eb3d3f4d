import { setTimeout as delay } from 'node:timers/promises';
import { formatAddress, type NodeAddress } from './address.ts';
import {
  ServerConnection,
  ServerError,
  type ServerReply,
  type StreamedArgument,
} from './server-connection.ts';

type Argument = string | Uint8Array;
type Value = Exclude<ServerReply, Error>;

export interface NodePlace {
  readonly host: string;
  readonly port: number;
  /** Such as 0-5460. */
  readonly slots: readonly string[];
}

const MOST_REDIRECTS = 16;
const TRY_AGAIN_MS = 50;

/** Talks to one node, or to all nodes of the cluster that it belongs to: commands go where their key is. */
export class ClusterClient {
  readonly #seed: ServerConnection;
  readonly #connections = new Map<string, ServerConnection>();
  /** Known once the node has said that it is outside cluster mode. */
  #only: NodePlace | undefined;
  #isClosed = false;

  private constructor(seed: ServerConnection) {
    this.#seed = seed;
    this.#connections.set(formatAddress(seed.address), seed);
  }

  /** @throws Error that names the address, and the reason. */
  static async open(address: NodeAddress): Promise<ClusterClient> {
    return new ClusterClient(await ServerConnection.open(address));
  }

  /** The node that was asked for. */
  get seed(): ServerConnection {
    return this.#seed;
  }

  /**
   * The reply of the node that has the key, which is one of the arguments; follows MOVED and ASK.
   * @throws ServerError where that is an error.
   */
  demand(...args: readonly Argument[]): Promise<Value> {
    return this.#redirected(this.#seed, (connection) => connection.demand(...args));
  }

  /** As `demand`, see `ServerConnection.upload`. The node is found first, so that nothing long is sent to another one. */
  async upload(
    key: string | Uint8Array,
    args: readonly Argument[],
    streamed: () => readonly StreamedArgument[],
    sent: (bytes: number) => void,
  ): Promise<Value> {
    const owner = await this.owner(key);
    return this.#redirected(owner, (connection) => connection.upload(args, streamed(), sent));
  }

  /** The node that has the key. */
  owner(key: string | Uint8Array): Promise<ServerConnection> {
    return this.#redirected(this.#seed, async (connection) => {
      await connection.demand('EXISTS', key);
      return connection;
    });
  }

  /** The nodes that have keys with their slots, in the order of their addresses; outside cluster mode the one node, with none. */
  async places(): Promise<NodePlace[]> {
    if (this.#only !== undefined) return [this.#only];
    let ranges: Value;
    try {
      ranges = await this.#seed.demand('CLUSTER', 'SLOTS');
    } catch (error) {
      if (!(error instanceof ServerError) || !/cluster support disabled/.test(error.reply)) throw error;
      const { host, port } = this.#seed.address;
      this.#only = { host, port, slots: [] };
      return [this.#only];
    }
    const found = new Map<string, NodePlace>();
    for (const [from, to, [name, port]] of ranges as [number, number, [Buffer | null, number]][]) {
      const host = String(name ?? '') || this.#seed.address.host;
      const place = formatAddress({ host, port });
      const slots = [...(found.get(place)?.slots ?? []), from === to ? String(from) : `${from}-${to}`];
      found.set(place, { host, port, slots });
    }
    return [...found]
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .map(([, place]) => place);
  }

  /** A connection to each of `places()`. @throws Error where one of them is not there. */
  async masters(): Promise<ServerConnection[]> {
    return Promise.all((await this.places()).map((place) => this.connection(place)));
  }

  /** @throws Error where that node is not there. */
  async connection({ host, port }: Pick<NodePlace, 'host' | 'port'>): Promise<ServerConnection> {
    const place = formatAddress({ host, port });
    const known = this.#connections.get(place);
    if (known?.isOpen) return known;
    if (this.#isClosed) throw new Error('closed');
    const opened = await ServerConnection.open({ ...this.#seed.address, host, port });
    this.#connections.set(place, opened);
    // It would keep the process alive.
    if (this.#isClosed) opened.close();
    return opened;
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections.values()) connection.close();
  }

  async #redirected<T>(
    first: ServerConnection,
    send: (connection: ServerConnection) => Promise<T>,
  ): Promise<T> {
    let connection = first;
    for (let redirects = 0; ; redirects++) {
      try {
        return await send(connection);
      } catch (error) {
        const reply = error instanceof ServerError ? error.reply : '';
        const [, kind, host, port] = /^(?:(MOVED|ASK) \d+ (.*):(\d+)|TRYAGAIN .*)$/.exec(reply) ?? [];
        if (redirects >= MOST_REDIRECTS || !/^(MOVED|ASK|TRYAGAIN) /.test(reply)) throw error;
        if (kind === undefined) await delay(TRY_AGAIN_MS);
        else {
          connection = await this.connection({ host: host || connection.address.host, port: Number(port) });
          if (kind === 'ASK') await connection.demand('ASKING');
        }
      }
    }
  }
}
