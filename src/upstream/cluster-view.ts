import { setTimeout as delay } from 'node:timers/promises';
import type { AddressBook } from './address-book.ts';
import { askOnce } from './ask.ts';
import { slotRanges } from './slots-reply.ts';
import type { UpstreamAddress } from './upstream-address.ts';

const POLL_MS = 50;
const ANSWER_PATIENCE_MS = 500;

interface Range {
  readonly from: number;
  readonly to: number;
  readonly host: string;
  readonly port: string;
}

/** What the others of a cluster say of it while a node's own Redis is away. */
export class ClusterView {
  readonly #own: UpstreamAddress;
  readonly #addresses: AddressBook;
  #ranges: readonly Range[] = [];
  #isWatching = false;
  #changed: (() => void)[] = [];

  constructor(own: UpstreamAddress, addresses: AddressBook) {
    this.#own = own;
    this.#addresses = addresses;
  }

  /** Whether the others, asked since `watch`, know of no slots of the own one. */
  get hasReplaced(): boolean {
    return this.#ranges.length > 0 && !this.#ranges.some((range) => this.#isOwn(range));
  }

  /** Asks the others again and again until `stop`. */
  async watch(): Promise<void> {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#ranges = [];
    while (this.#isWatching) {
      const reply = await this.ask('CLUSTER', 'SLOTS').catch(() => null);
      if (!this.#isWatching) break;
      if (reply !== null) this.#take(reply);
      await delay(POLL_MS);
    }
  }

  stop(): void {
    this.#isWatching = false;
    this.#tell();
  }

  /** What one of the others answers, as it came. @throws Error where none does. */
  async ask(...args: string[]): Promise<Buffer> {
    const { path: _, ...own } = this.#own;
    for (const { host, port } of this.#addresses.redisNodes()) {
      if (host === own.host && port === own.port) continue;
      const address = { ...own, host, port };
      try {
        const reply = await askOnce(address, ANSWER_PATIENCE_MS, args);
        if (reply[0] !== 45) return reply;
      } catch {
        // Another one, perhaps.
      }
    }
    throw new Error('no other node of the cluster answers');
  }

  /**
   * The node that has the slot now, if that is not the own one, as soon as that is known.
   * @returns undefined where the time is over, or `stop` was called.
   */
  async ownerOf(
    slot: number,
    secure: boolean,
    deadline: number,
  ): Promise<{ host: string; port: number } | undefined> {
    for (;;) {
      const range = this.#ranges.find(({ from, to }) => from <= slot && slot <= to);
      if (range !== undefined && !this.#isOwn(range))
        return this.#addresses.nodeOf(range.host, range.port, secure);
      const left = deadline - Date.now();
      if (left <= 0 || !this.#isWatching) return undefined;
      await Promise.race([new Promise<void>((resolve) => this.#changed.push(resolve)), delay(left)]);
    }
  }

  #isOwn({ host, port }: Range): boolean {
    return host === this.#own.host && port === String(this.#own.port);
  }

  #take(reply: Buffer): void {
    this.#ranges = slotRanges(reply).flatMap(({ from, to, nodes: [master] }) => {
      if (master?.host === undefined || master.port === undefined) return [];
      return [{ from, to, host: master.host, port: master.port }];
    });
    this.#tell();
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}
