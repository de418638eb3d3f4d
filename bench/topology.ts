import slotOf from 'cluster-key-slot';
import { type Address, Connection, movedTo } from './connection.ts';
import type { Reply } from './reply-reader.ts';
import type { Argument } from './requests.ts';

/** A command that the server answered with an error. */
export class CommandError extends Error {}

/** A command that the server does not have. */
export class UnsupportedError extends CommandError {}

const MOST_REDIRECTS = 5;

/**
 * The keys of one hash tag, and the node that owns their slot. Connections of one group all talk to that node.
 * Its own connection is for preparing and checking, never for measuring.
 */
export class NodeGroup {
  readonly #tag: string;
  readonly #keys = new Set<string>();
  #connection: Connection;

  private constructor(tag: string, connection: Connection) {
    this.#tag = tag;
    this.#connection = connection;
  }

  static async open(tag: string, address: Address): Promise<NodeGroup> {
    return new NodeGroup(tag, await Connection.connect(address));
  }

  get address(): Address {
    return this.#connection.address;
  }

  /** The hash tag alone, for commands that are routed by a value instead of a key. */
  get routing(): string {
    return `{${this.#tag}}`;
  }

  /** The name of a key of this group; `clear` deletes all that were named. */
  key(name: string): string {
    const key = `bench:{${this.#tag}}:${name}`;
    this.#keys.add(key);
    return key;
  }

  /**
   * Sends one command, to another node where MOVED says so; the group stays with that node.
   * @throws CommandError for an error reply, UnsupportedError where the server lacks the command.
   */
  async call(...args: readonly Argument[]): Promise<Reply> {
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const reply = await this.#connection.call(...args);
      if (!(reply instanceof Error)) return reply;
      const next = movedTo(reply, this.address);
      if (next === null) throw commandError(reply, args);
      this.#connection.close();
      this.#connection = await Connection.connect(next);
    }
    throw new CommandError(`${args[0]}: more than ${MOST_REDIRECTS} redirections`);
  }

  /** Deletes the keys that were named so far. */
  async clear(): Promise<void> {
    for (const key of this.#keys) await this.call('DEL', key);
    this.#keys.clear();
  }

  close(): void {
    this.#connection.close();
  }
}

function commandError(reply: Error, args: readonly Argument[]): CommandError {
  const text = `${args[0]}: ${reply.message}`;
  return /^ERR unknown command/i.test(reply.message) ? new UnsupportedError(text) : new CommandError(text);
}

export interface Topology {
  readonly clusterEnabled: boolean;
  /** One for each node that owns slots; just one where cluster support is off. */
  readonly groups: readonly NodeGroup[];
}

/**
 * Asks a server for its cluster's nodes (CLUSTER SLOTS) and opens a group for each.
 * @throws Error when it does not answer, or belongs to a cluster without slots.
 */
export async function discover(seed: Address): Promise<Topology> {
  const connection = await Connection.connect(seed);
  const reply = await connection.call('CLUSTER', 'SLOTS');
  connection.close();
  // Redis answers an error where cluster support is off; so does a server that has no CLUSTER command.
  if (reply instanceof Error) {
    return { clusterEnabled: false, groups: [await NodeGroup.open('b0', seed)] };
  }
  const owners = ownersOf(reply, seed);
  if (owners.length === 0) throw new Error(`${seed.host}:${seed.port} is in a cluster that has no slots`);
  const groups: NodeGroup[] = [];
  for (const { address, ranges } of owners) groups.push(await NodeGroup.open(tagWithin(ranges), address));
  return { clusterEnabled: true, groups };
}

interface Owner {
  readonly address: Address;
  readonly ranges: (readonly [number, number])[];
}

function ownersOf(slots: Reply, seed: Address): Owner[] {
  const owners = new Map<string, Owner>();
  for (const entry of slots as Reply[]) {
    const [from, to, master] = entry as [number, number, Reply[]];
    // A null or empty host stands for the one that was asked.
    const host = master[0]?.toString() || seed.host;
    const port = Number(master[1]);
    const name = `${host}:${port}`;
    const owner = owners.get(name) ?? { address: { host, port }, ranges: [] };
    owner.ranges.push([from, to]);
    owners.set(name, owner);
  }
  return [...owners.values()];
}

function tagWithin(ranges: Owner['ranges']): string {
  for (let i = 0; ; i++) {
    const slot = slotOf(`b${i}`);
    if (ranges.some(([from, to]) => slot >= from && slot <= to)) return `b${i}`;
  }
}
