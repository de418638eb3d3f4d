import { closeSync, openSync, readFileSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';

/**
 * Keeps a second process out of a data folder. The file names the process that holds it and when that process began, so that a file left
 * behind by one that was killed is known for what it is, even where its number has been given to another process.
 */
export class FolderLock {
  readonly #path: string;

  /** @throws Error that names the process where the folder is taken. */
  constructor(folder: string) {
    this.#path = path.join(folder, 'lock');
    for (let tries = 0; ; tries++) {
      try {
        const file = openSync(this.#path, 'wx', 0o600);
        writeSync(file, `${process.pid} ${startOf(process.pid) ?? ''}`);
        closeSync(file);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 0) throw error;
      }
      const holder = this.#holder();
      if (holder !== undefined) throw new Error(`the data folder ${folder} is in use by process ${holder}`);
      // Not rmSync: on a file system that can only be read its error has no code.
      unlinkSync(this.#path);
    }
  }

  release(): void {
    rmSync(this.#path, { force: true });
  }

  /** The process that holds the lock; undefined where it is gone. */
  #holder(): number | undefined {
    const [pid, start] = readFileSync(this.#path, 'latin1').split(' ');
    const number = Number(pid);
    if (!Number.isInteger(number) || number <= 0) return undefined;
    const now = startOf(number);
    if (now === undefined) return isAlive(number) ? number : undefined;
    return now === start ? number : undefined;
  }
}

/** When a process began, in the kernel's ticks; undefined where the system does not tell (Linux does) or there is none. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  if (process.platform === 'linux') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
