import { readSync } from 'node:fs';

/** node:fs reads no more at once. */
const LONGEST_READ = 2 ** 30;

/** Reads as many bytes of a file as there is room for. @throws Error where the file ends before. */
export function readFully(file: number, into: Buffer, at: number): void {
  for (let done = 0; done < into.length; ) {
    const got = readSync(file, into, done, Math.min(LONGEST_READ, into.length - done), at + done);
    if (got === 0) throw new Error('the file became shorter while it was read');
    done += got;
  }
}
