import type { SlotsOfNode } from '../node-context.ts';
import type { AddressBook } from './address-book.ts';
import { askOnce } from './ask.ts';
import { slotRanges } from './slots-reply.ts';
import type { UpstreamAddress } from './upstream-address.ts';

const PATIENCE_MS = 1000;
/** Many may look at a node at the same time: Redis is asked once for all. */
const FRESH_MS = 2000;

/** Which nodes stand before which slots, as the Redis Cluster says. */
export class ClusterSlots {
  readonly #address: UpstreamAddress;
  readonly #addresses: AddressBook;
  #asked: Promise<readonly SlotsOfNode[]> | null = null;
  #askedAt = 0;

  constructor(address: UpstreamAddress, addresses: AddressBook) {
    this.#address = address;
    this.#addresses = addresses;
  }

  /** Masters and their replicas; none where Redis does not answer. */
  get(): Promise<readonly SlotsOfNode[]> {
    if (this.#asked === null || Date.now() - this.#askedAt > FRESH_MS) {
      this.#askedAt = Date.now();
      this.#asked = this.#ask().catch(() => []);
    }
    return this.#asked;
  }

  async #ask(): Promise<readonly SlotsOfNode[]> {
    const reply = await askOnce(this.#address, PATIENCE_MS, ['CLUSTER', 'SLOTS']);
    const found = new Map<string, { host: string; port: number; id: string; slots: [number, number][] }>();
    for (const { from, to, nodes } of slotRanges(this.#addresses.translated('CLUSTER SLOTS', reply, false))) {
      for (const [i, { host = '', port = '', id = '' }] of nodes.entries()) {
        const known = found.get(id) ?? { host, port: Number(port), id, slots: [] };
        if (i === 0) known.slots.push([from, to]);
        found.set(id, known);
      }
    }
    return [...found.values()].sort((a, b) => (a.slots[0]?.[0] ?? 16_384) - (b.slots[0]?.[0] ?? 16_384));
  }
}
