import { setTimeout as delay } from 'node:timers/promises';
import type { StoredValue } from '../keyspace/keyspace.ts';
import { ValueCache } from '../keyspace/redis/value-cache.ts';
import type { NodeContext, UpstreamState } from '../node-context.ts';
import { type Acknowledgement, NO_ACKNOWLEDGEMENT } from './acknowledgement.ts';
import type { AddressBook } from './address-book.ts';
import { askOnce } from './ask.ts';
import { ClusterSlots } from './cluster-slots.ts';
import { ClusterView } from './cluster-view.ts';
import { PlainKeys } from './in-place-writes.ts';
import { encodeRequest } from './requests.ts';
import { shownAddress, type UpstreamAddress } from './upstream-address.ts';
import { UpstreamConnection } from './upstream-connection.ts';

const CONNECT_PATIENCE_MS = 5000;
/** How often it is tried whether a Redis that is away is back. */
const RETRY_MS = 100;
/** How often it has to answer; one that is late is asked after at the others of its cluster. */
const HEARTBEAT_MS = 500;
const SUSPECT_MS = 50;

export interface RedisSettings {
  readonly address: UpstreamAddress;
  /** Of the cluster that it is in. */
  readonly addresses?: AddressBook;
  /** What an AI command that writes waits for; nothing where absent. */
  readonly acknowledgement?: Acknowledgement;
  /** The most bytes of a value that are sent or asked for at once; 64 MiB where absent. */
  readonly pieceBytes?: number;
}

/**
 * Longer strings hold Redis up, fill the buffers of its replicas (they are cut off at 256 MB), and end at 512 MB.
 */
const PIECE_BYTES = 64 * 1024 * 1024;

/** One that answers, but has not what is needed. */
class UnfitRedis extends Error {}

/** The Redis that a node stands before: where it is, whether it is there, and what the node remembers of it. */
export class RedisEngine implements UpstreamState {
  readonly address: UpstreamAddress;
  readonly cache: ValueCache;
  readonly plainKeys = new PlainKeys();
  /** Null where it is in no cluster. */
  readonly addresses: AddressBook | null;
  /** What the others say while it is away; null where there are no others. */
  readonly view: ClusterView | null;
  readonly slots: ClusterSlots | null;
  readonly acknowledgement: Acknowledgement;
  readonly pieceBytes: number;
  readonly #node: Pick<NodeContext, 'devices' | 'log'>;
  #isThere = true;
  #isOpen = true;
  #changedAt = Date.now();
  #losses = 0;
  #isClosed = false;
  #connection: UpstreamConnection | null = null;

  /** @param cacheBytes of values that are kept at hand. */
  constructor(
    { address, addresses, acknowledgement, pieceBytes = PIECE_BYTES }: RedisSettings,
    cacheBytes: number,
    node: Pick<NodeContext, 'devices' | 'log'>,
  ) {
    this.address = address;
    this.addresses = addresses ?? null;
    this.view = addresses === undefined ? null : new ClusterView(address, addresses);
    this.slots = addresses === undefined ? null : new ClusterSlots(address, addresses);
    this.pieceBytes = pieceBytes;
    this.acknowledgement = acknowledgement ?? NO_ACKNOWLEDGEMENT;
    this.#node = node;
    this.cache = new ValueCache(cacheBytes, (value) => this.unload(value));
  }

  /** Frees the sessions of a model or script that is not kept at hand. */
  unload(value: StoredValue): void {
    if (value.type === 'model') this.#node.devices.unload(value.model);
    if (value.type === 'script') this.#node.devices.unload(value.script);
  }

  /** Whether it can be reached, as far as is known. */
  get isThere(): boolean {
    return this.#isThere;
  }

  get changedAt(): number {
    return this.#changedAt;
  }

  get losses(): number {
    return this.#losses;
  }

  get shownAddress(): string {
    return shownAddress(this.address);
  }

  /** Whether it lets clients in that have not logged in, as far as is known: all may be, where it was never seen. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Looks what it is, and notices from now on when it goes and when it is back. A node whose Redis is away starts too, and waits for it.
   * @param changed told when it goes, and when it is back.
   * @throws Error where it is no Redis that will do.
   */
  async start(changed: () => void): Promise<void> {
    try {
      await this.#examine();
    } catch (error) {
      if (error instanceof UnfitRedis) throw error;
      this.#went((error as Error).message);
    }
    this.#watch(changed);
  }

  close(): void {
    this.#isClosed = true;
    this.view?.stop();
    this.#connection?.destroy();
  }

  async #examine(): Promise<void> {
    const ask = async (logsIn: boolean, ...args: string[]) =>
      (await askOnce(this.address, CONNECT_PATIENCE_MS, args, logsIn)).toString();
    this.#isOpen = !(await ask(false, 'PING')).startsWith('-NOAUTH');
    const info = await ask(true, 'COMMAND', 'INFO', 'EVAL_RO');
    // Without a password of its own the node does not get to know.
    if (!info.includes('eval_ro') && !info.startsWith('-NOAUTH')) {
      throw new UnfitRedis(
        `the Redis at ${this.shownAddress} has no EVAL_RO: it has to be Redis 7 or later, or Valkey`,
      );
    }
  }

  #watch(changed: () => void): void {
    let isOver = false;
    let reason = 'the connection to it has ended';
    const connection = new UpstreamConnection(this.address, {
      bytes: () => {},
      drained: () => {},
      closed: () => {
        isOver = true;
        if (this.#isClosed) return;
        if (this.#isThere) {
          this.#went(reason);
          changed();
        }
        void delay(RETRY_MS).then(() => this.#isClosed || this.#watch(changed));
      },
    });
    this.#connection = connection;
    // Any answer shows that it is there, a refusal too.
    connection.take(() => {
      if (!this.#isThere) void this.#returned(connection).then((isBack) => isBack && changed());
      void this.#replaced(connection, () => isOver).then((isReplaced) => {
        if (!isReplaced) return;
        reason = 'it does not answer, and others of its cluster have its slots';
        connection.destroy();
      });
    });
    connection.send(encodeRequest(['PING']));
  }

  /**
   * A Redis that is frozen, or cut off, keeps its connections: it is as good as gone once the others have no slots for it any more. One that
   * is busy for long is not.
   * @returns whether that is so, where `isOver` does not hold before.
   */
  async #replaced(connection: UpstreamConnection, isOver: () => boolean): Promise<boolean> {
    const { view } = this;
    while (view !== null && !isOver()) {
      let answers = false;
      connection.take(() => {
        answers = true;
      });
      connection.send(encodeRequest(['PING']));
      await delay(HEARTBEAT_MS, undefined, { ref: false });
      if (answers || isOver()) continue;
      void view.watch();
      while (!answers && !isOver() && !view.hasReplaced) await delay(SUSPECT_MS, undefined, { ref: false });
      if (isOver()) return false;
      if (!answers) return true;
      if (this.#isThere) view.stop();
    }
    return false;
  }

  #went(reason: string): void {
    this.#isThere = false;
    this.#changedAt = Date.now();
    this.#losses++;
    this.#node.log.warn(`the Redis at ${this.shownAddress} is away: ${reason}`);
    void this.view?.watch();
  }

  /** It may be another one than before. */
  async #returned(connection: UpstreamConnection): Promise<boolean> {
    try {
      await this.#examine();
    } catch (error) {
      if (error instanceof UnfitRedis) this.#node.log.error(error.message);
      connection.destroy();
      return false;
    }
    if (this.#isClosed) return false;
    this.#isThere = true;
    this.#node.log.info(
      `the Redis at ${this.shownAddress} is back after ${((Date.now() - this.#changedAt) / 1000).toFixed(1)} s`,
    );
    this.#changedAt = Date.now();
    this.view?.stop();
    return true;
  }
}
