export interface RecentError {
  /** The latest time, Unix time in ms. */
  readonly at: number;
  readonly message: string;
  /** How often, since it was first among the recent ones. */
  readonly count: number;
}

const MOST_ERRORS = 50;
const LONGEST_MESSAGE = 300;

/** Error replies by their text: each once, however often it is sent. */
export class RecentErrors {
  /** The latest last. */
  readonly #errors = new Map<string, RecentError>();

  /** Newest first. */
  get latest(): RecentError[] {
    return [...this.#errors.values()].reverse();
  }

  add(text: string): void {
    // These only show clients the way, and a client that is new to a cluster gets one for each slot.
    if (text.startsWith('MOVED ') || text.startsWith('ASK ')) return;
    // What follows was meant for a command, and may be a password.
    const [said = ''] = text.split(', with args beginning with:', 1);
    const message = said.length > LONGEST_MESSAGE ? `${said.slice(0, LONGEST_MESSAGE)}…` : said;
    const count = (this.#errors.get(message)?.count ?? 0) + 1;
    this.#errors.delete(message);
    this.#errors.set(message, { at: Date.now(), message, count });
    if (this.#errors.size > MOST_ERRORS) {
      const [oldest] = this.#errors.keys();
      this.#errors.delete(oldest as string);
    }
  }

  clear(): void {
    this.#errors.clear();
  }
}
