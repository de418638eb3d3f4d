import {
  closeSync,
  copyFileSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
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
import { readFully } from './read-fully.ts';
import { sequenceOf } from './record-codec.ts';

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

const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * Reads the turns in the log files of a folder. Where a file is damaged or cut off, the log ends: later turns may build on the lost ones.
 * What is behind that place is taken out of the log, and kept aside.
 */
export class LogReader {
  readonly #folder: string;
  readonly #isReadOnly: boolean;
  damage: LogDamage | null = null;
  /** The number of the last turn; 0 where there is none. */
  lastTurn = 0;

  /** @param isReadOnly whether to leave the files as they are. */
  constructor(folder: string, isReadOnly = false) {
    this.#folder = folder;
    this.#isReadOnly = isReadOnly;
  }

  /** The turns in order, each as its changes with their sizes before them. @throws the system's error. */
  *turns(): Generator<Buffer> {
    const numbers = logNumbers(this.#folder);
    this.lastTurn = 0;
    for (const [index, number] of numbers.entries()) {
      const file = openSync(logPath(this.#folder, number), this.#isReadOnly ? 'r' : 'r+');
      try {
        const source = new FileReader(file);
        const isWhole = yield* this.#turnsOf(source, index === 0);
        if (isWhole === 'whole') continue;
        this.#cut(source, number, isWhole === 'unfinished', numbers.slice(index + 1));
        return;
      } finally {
        closeSync(file);
      }
    }
  }

  /** Leaves the file's position where the last good turn ends. */
  *#turnsOf(file: FileReader, isFirst: boolean): Generator<Buffer, 'whole' | 'unfinished' | 'damaged'> {
    if (file.size === 0) return 'whole';
    const header = file.peek(FILE_HEADER_BYTES);
    if (header === undefined) return 'unfinished';
    const before = decodeFileHeader(header);
    if (before === undefined || (!isFirst && before !== this.lastTurn)) return 'damaged';
    file.skip(FILE_HEADER_BYTES);
    this.lastTurn = before;
    for (let isFirstTurn = true; file.at < file.size; isFirstTurn = false) {
      const head = file.peek(TURN_HEADER_BYTES);
      if (head === undefined) return 'unfinished';
      const length = head.readDoubleLE(0);
      if (!Number.isSafeInteger(length) || length <= 0) return 'damaged';
      const whole = file.peek(TURN_HEADER_BYTES + length);
      if (whole === undefined) return 'unfinished';
      const turn = whole.subarray(TURN_HEADER_BYTES);
      if (crc32(turn) !== whole.readUInt32LE(SIZE_BYTES)) return 'damaged';
      const sequence = sequenceOf(turn.subarray(SIZE_BYTES));
      // The first turn after a start may leave numbers out.
      if (isFirstTurn ? sequence <= this.lastTurn : sequence !== this.lastTurn + 1) return 'damaged';
      this.lastTurn = sequence;
      yield turn;
      file.skip(whole.length);
    }
    return 'whole';
  }

  /** So that the next start finds a log without a gap, also if nothing has been written to the database until then. */
  #cut(file: FileReader, number: number, isUnfinished: boolean, later: readonly number[]): void {
    const name = logPath(this.#folder, number);
    const kept: string[] = [];
    let lostBytes = file.size - file.at;
    if (this.#isReadOnly) {
      for (const other of later) lostBytes += statSync(logPath(this.#folder, other)).size;
      this.damage = { path: name, at: file.at, lostBytes, lastTurn: this.lastTurn, kept };
      return;
    }
    if (!isUnfinished || later.length > 0) {
      copyFileSync(name, `${name}.damaged`);
      kept.push(`${name}.damaged`);
    }
    file.cut();
    for (const other of later) {
      const from = logPath(this.#folder, other);
      lostBytes += statSync(from).size;
      renameSync(from, `${from}.damaged`);
      kept.push(`${from}.damaged`);
    }
    this.damage = { path: name, at: file.at, lostBytes, lastTurn: this.lastTurn, kept };
  }
}

/** Reads a file in blocks, so that many small turns do not cost a call of the system each. */
class FileReader {
  readonly size: number;
  at = 0;
  readonly #file: number;
  #block = Buffer.alloc(0);
  /** Where in the file the block begins. */
  #blockAt = 0;

  constructor(file: number) {
    this.#file = file;
    this.size = fstatSync(file).size;
  }

  /** The next bytes, without going on; undefined where the file ends before. They are never written over. */
  peek(length: number): Buffer | undefined {
    if (this.at + length > this.size) return undefined;
    const from = this.at - this.#blockAt;
    if (from + length > this.#block.length)
      return this.#read(Math.min(this.size - this.at, Math.max(length, BLOCK_BYTES))).subarray(0, length);
    return this.#block.subarray(from, from + length);
  }

  skip(length: number): void {
    this.at += length;
  }

  /** Ends the file here. */
  cut(): void {
    ftruncateSync(this.#file, this.at);
    fsyncSync(this.#file);
  }

  #read(length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    readFully(this.#file, bytes, this.at);
    this.#block = bytes;
    this.#blockAt = this.at;
    return bytes;
  }
}
