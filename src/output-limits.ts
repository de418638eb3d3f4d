import type { ClientSession } from './client-session.ts';

/** The classes of client-output-buffer-limit; there are no replicas, but the setting has a place for them. */
export type ClientClass = 'normal' | 'slave' | 'pubsub';

export interface OutputLimit {
  /** Bytes that end the connection; 0 for no limit. */
  readonly hardBytes: number;
  /** Bytes that end the connection when they are passed for `softSeconds`; 0 for no limit. */
  readonly softBytes: number;
  readonly softSeconds: number;
}

export type OutputLimits = Record<ClientClass, OutputLimit>;

/** Redis's defaults. */
export const DEFAULT_OUTPUT_LIMITS: OutputLimits = {
  normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
  slave: { hardBytes: 256 * 1024 ** 2, softBytes: 64 * 1024 ** 2, softSeconds: 60 },
  pubsub: { hardBytes: 32 * 1024 ** 2, softBytes: 8 * 1024 ** 2, softSeconds: 60 },
};

/** Ends connections whose client reads too slowly for what is sent to it. */
export class OutputWatch {
  readonly #limits: () => OutputLimits;
  readonly #ended: (client: ClientSession) => void;
  /** Clients above their soft limit: when it was passed (monotonic ms), and the timer that looks again. */
  readonly #above = new Map<ClientSession, { readonly since: number; readonly timer: NodeJS.Timeout }>();

  constructor(limits: () => OutputLimits, ended: (client: ClientSession) => void) {
    this.#limits = limits;
    this.#ended = ended;
  }

  /** To be called when bytes of the client wait. */
  check(client: ClientSession): void {
    const { hardBytes, softBytes, softSeconds } =
      this.#limits()[client.subscriptions > 0 ? 'pubsub' : 'normal'];
    const bytes = client.outputBytes;
    if (hardBytes > 0 && bytes >= hardBytes) {
      this.#end(client);
      return;
    }
    const above = this.#above.get(client);
    if (softBytes === 0 || bytes < softBytes) {
      if (above !== undefined) this.forget(client);
      return;
    }
    const now = performance.now();
    const since = above?.since ?? now;
    const leftMs = softSeconds * 1000 - (now - since);
    if (above !== undefined && leftMs <= 0) {
      this.#end(client);
      return;
    }
    // Nothing may be sent any more, so that nobody would look; and a timer may be early.
    clearTimeout(above?.timer);
    const timer = setTimeout(() => this.check(client), Math.max(1, Math.ceil(leftMs))).unref();
    this.#above.set(client, { since, timer });
  }

  forget(client: ClientSession): void {
    clearTimeout(this.#above.get(client)?.timer);
    this.#above.delete(client);
  }

  #end(client: ClientSession): void {
    this.forget(client);
    this.#ended(client);
    client.kill();
  }
}
