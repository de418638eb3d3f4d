import slotOf from 'cluster-key-slot';
import type { ServerConnection, ServerReply } from '../cli/connection/server-connection.ts';
import { crc64 } from '../keyspace/dump/crc64.ts';
import type { KeyItem } from '../keyspace/dump/rdb-file-items.ts';
import type { Target } from './target.ts';

/** Version and checksum. */
export const FOOTER_BYTES = 10;
/** What may be under way at a time; one value may be larger. */
const MOST_KEYS = 256;
const MOST_BYTES = 32 * 1024 * 1024;
/** A key that is sent from node to node more often is given up. */
const MOST_REDIRECTIONS = 5;

/** Sends keys with RESTORE, many before the first is answered, to where they belong. */
export class Restorer {
  restored = 0;
  readonly failed: { readonly key: Uint8Array; readonly reason: string }[] = [];
  readonly #target: Target;
  readonly #replace: boolean;
  #keys = 0;
  #bytes = 0;
  #broken: Error | null = null;
  #settled: () => void = () => {};

  constructor(target: Target, replace: boolean) {
    this.#target = target;
    this.#replace = replace;
  }

  /** Waits until there is room, and sends. @throws Error where a connection broke. */
  async put(item: KeyItem, payload: Uint8Array): Promise<void> {
    const isFull = () => this.#keys >= MOST_KEYS || this.#bytes + payload.length > MOST_BYTES;
    await this.#until(() => this.#keys === 0 || !isFull());
    this.#keys++;
    this.#bytes += payload.length;
    this.#restore(item, payload)
      .catch((error: Error) => {
        this.#broken ??= error;
      })
      .finally(() => {
        this.#keys--;
        this.#bytes -= payload.length;
        this.#settled();
      });
  }

  /** Waits for what is under way. @throws Error where a connection broke. */
  async finish(): Promise<void> {
    await this.#until(() => this.#keys === 0);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (this.#broken === null && !isSo()) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
    if (this.#broken !== null) throw this.#broken;
  }

  async #restore({ key, expiresAt = 0 }: KeyItem, payload: Uint8Array): Promise<void> {
    const slot = slotOf(Buffer.from(key));
    const options = this.#replace ? ['REPLACE'] : [];
    const command = ['RESTORE', key, String(expiresAt), payload, 'ABSTTL', ...options] as const;
    let connection = await this.#target.connectionFor(slot);
    let asking = false;
    for (let redirections = 0; ; redirections++) {
      const reply = await request(connection, asking, command);
      if (!(reply instanceof Error)) {
        this.restored++;
        return;
      }
      const [, kind, address] = /^(MOVED|ASK) \d+ (\S+)$/.exec(reply.message) ?? [];
      if (address === undefined || redirections === MOST_REDIRECTIONS) {
        this.failed.push({ key, reason: reply.message });
        return;
      }
      asking = kind === 'ASK';
      if (!asking) this.#target.moved(slot, address);
      connection = await this.#target.connectionTo(address);
    }
  }
}

function request(
  connection: ServerConnection,
  asking: boolean,
  command: readonly (string | Uint8Array)[],
): Promise<ServerReply> {
  // Both leave at once: ASKING holds for the next command only.
  if (asking) connection.request('ASKING').catch(() => {});
  return connection.request(...command);
}

/** A value of a file of that RDB version as RESTORE takes it. */
export function dumpPayload(type: number, content: Uint8Array, version: number): Uint8Array {
  const payload = Buffer.allocUnsafe(1 + content.length + FOOTER_BYTES);
  payload[0] = type;
  payload.set(content, 1);
  const footer = payload.writeUInt16LE(version, 1 + content.length);
  payload.writeBigUInt64LE(crc64([payload.subarray(0, footer)]), footer);
  return payload;
}
