import { RdbReader } from '../../dump/rdb-reader.ts';
import type { KeyName } from '../../keyspace.ts';
import { ChangeReader } from './record-codec.ts';

const NONE = -1;
/** Stands for a key that is gone: its record in the store does not count either. */
const GONE = -2;

/**
 * The changes in the log by key, where they lie: of hundreds of thousands an object each would take seconds. What a later change makes void
 * is left out.
 */
export class ChangeIndex {
  /** The last change of each key. */
  readonly #last = new Map<KeyName, number>();
  readonly #turns: Buffer[] = [];
  /** Of each change: its turn, where it begins in it, and the change of the same key before it. */
  readonly #turnOf: number[] = [];
  readonly #at: number[] = [];
  readonly #before: number[] = [];
  /** The turn of the last FLUSHALL: all that was there before it is gone. */
  clearedAt = 0;

  get size(): number {
    return this.#last.size;
  }

  /**
   * Takes a turn as the log has it.
   * @param setting told of changes of the node itself. @throws FormatError where it is not to be understood.
   */
  add(turn: Buffer, setting: (name: string, value: Uint8Array | undefined) => void): void {
    this.#turns.push(turn);
    const from = new RdbReader(turn);
    while (from.left > 0) {
      const bytes = from.double();
      const at = from.position;
      const change = new ChangeReader(from);
      if (change.kind === 'clear') {
        this.clearedAt = change.sequence;
        this.#last.clear();
      } else if (change.kind === 'setting') {
        const read = change.read();
        if (read.kind === 'setting') setting(read.name, read.value);
      } else this.#note(change, at);
      from.moveTo(at + bytes);
    }
  }

  keys(): KeyName[] {
    return [...this.#last.keys()];
  }

  has(key: KeyName): boolean {
    return this.#last.has(key);
  }

  isGone(key: KeyName): boolean {
    return this.#last.get(key) === GONE;
  }

  /** The changes of a key in order, read up to their values; undefined where there are none. */
  changesOf(key: KeyName): ChangeReader[] | undefined {
    let number = this.#last.get(key);
    if (number === undefined) return undefined;
    const changes: ChangeReader[] = [];
    for (; number >= 0; number = this.#before[number] as number) {
      const from = new RdbReader(this.#turns[this.#turnOf[number] as number] as Buffer);
      from.moveTo(this.#at[number] as number);
      changes.push(new ChangeReader(from));
    }
    return changes.reverse();
  }

  /** The changes of the key have been done. */
  done(key: KeyName, exists: boolean): void {
    if (exists) this.#last.delete(key);
    else this.#last.set(key, GONE);
  }

  clear(): void {
    this.#last.clear();
    for (const list of [this.#turns, this.#turnOf, this.#at, this.#before]) list.length = 0;
  }

  #note(change: ChangeReader, at: number): void {
    const replaces = change.kind === 'put' || change.kind === 'delete';
    this.#before.push(replaces ? NONE : (this.#last.get(change.key) ?? NONE));
    this.#turnOf.push(this.#turns.length - 1);
    this.#at.push(at);
    this.#last.set(change.key, this.#at.length - 1);
  }
}
