import koffi from 'koffi';

/** Calls the function; what C code writes to its stream of errors meanwhile goes nowhere. */
export type Quietly = <T>(call: () => T) => T;

/**
 * TFLite tells on standard error that it made its first XNNPACK delegate, and why bytes are no model, and has no setting for that. Node
 * itself does not write through C's stream, so nothing else is lost while that points elsewhere. Only for Linux: elsewhere it is no variable.
 *
 * The variable belongs to the process. Threads that get here at the same time need no lock: each puts back the stream with the number 2, and
 * one that finds another stream leaves it to whoever put that there.
 */
export function openQuietly(): Quietly {
  if (process.platform !== 'linux') return (call) => call();
  const program = koffi.load(null);
  const variable: unknown = program.symbol('stderr', 'void *');
  const numberOf = program.func('int fileno(void *stream)');
  const nowhere: unknown = program.func('void *fopen(const char *path, const char *mode)')('/dev/null', 'w');
  return (call) => {
    const stream: unknown = koffi.decode(variable, 'void *');
    if (nowhere === null || numberOf(stream) !== 2) return call();
    koffi.encode(variable, 'void *', nowhere);
    try {
      return call();
    } finally {
      koffi.encode(variable, 'void *', stream);
    }
  };
}
