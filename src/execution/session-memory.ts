import { errors } from '../errors.ts';

/** A session of a thread, from the beginning of its load until its memory is back. */
export interface HeldSession {
  readonly bytes: number;
  /** Since when its model can run, in monotonic ms; 0 while it loads. */
  loadedAt: number;
  /** Counts on with each use in the node. */
  usedAt: number;
  /** It is told to go, or its thread was left. */
  leaving: boolean;
  /** Whether it is idle, and no run needs it that goes before one that has waited since that time (monotonic ms). */
  mayLeave(since: number): boolean;
  /** Frees it, as soon as its thread is free. */
  leave(): void;
}

/** Who loads sessions: a device. Told when a load that had no room may be tried again. */
export interface SessionHolder {
  retry(): void;
}

/**
 * The memory of a node's sessions, on all devices, and its limit: makes room by freeing those that were idle the longest.
 *
 * A session counts with the bytes of its model, which it holds at least. The growth of the process around a load would tell more, but is no
 * measure: for the same model of 20 MB, loaded six times alone in a process, it was 20 to 60 MB, and 0 for smaller ones that got memory
 * which others had left.
 */
export class SessionMemory {
  /** Sessions that had to go for others. */
  unloads = 0;
  readonly #limit: () => number;
  readonly #held = new Set<HeldSession>();
  /** Since when the run or the client waits that is behind the oldest load without room of each device. Room goes to the oldest. */
  readonly #waiting = new Map<SessionHolder, number>();
  /** Bytes of sessions in threads that were left inside of a run. */
  #stranded = 0;
  #uses = 0;

  /** @param limit in bytes; 0 for none. */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#held) sum += bytes;
    return sum;
  }

  /**
   * Whether there is room for a session now. If not, others begin to leave, and the holder is told when to ask again.
   * @param since when that began to wait, in monotonic ms, for which it is loaded.
   * @param needed whether the model cannot run otherwise; for a second session nobody has to go.
   * @throws ServerError when it is larger than what the limit leaves: there would be no end to the waiting.
   */
  hasRoom(bytes: number, holder: SessionHolder, since: number, needed: boolean): boolean {
    const limit = this.#limit();
    if (limit === 0) return true;
    const most = Math.max(0, limit - this.#stranded);
    if (bytes > most) throw errors.backendMemoryLimit(bytes, most);
    const isFirst = Math.min(...this.#waiting.values()) >= since;
    if (isFirst && this.bytes + bytes <= limit) return true;
    if (!needed) return false;
    this.#waiting.set(holder, Math.min(since, this.#waiting.get(holder) ?? since));
    if (isFirst) this.#makeRoom(bytes, since);
    return false;
  }

  isWaiting(holder: SessionHolder): boolean {
    return this.#waiting.has(holder);
  }

  /** The holder asks anew for what it needs. @returns whether it was waiting. */
  withdraw(holder: SessionHolder): boolean {
    return this.#waiting.delete(holder);
  }

  hold(session: HeldSession): void {
    this.#held.add(session);
    this.used(session);
  }

  used(session: HeldSession): void {
    session.usedAt = ++this.#uses;
  }

  release(session: HeldSession): void {
    if (this.#held.delete(session)) this.eased();
  }

  /** Nobody can tell when, or whether, the session's thread ends: its run has not come back. */
  strand(session: HeldSession, gone: Promise<unknown>): void {
    session.leaving = true;
    this.#stranded += session.bytes;
    void gone.then(() => {
      this.#stranded -= session.bytes;
      this.release(session);
    });
  }

  /** A session is free or idle: whoever waits for room may find some. */
  eased(): void {
    for (const holder of this.#waiting.keys()) holder.retry();
  }

  /** Frees what is above a limit that was lowered, as far as it is idle. */
  trim(): void {
    if (this.#limit() > 0) this.#makeRoom(0, performance.now());
  }

  #makeRoom(bytes: number, since: number): void {
    let missing = this.bytes + bytes - this.#limit();
    for (const session of this.#held) if (session.leaving) missing -= session.bytes;
    const longestIdleFirst = [...this.#held].sort((a, b) => a.usedAt - b.usedAt);
    for (const session of longestIdleFirst) {
      if (missing <= 0) return;
      if (session.leaving || !session.mayLeave(since)) continue;
      missing -= session.bytes;
      session.leaving = true;
      this.unloads++;
      session.leave();
    }
  }
}
