import { setTimeout as delay } from 'node:timers/promises';
import { ValueCache } from '../keyspace/redis/value-cache.ts';
import type { NodeContext } from '../node-context.ts';
import type { AddressBook } from './address-book.ts';
import { askOnce } from './ask.ts';
import { ClusterView } from './cluster-view.ts';
import { encodeRequest } from './requests.ts';
import { shownAddress, type UpstreamAddress } from './upstream-address.ts';
import { UpstreamConnection } from './upstream-connection.ts';

const CONNECT_PATIENCE_MS = 5000;
/** How often it is tried whether a Redis that is away is back. */
const RETRY_MS = 100;

export interface RedisSettings {
  readonly address: UpstreamAddress;
  /** Of the cluster that it is in. */
  readonly addresses?: AddressBook;
}

/** The Redis that a node stands before: where it is, whether it is there, and what the node remembers of it. */
export class RedisEngine {
  readonly address: UpstreamAddress;
  readonly cache: ValueCache;
  /** Null where it is in no cluster. */
  readonly addresses: AddressBook | null;
  /** What the others say while it is away; null where there are no others. */
  readonly view: ClusterView | null;
  readonly #node: Pick<NodeContext, 'devices' | 'log'>;
  #isThere = true;
  #isClosed = false;
  #connection: UpstreamConnection | null = null;

  /** @param cacheBytes of values that are kept at hand. */
  constructor(
    { address, addresses }: RedisSettings,
    cacheBytes: number,
    node: Pick<NodeContext, 'devices' | 'log'>,
  ) {
    this.address = address;
    this.addresses = addresses ?? null;
    this.view = addresses === undefined ? null : new ClusterView(address, addresses);
    this.#node = node;
    this.cache = new ValueCache(cacheBytes, (value) => {
      if (value.type === 'model') node.devices.unload(value.model);
      if (value.type === 'script') node.devices.unload(value.script);
    });
  }

  /** Whether it can be reached, as far as is known. */
  get isThere(): boolean {
    return this.#isThere;
  }

  /** Whether a client need not log in. @throws Error where it cannot be reached, or is no Redis that will do. */
  async isOpen(): Promise<boolean> {
    const ask = async (logsIn: boolean, ...args: string[]) =>
      (await askOnce(this.address, CONNECT_PATIENCE_MS, args, logsIn)).toString();
    const isOpen = !(await ask(false, 'PING')).startsWith('-NOAUTH');
    const info = await ask(true, 'COMMAND', 'INFO', 'EVAL_RO');
    // Without a password of its own the node does not get to know.
    if (!info.includes('eval_ro') && !info.startsWith('-NOAUTH')) {
      throw new Error(
        `the Redis at ${shownAddress(this.address)} has no EVAL_RO: it has to be Redis 7 or later, or Valkey`,
      );
    }
    return isOpen;
  }

  /** Notices from now on when it goes, and when it is back. @param changed told of both. */
  watch(changed: () => void): void {
    const connection = new UpstreamConnection(this.address, {
      bytes: () => {},
      drained: () => {},
      closed: () => {
        if (this.#isClosed) return;
        if (this.#isThere) {
          this.#isThere = false;
          this.#node.log.warn(`the Redis at ${shownAddress(this.address)} is away`);
          void this.view?.watch();
          changed();
        }
        void delay(RETRY_MS).then(() => this.#isClosed || this.watch(changed));
      },
    });
    this.#connection = connection;
    // Any answer shows that it is there, a refusal too.
    connection.take(() => {
      if (this.#isThere) return;
      this.#isThere = true;
      this.#node.log.info(`the Redis at ${shownAddress(this.address)} is back`);
      this.view?.stop();
      changed();
    });
    connection.send(encodeRequest(['PING']));
  }

  close(): void {
    this.#isClosed = true;
    this.view?.stop();
    this.#connection?.destroy();
  }
}
