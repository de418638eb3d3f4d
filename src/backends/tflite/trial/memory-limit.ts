import koffi from 'koffi';

/** What a model on trial may allocate: enough for the largest that TFLite's format allows (2 GiB), twice. */
const MOST_BYTES = 4 * 2 ** 30;
/** RLIMIT_DATA of Linux: private memory that can be written. The address space as a whole says nothing, V8 reserves much more than it uses. */
const RLIMIT_DATA = 2;

/** Limits the memory of this process, where the system has such a limit, so that a damaged size ends it and not its neighbours. */
export function limitMemory(): void {
  if (process.platform !== 'linux') return;
  const libc = koffi.load('libc.so.6');
  libc.func('int setrlimit(int resource, const uint64_t *limits)')(
    RLIMIT_DATA,
    BigUint64Array.of(BigInt(MOST_BYTES), BigInt(MOST_BYTES)),
  );
}
