import {
  closeSync,
  copyFileSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
} from 'node:fs';
import { crc32 } from 'node:zlib';
import {
  decodeFileHeader,
  FILE_HEADER_BYTES,
  logNumbers,
  logPath,
  SIZE_BYTES,
  TURN_HEADER_BYTES,
} from './log-format.ts';
import { numberOf } from './record-codec.ts';

/** A place in the log from which on it is of no use. */
export interface LogDamage {
  readonly path: string;
  readonly at: number;
  /** Bytes behind that place, in this file and the later ones. */
  readonly lostBytes: number;
  /** The last turn that is good. */
  readonly lastTurn: number;
  /** Where the files are kept as they were found; empty where only an unfinished turn at the very end is lost. */
  readonly kept: readonly string[];
}

interface End {
  readonly at: number;
  readonly isUnfinished: boolean;
}

/** node:fs reads no more at once. */
const LONGEST_READ = 2 ** 30;

/**
 * Reads the turns in the log files of a folder. Where a file is damaged or cut off, the log ends: later turns may build on the lost ones.
 * What is behind that place is taken out of the log, and kept aside.
 */
export class LogReader {
  readonly #folder: string;
  damage: LogDamage | null = null;
  /** The number of the last turn; 0 where there is none. */
  lastTurn = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The changes of each turn, in order. @throws the system's error. */
  *turns(): Generator<Uint8Array[]> {
    const numbers = logNumbers(this.#folder);
    this.lastTurn = 0;
    for (const [index, number] of numbers.entries()) {
      const file = openSync(logPath(this.#folder, number), 'r+');
      try {
        const bytes = fstatSync(file).size;
        const end = yield* this.#turnsOf(file, bytes, index === 0);
        if (end.at === bytes) continue;
        this.#cut(file, number, end, bytes, numbers.slice(index + 1));
        return;
      } finally {
        closeSync(file);
      }
    }
  }

  /** @returns up to where the file is good, and whether what follows is no more than the begin of a turn. */
  *#turnsOf(file: number, bytes: number, isFirst: boolean): Generator<Uint8Array[], End> {
    if (bytes < FILE_HEADER_BYTES) return { at: 0, isUnfinished: true };
    const header = read(file, 0, FILE_HEADER_BYTES);
    const before = header === undefined ? undefined : decodeFileHeader(header);
    if (before === undefined || (!isFirst && before !== this.lastTurn)) {
      return { at: 0, isUnfinished: false };
    }
    this.lastTurn = before;
    let at = FILE_HEADER_BYTES;
    let inFile = 0;
    while (at < bytes) {
      const turnHeader = read(file, at, TURN_HEADER_BYTES);
      if (turnHeader === undefined) return { at, isUnfinished: true };
      const length = turnHeader.readDoubleLE(0);
      const end = at + TURN_HEADER_BYTES + length;
      if (!Number.isSafeInteger(length) || length <= 0 || end > bytes)
        return { at, isUnfinished: end > bytes };
      const turn = read(file, at + TURN_HEADER_BYTES, length);
      if (turn === undefined || crc32(turn) !== turnHeader.readUInt32LE(SIZE_BYTES)) {
        return { at, isUnfinished: false };
      }
      const changes = changesOf(turn);
      const number = numberOf(changes[0] as Uint8Array);
      // The first turn after a start may leave numbers out.
      if (inFile > 0 ? number !== this.lastTurn + 1 : number <= this.lastTurn) {
        return { at, isUnfinished: false };
      }
      this.lastTurn = number;
      inFile++;
      yield changes;
      at = end;
    }
    return { at, isUnfinished: false };
  }

  /** So that the next start finds a log without a gap, also if nothing has been written to the database until then. */
  #cut(
    file: number,
    number: number,
    { at, isUnfinished }: End,
    bytes: number,
    later: readonly number[],
  ): void {
    const name = logPath(this.#folder, number);
    const kept: string[] = [];
    let lostBytes = bytes - at;
    if (!isUnfinished || later.length > 0) {
      copyFileSync(name, `${name}.damaged`);
      kept.push(`${name}.damaged`);
    }
    ftruncateSync(file, at);
    fsyncSync(file);
    for (const other of later) {
      const from = logPath(this.#folder, other);
      lostBytes += sizeOf(from);
      renameSync(from, `${from}.damaged`);
      kept.push(`${from}.damaged`);
    }
    this.damage = { path: name, at, lostBytes, lastTurn: this.lastTurn, kept };
  }
}

function changesOf(turn: Buffer): Uint8Array[] {
  const changes: Uint8Array[] = [];
  for (let from = 0; from < turn.length; ) {
    const to = from + SIZE_BYTES + turn.readDoubleLE(from);
    changes.push(turn.subarray(from + SIZE_BYTES, to));
    from = to;
  }
  return changes;
}

/** @returns undefined where the file ends before that. */
function read(file: number, at: number, length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const got = readSync(file, bytes, done, Math.min(LONGEST_READ, length - done), at + done);
    if (got === 0) return undefined;
    done += got;
  }
  return bytes;
}

function sizeOf(name: string): number {
  const file = openSync(name, 'r');
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}
