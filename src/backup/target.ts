import { formatAddress, type NodeAddress } from '../cli/connection/address.ts';
import { ServerConnection, type ServerReply } from '../cli/connection/server-connection.ts';

const DEFAULT_LONGEST_ARGUMENT = 512 * 1024 * 1024;

/** Where keys are restored to: a node, and the others of its cluster where it has one. */
export class Target {
  /** To the node that was named. */
  readonly first: ServerConnection;
  readonly #connections = new Map<string, Promise<ServerConnection>>();
  /** Which address has a slot; empty outside cluster mode, and changed by what MOVED tells. */
  readonly #owners = new Map<number, string>();

  private constructor(first: ServerConnection) {
    this.first = first;
    this.#connections.set(formatAddress(first.address), Promise.resolve(first));
  }

  /** @throws Error that says why it cannot be used. */
  static async open(node: NodeAddress): Promise<Target> {
    const target = new Target(await ServerConnection.open(node));
    try {
      // Says it clearly where a password is missing.
      await target.first.demand('PING');
      await target.#readSlots();
      return target;
    } catch (error) {
      target.close();
      throw error;
    }
  }

  /** To the node that has the slot, as far as is known. */
  connectionFor(slot: number): Promise<ServerConnection> {
    const owner = this.#owners.get(slot);
    return owner === undefined ? Promise.resolve(this.first) : this.connectionTo(owner);
  }

  /** @param address as MOVED and ASK tell it. */
  connectionTo(address: string): Promise<ServerConnection> {
    const known = this.#connections.get(address);
    if (known !== undefined) return known;
    const [, host = '', port] = /^(.*):(\d+)$/.exec(address) ?? [];
    const { address: first } = this.first;
    // Without a host it is the one that was asked.
    const opened = ServerConnection.open({ ...first, host: host || first.host, port: Number(port) });
    this.#connections.set(address, opened);
    return opened;
  }

  moved(slot: number, address: string): void {
    this.#owners.set(slot, address);
  }

  /** Connections to all nodes that have one of the slots, and to the one that was named. */
  async ownersOf(slots: ReadonlySet<number>): Promise<Set<ServerConnection>> {
    const owners = new Set([this.first]);
    for (const slot of slots) owners.add(await this.connectionFor(slot));
    return owners;
  }

  /** Bytes that an argument of a command may have. */
  async longestArgument(): Promise<number> {
    const reply = await this.first.request('CONFIG', 'GET', 'proto-max-bulk-len');
    return Array.isArray(reply) && reply.length === 2 ? Number(reply[1]) : DEFAULT_LONGEST_ARGUMENT;
  }

  close(): void {
    for (const opened of this.#connections.values())
      opened.then(
        (connection) => connection.close(),
        () => {},
      );
  }

  async #readSlots(): Promise<void> {
    const ranges = await this.first.request('CLUSTER', 'SLOTS');
    // Outside cluster mode this is an error.
    if (!Array.isArray(ranges)) return;
    for (const range of ranges as (readonly [number, number, readonly ServerReply[]])[]) {
      const [from, to, [host, port]] = range;
      const address = `${host}:${port}`;
      for (let slot = from; slot <= to; slot++) this.#owners.set(slot, address);
    }
    await this.#recogniseFirst();
  }

  /** The node may call itself something else than it was called here. */
  async #recogniseFirst(): Promise<void> {
    const nodes = String(await this.first.request('CLUSTER', 'NODES'));
    const own = /^\S+ (\S+?)(?:@\d+)?(?:,\S*)? \S*myself/m.exec(nodes)?.[1];
    if (own !== undefined) this.#connections.set(own, Promise.resolve(this.first));
  }
}
