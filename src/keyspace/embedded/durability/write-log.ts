import { closeSync, fdatasync, openSync, readdirSync, readFileSync, rmSync, writevSync } from 'node:fs';
import { open as openFolder } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';

const HEADER_BYTES = 8;
const NAME = /^log-(\d{10})\.bin$/;
const fdatasyncAsync = promisify(fdatasync);

/**
 * The changes since the last checkpoint, in files that are only appended to. What was written survives the end of the process; after
 * `sync` it survives the end of the machine.
 *
 * ```
 *  | bytes u32 | crc32 u32 | size u32, change | size u32, change | ..  | bytes u32 | crc32 u32 | ..
 *                          |<--------- one turn ----------------->|
 * ```
 */
export class WriteLog {
  readonly #folder: string;
  #number: number;
  #file: number;
  #bytes = 0;
  #gathered: Uint8Array[] = [];
  /** Files that are no longer written to and not known to be on the disk. */
  readonly #finished: number[] = [];
  #syncs: Promise<void> = Promise.resolve();

  /** Begins a new file behind those that are there. @throws the system's error. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#number = (logNumbers(folder).at(-1) ?? 0) + 1;
    this.#file = openSync(logPath(folder, this.#number), 'ax', 0o600);
  }

  /** Bytes in the present file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes changes that belong together: after a crash either all of them are there or none. They are written with `write`. */
  append(changes: readonly (readonly Uint8Array[])[]): void {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    const parts: Uint8Array[] = [];
    for (const change of changes) {
      const size = Buffer.allocUnsafe(4);
      size.writeUInt32LE(change.reduce((sum, part) => sum + part.length, 0));
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
    header.writeUInt32LE(length, 0);
    header.writeUInt32LE(checksum, 4);
    this.#gathered.push(header);
    for (const part of parts) this.#gathered.push(part);
  }

  /** Hands all that was appended to the system. @throws the system's error, such as ENOSPC; what was appended stays to be written. */
  write(): void {
    while (this.#gathered.length > 0) {
      // The system takes so many pieces at a time, and may take less of them than it was given.
      const batch = this.#gathered.slice(0, 1024);
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
   * @returns the number up to which files may be removed once a checkpoint has what they hold. @throws the system's error.
   */
  async rotate(): Promise<number> {
    const last = this.#number;
    const next = openSync(logPath(this.#folder, last + 1), 'ax', 0o600);
    this.#finished.push(this.#file);
    this.#file = next;
    this.#number++;
    this.#bytes = 0;
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

/** The changes in the files of a folder, in order. A file ends where a change is cut off or damaged: that was never acknowledged. */
export function* readLogs(folder: string): Generator<Uint8Array> {
  for (const number of logNumbers(folder)) {
    const data = readFileSync(logPath(folder, number));
    for (let at = 0; at + HEADER_BYTES <= data.length; ) {
      const end = at + HEADER_BYTES + data.readUInt32LE(at);
      const turn = data.subarray(at + HEADER_BYTES, end);
      if (end > data.length || crc32(turn) !== data.readUInt32LE(at + 4)) break;
      for (let from = 0; from < turn.length; ) {
        const to = from + 4 + turn.readUInt32LE(from);
        yield turn.subarray(from + 4, to);
        from = to;
      }
      at = end;
    }
  }
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

function logNumbers(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => Number(NAME.exec(name)?.[1]))
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b);
}

function logPath(folder: string, number: number): string {
  return path.join(folder, `log-${String(number).padStart(10, '0')}.bin`);
}
