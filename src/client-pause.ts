import type { Transaction } from './client-session.ts';
import type { Command } from './commands/command.ts';

export type PauseMode = 'WRITE' | 'ALL';

/** CLIENT PAUSE: commands of all clients, or those that change something, wait until it is over. */
export class ClientPause {
  #mode: PauseMode | null = null;
  #until = 0;
  #timer: NodeJS.Timeout | null = null;
  #waiting: (() => void)[] = [];

  /** A pause under way is not weakened: the stricter mode and the later end hold. */
  start(ms: number, mode: PauseMode): void {
    this.#mode = this.#mode === 'ALL' ? 'ALL' : mode;
    this.#until = Math.max(this.#until, Date.now() + ms);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#arm();
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#mode = null;
    this.#until = 0;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Whether the command has to wait. */
  holds(command: Command, transaction: Transaction | null): boolean {
    if (this.#mode === null) return false;
    if (this.#mode === 'ALL' || changes(command)) return true;
    return (
      command.name === 'exec' && transaction?.commands.some((queued) => changes(queued.command)) === true
    );
  }

  over(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #arm(): void {
    // A timer takes 2^31 - 1 ms at most.
    const ms = Math.min(Math.max(0, this.#until - Date.now()), 2 ** 31 - 1);
    this.#timer = setTimeout(() => (Date.now() >= this.#until ? this.end() : this.#arm()), ms);
    this.#timer.unref();
  }
}

function changes({ flags }: Command): boolean {
  return flags.includes('write') || flags.includes('may_replicate');
}
