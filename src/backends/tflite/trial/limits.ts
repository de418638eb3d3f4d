import koffi from 'koffi';

/** What a model on trial may allocate: twice what the largest file that TFLite's format allows has (2 GiB). */
const MOST_BYTES = 4 * 2 ** 30;
/** RLIMIT_DATA of Linux: private memory that can be written. The address space as a whole says nothing, V8 reserves much more than it uses. */
const RLIMIT_DATA = 2;

const libc = process.platform === 'linux' ? koffi.load('libc.so.6') : null;
const alarm = libc?.func('unsigned int alarm(unsigned int seconds)');

/** Limits the memory of this process, where the system has such a limit, so that a damaged size ends it and not its neighbours. */
export function limitMemory(): void {
  const limits = BigUint64Array.of(BigInt(MOST_BYTES), BigInt(MOST_BYTES));
  libc?.func('int setrlimit(int resource, const uint64_t *limits)')(RLIMIT_DATA, limits);
}

/** Ends this process after the time unless it is called again: one inside the library does not notice that its parent is gone. 0 for no limit. */
export function limitTime(ms: number): void {
  alarm?.(Math.ceil(ms / 1000));
}
