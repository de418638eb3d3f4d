import { createHash } from 'node:crypto';

/** Redis Cluster's number of hash slots. */
export const SLOT_COUNT = 16_384;

export interface ClusterNode {
  /** 40 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** Where clients reach it. */
  readonly host: string;
  /** For plain connections; 0 where there are none. */
  readonly port: number;
  /** For TLS connections; 0 where there are none. */
  readonly tlsPort: number;
  /** Where it answers over HTTP, as `host:port`; null where it does not. */
  readonly http: string | null;
  /** First and last slot of each range, ascending, neighbours merged. */
  readonly ranges: readonly (readonly [number, number])[];
}

export interface NodeSlots {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tlsPort?: number;
  readonly http?: string | null;
  readonly slots: readonly string[];
}

const NOBODY = 0xffff;

/** Which node owns which slot, as one node sees it; and which of its slots are on the move. */
export class SlotMap {
  readonly nodes: readonly ClusterNode[];
  readonly myself: ClusterNode;
  readonly #owners = new Uint16Array(SLOT_COUNT).fill(NOBODY);
  readonly #migrating = new Map<number, ClusterNode>();
  readonly #importing = new Map<number, ClusterNode>();

  /** @throws Error when no node has the name `own`. */
  constructor(nodes: readonly NodeSlots[], own: string) {
    nodes.forEach((node, index) => {
      for (const text of node.slots) {
        const [from, to] = parseRange(text);
        this.#owners.fill(index, from, to + 1);
      }
    });
    this.nodes = nodes.map(({ name, host, port, tlsPort = 0, http = null }, index) => ({
      id: nodeId(name),
      name,
      host,
      port,
      tlsPort,
      http,
      ranges: this.#rangesOf(index),
    }));
    const myself = this.nodes.find((node) => node.name === own);
    if (myself === undefined) throw new Error(`no node named ${own}`);
    this.myself = myself;
  }

  /** The node that the slot belongs to; undefined outside 0 to 16383 and for a slot nobody has. O(1). */
  ownerOf(slot: number): ClusterNode | undefined {
    return this.nodes[this.#owners[slot] ?? NOBODY];
  }

  /** Whether the slot belongs to this node, on the move or not. */
  isMine(slot: number): boolean {
    return this.ownerOf(slot) === this.myself;
  }

  /**
   * Keys of the slot that are gone from here are asked for at that node (ASK).
   * @throws Error when no node has that id.
   */
  setMigrating(slot: number, id: string): void {
    this.#migrating.set(slot, this.#byId(id));
  }

  /**
   * Commands for the slot are served after ASKING.
   * @throws Error when no node has that id.
   */
  setImporting(slot: number, id: string): void {
    this.#importing.set(slot, this.#byId(id));
  }

  /** The slot is no longer on the move. */
  setStable(slot: number): void {
    this.#migrating.delete(slot);
    this.#importing.delete(slot);
  }

  /** Where the slot is going; undefined while it stays. */
  migratingTo(slot: number): ClusterNode | undefined {
    return this.#migrating.get(slot);
  }

  /** Where the slot is coming from; undefined while it is not coming. */
  importingFrom(slot: number): ClusterNode | undefined {
    return this.#importing.get(slot);
  }

  #byId(id: string): ClusterNode {
    const node = this.nodes.find((n) => n.id === id);
    if (node === undefined) throw new Error(`no node with id ${id}`);
    return node;
  }

  #rangesOf(index: number): [number, number][] {
    const slots: number[] = [];
    this.#owners.forEach((owner, slot) => {
      if (owner === index) slots.push(slot);
    });
    return mergeRanges(slots);
  }
}

/** The port that a client of that kind is told: of the other kind only where there is none of its own. */
export function portFor(node: ClusterNode, secure: boolean): number {
  return secure ? node.tlsPort || node.port : node.port || node.tlsPort;
}

/** Ascending slots as first and last of each unbroken run. */
export function mergeRanges(slots: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const slot of slots) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === slot - 1) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}

/** Ranges as CLUSTER NODES and messages write them: `0-5`, or `7` for a single slot. */
export function formatRanges(ranges: ClusterNode['ranges']): string[] {
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
}

/** `5` or `0-5460` as first and last slot; [1, 0] (empty) where it is neither. */
export function parseRange(text: string): [number, number] {
  const [from, to = from] = text.split('-').map(Number);
  const valid = from !== undefined && to !== undefined && Number.isInteger(from) && Number.isInteger(to);
  return valid && from >= 0 && to < SLOT_COUNT && from <= to ? [from, to] : [1, 0];
}

/** The node's id in the cluster, 40 hexadecimal digits, made from its name so that every node knows every other's. */
export function nodeId(name: string): string {
  return createHash('sha1').update(`tessera:${name}`).digest('hex');
}
