import { SingleBar } from 'cli-progress';

export interface Progress {
  /** Bytes that are done. */
  update(done: number): void;
  /** Takes the bar away. */
  stop(): void;
}

/** Where progress is shown: a terminal gets a bar, everything else a line from time to time. */
export type ProgressOutput = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export interface ProgressOptions {
  /** What goes on, such as `reading`. */
  readonly label: string;
  /** Bytes. */
  readonly total: number;
  /** Whether the total is a guess that may be passed. */
  readonly isGuess?: boolean;
  readonly output: ProgressOutput;
  /** Time between lines where there is no bar. */
  readonly lineIntervalMs?: number;
}

const [SHORTEST_BAR, LONGEST_BAR] = [5, 30];
/** Columns that the texts beside the bar take. */
const BESIDE_BAR = 60;
const LINE_INTERVAL_MS = 5000;
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function startProgress(options: ProgressOptions): Progress {
  return options.output.isTTY === true ? bar(options) : lines(options);
}

/** Such as `12.3 MiB`. */
export function formatBytes(bytes: number): string {
  const unit = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

function bar({ label, total, isGuess, output }: ProgressOptions): Progress {
  const started = performance.now();
  const { columns } = output;
  const shown = new SingleBar({
    format: `${label} [{bar}] {percentage}%  {done} of ${isGuess ? 'about ' : ''}{all}  {rate}/s`,
    stream: output,
    hideCursor: true,
    clearOnComplete: true,
    // It would keep a signal from ending the process.
    gracefulExit: false,
    barsize: Math.min(LONGEST_BAR, Math.max(SHORTEST_BAR, (columns ?? 80) - BESIDE_BAR)),
    barCompleteChar: '=',
    barIncompleteChar: ' ',
  });
  const texts = (done: number, all: number) => ({
    done: formatBytes(done),
    all: formatBytes(all),
    rate: formatBytes(rate(done, started)),
  });
  // Whatever ends the process, the cursor is there again.
  const restore = () => shown.stop();
  process.once('exit', restore);
  shown.start(total, 0, texts(0, total));
  return {
    update(done) {
      const all = Math.max(total, done);
      if (all > total) shown.setTotal(all);
      shown.update(done, texts(done, all));
    },
    stop() {
      process.off('exit', restore);
      shown.stop();
    },
  };
}

function lines({ label, total, isGuess, output, lineIntervalMs }: ProgressOptions): Progress {
  const started = performance.now();
  let done = 0;
  const timer = setInterval(() => {
    const all = `${isGuess ? 'about ' : ''}${formatBytes(Math.max(total, done))}`;
    output.write(`${label}: ${formatBytes(done)} of ${all}, ${formatBytes(rate(done, started))}/s\n`);
  }, lineIntervalMs ?? LINE_INTERVAL_MS).unref();
  return {
    update(bytes) {
      done = bytes;
    },
    stop: () => clearInterval(timer),
  };
}

function rate(done: number, started: number): number {
  return Math.round((done * 1000) / Math.max(1, performance.now() - started));
}
