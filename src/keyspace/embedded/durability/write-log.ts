import { closeSync, fdatasync, openSync, rmSync, writeSync, writevSync } from 'node:fs';
import { open as openFolder } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { encodeFileHeader, logNumbers, logPath, SIZE_BYTES, TURN_HEADER_BYTES } from './log-format.ts';

const fdatasyncAsync = promisify(fdatasync);
/** What the system takes in one call (IOV_MAX). */
const MOST_PIECES = 1024;

/**
 * The changes since the last checkpoint, in files that are only appended to. What was written survives the end of the process; after
 * `sync` it survives the end of the machine.
 */
export class WriteLog {
  readonly #folder: string;
  #number: number;
  #file: number;
  #bytes = 0;
  #changes = 0;
  #gathered: Uint8Array[] = [];
  /** Files that are no longer written to and not known to be on the disk. */
  readonly #finished: number[] = [];
  #syncs: Promise<void> = Promise.resolve();

  /**
   * Begins a new file behind those that are there.
   * @param lastTurn the number of the last turn in those. @throws the system's error.
   */
  constructor(folder: string, lastTurn: number) {
    this.#folder = folder;
    this.#number = (logNumbers(folder).at(-1) ?? 0) + 1;
    this.#file = begin(logPath(folder, this.#number), lastTurn);
  }

  /** Bytes of changes in the present file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many changes the present file holds. */
  get changes(): number {
    return this.#changes;
  }

  /** Takes changes that belong together: after a crash either all of them are there or none. They are written with `write`. */
  append(changes: readonly (readonly Uint8Array[])[]): void {
    this.#changes += changes.length;
    const parts: Uint8Array[] = [];
    for (const change of changes) {
      const size = Buffer.allocUnsafe(SIZE_BYTES);
      size.writeDoubleLE(change.reduce((sum, part) => sum + part.length, 0));
      parts.push(size);
      // Not as arguments of one call: there may be more than a call takes.
      for (const part of change) parts.push(part);
    }
    let length = 0;
    let checksum = 0;
    for (const part of parts) {
      length += part.length;
      checksum = crc32(part, checksum);
    }
    const header = Buffer.allocUnsafe(TURN_HEADER_BYTES);
    header.writeDoubleLE(length, 0);
    header.writeUInt32LE(checksum, SIZE_BYTES);
    this.#gathered.push(header);
    for (const part of parts) this.#gathered.push(part);
  }

  /** Hands all that was appended to the system. @throws the system's error, such as ENOSPC; what was appended stays to be written. */
  write(): void {
    while (this.#gathered.length > 0) {
      const batch = this.#gathered.slice(0, MOST_PIECES);
      // It may take less than it was given.
      let taken = writevSync(
        this.#file,
        batch.map((part) => Buffer.from(part.buffer, part.byteOffset, part.length)),
      );
      this.#bytes += taken;
      let done = 0;
      while (done < batch.length && taken >= (batch[done] as Uint8Array).length) {
        taken -= (batch[done] as Uint8Array).length;
        done++;
      }
      this.#gathered.splice(0, done);
      if (taken > 0) this.#gathered[0] = (this.#gathered[0] as Uint8Array).subarray(taken);
    }
  }

  /** Resolves when what was written is on the disk. @throws the system's error. */
  sync(): Promise<void> {
    const synced = this.#syncs.then(() => this.#syncFiles());
    this.#syncs = synced.catch(() => {});
    return synced;
  }

  /**
   * Goes on in a new file.
   * @param lastTurn the number of the last turn so far.
   * @returns the number up to which files may be removed once a checkpoint has what they hold. @throws the system's error.
   */
  async rotate(lastTurn: number): Promise<number> {
    // The rest of a turn that is half written belongs into the same file.
    this.write();
    const last = this.#number;
    const next = begin(logPath(this.#folder, last + 1), lastTurn);
    this.#finished.push(this.#file);
    this.#file = next;
    this.#number++;
    this.#bytes = 0;
    this.#changes = 0;
    await this.sync();
    return last;
  }

  /** Earlier files first: what is on the disk must have no gap. One call at a time. */
  async #syncFiles(): Promise<void> {
    for (let file = this.#finished[0]; file !== undefined; file = this.#finished[0]) {
      await fdatasyncAsync(file);
      closeSync(file);
      this.#finished.shift();
      await syncFolder(this.#folder);
    }
    await fdatasyncAsync(this.#file);
  }

  removeUpTo(number: number): void {
    for (const n of logNumbers(this.#folder)) if (n <= number) rmSync(logPath(this.#folder, n));
  }

  async close(): Promise<void> {
    this.write();
    await this.sync();
    closeSync(this.#file);
  }
}

/** A new file with its header. */
function begin(name: string, lastTurn: number): number {
  const file = openSync(name, 'ax', 0o600);
  try {
    const header = encodeFileHeader(lastTurn);
    if (writeSync(file, header) < header.length) throw new Error('no space left for a log');
  } catch (error) {
    closeSync(file);
    rmSync(name, { force: true });
    throw error;
  }
  return file;
}

/** So that a new file is found after a loss of power, the folder itself has to be on the disk. */
async function syncFolder(folder: string): Promise<void> {
  // Windows has no such thing as a folder to be synced.
  if (process.platform === 'win32') return;
  const handle = await openFolder(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
