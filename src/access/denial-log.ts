/** What ACL LOG tells of refused commands and logins. */
export interface DenialEntry {
  readonly reason: 'auth' | 'command' | 'key' | 'channel';
  readonly context: 'toplevel' | 'multi' | 'lua';
  /** The command, key or channel, one character a byte. */
  readonly object: string;
  readonly username: string;
}

/** Entries that belong together: how often, when (ms since 1970), and the client of the last one. */
export interface LoggedDenial extends DenialEntry {
  readonly id: number;
  readonly createdAt: number;
  count: number;
  updatedAt: number;
  clientInfo: string;
}

/** The same denial again within this time counts up the entry. */
const GROUPING_MS = 60_000;
const DEFAULT_LENGTH = 128;

/** The latest denials, the latest first. */
export class DenialLog {
  #entries: LoggedDenial[] = [];
  #maxLength = DEFAULT_LENGTH;
  #lastId = 0;

  get maxLength(): number {
    return this.#maxLength;
  }

  set maxLength(length: number) {
    this.#maxLength = length;
    this.#trim();
  }

  add(entry: DenialEntry, clientInfo: string): void {
    const now = Date.now();
    const at = this.#entries.findIndex(
      (known) => isSame(known, entry) && now - known.updatedAt <= GROUPING_MS,
    );
    const known = this.#entries[at];
    if (known === undefined) {
      const first = { id: this.#lastId++, createdAt: now, count: 1, updatedAt: now, clientInfo };
      this.#entries.unshift({ ...entry, ...first });
      this.#trim();
      return;
    }
    known.count++;
    known.updatedAt = now;
    known.clientInfo = clientInfo;
    this.#entries.splice(at, 1);
    this.#entries.unshift(known);
  }

  /** At most `count` entries. */
  entries(count: number): readonly LoggedDenial[] {
    return this.#entries.slice(0, count);
  }

  reset(): void {
    this.#entries = [];
  }

  #trim(): void {
    this.#entries.length = Math.min(this.#entries.length, this.#maxLength);
  }
}

function isSame(a: DenialEntry, b: DenialEntry): boolean {
  return (
    a.reason === b.reason && a.context === b.context && a.object === b.object && a.username === b.username
  );
}
