import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * V8 does not count the bytes of SharedArrayBuffers as memory of any heap, so garbage that is small for V8 and large for the machine would
 * stay: 5,000 dropped buffers of 600 KB kept 3 GB. This counts what a thread allocates or receives, and asks for a collection in time.
 * Figures and what was tried: docs/decisions/shared-memory.md.
 */

/** Bytes after which a thread collects its young garbage. */
const YOUNG_BYTES = 128 * 1024 * 1024;
/** A full collection is due once the process has grown by half, and by that much, since the last one. */
const FULL_GROWTH = 1.5;
const FULL_BYTES = 512 * 1024 * 1024;

type Collect = (options: { type: 'minor' | 'major' }) => void;

let collect: Collect | null = null;
let debt = 0;
let scheduled = false;
let rssAfterFull = 0;

/** A new SharedArrayBuffer of zeros. @throws RangeError when the system has not that much memory. */
export function allocateShared(bytes: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes);
  countShared(bytes);
  return buffer;
}

/** Whether memory was asked for that the system has not: what V8 says of buffers of either kind, and of views that bring their own. */
export function isAllocationFailure(error: unknown): boolean {
  const texts = /^(Array buffer allocation failed|Invalid (array buffer|typed array) length)/;
  return error instanceof RangeError && texts.test(error.message);
}

/** Counts a SharedArrayBuffer that came from another thread: the handle is garbage of this one in the end. */
export function countShared(bytes: number): void {
  debt += bytes;
  if (debt < YOUNG_BYTES || scheduled) return;
  scheduled = true;
  // After the commands of this turn, whose buffers are then garbage too.
  setImmediate(nudge);
}

/** A full collection of this thread's garbage, at once. */
export function collectGarbage(): void {
  collect ??= exposeGc();
  collect({ type: 'major' });
}

function nudge(): void {
  scheduled = false;
  debt = 0;
  collect ??= exposeGc();
  collect({ type: 'minor' });
  const rss = process.memoryUsage.rss();
  if (rssAfterFull === 0) rssAfterFull = rss;
  if (rss < rssAfterFull + FULL_BYTES || rss < rssAfterFull * FULL_GROWTH) return;
  collect({ type: 'major' });
  rssAfterFull = process.memoryUsage.rss();
}

function exposeGc(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
