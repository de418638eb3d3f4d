import Denque from 'denque';
import type { ClientSession } from '../client-session.ts';
import type { Command } from '../commands/command.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { visibleArguments } from './visible-arguments.ts';

export interface SlowEntry {
  readonly id: number;
  /** Unix time in seconds. */
  readonly at: number;
  readonly usec: number;
  readonly args: readonly Uint8Array[];
  readonly address: string;
  readonly clientName: string;
}

/** Redis's limits on what an entry keeps. */
const MOST_ARGUMENTS = 32;
const MOST_BYTES = 128;

/** The latest commands that took long, newest first. */
export class SlowLog {
  readonly #entries = new Denque<SlowEntry>();
  #lastId = -1;

  get length(): number {
    return this.#entries.length;
  }

  /** @param maxLength how many entries stay. */
  add(us: number, args: readonly Uint8Array[], client: ClientSession, maxLength: number): void {
    this.#entries.unshift({
      id: ++this.#lastId,
      at: Math.floor(Date.now() / 1000),
      usec: Math.round(us),
      args,
      address: client.remoteAddress,
      clientName: client.name,
    });
    while (this.#entries.length > maxLength) this.#entries.pop();
  }

  latest(count: number): SlowEntry[] {
    const found: SlowEntry[] = [];
    for (let i = 0; i < Math.min(count, this.#entries.length); i++) {
      found.push(this.#entries.peekAt(i) as SlowEntry);
    }
    return found;
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** A copy of a command's arguments as an entry shows them: without secrets, long ones and long lists cut. */
export function loggedArguments(command: Command, args: Arguments): Uint8Array[] {
  const visible = visibleArguments(command, args);
  const shown = visible.length > MOST_ARGUMENTS ? visible.slice(0, MOST_ARGUMENTS - 1) : visible;
  const copies: Uint8Array[] = shown.map((arg) => {
    if (arg.length <= MOST_BYTES) return Uint8Array.from(arg);
    return Buffer.concat([
      arg.subarray(0, MOST_BYTES),
      Buffer.from(`... (${arg.length - MOST_BYTES} more bytes)`),
    ]);
  });
  if (shown.length < visible.length) {
    copies.push(Buffer.from(`... (${visible.length - shown.length} more arguments)`));
  }
  return copies;
}
