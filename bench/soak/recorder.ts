import { build, type Histogram } from 'hdr-histogram-js';
import { type Address, Connection } from '../connection.ts';
import type { ReplyCheck } from '../operation.ts';
import type { Reply } from '../reply-reader.ts';
import type { Argument } from '../requests.ts';

const LONGEST_US = 100_000_000;
const FIRST_ERRORS = 20;

const newHistogram = (): Histogram =>
  build({ highestTrackableValue: LONGEST_US, numberOfSignificantValueDigits: 3 });

export interface Latencies {
  readonly operations: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** Latencies of the current second and of all, and what went wrong. */
export class Recorder {
  readonly #all = newHistogram();
  #second = newHistogram();
  errors = 0;
  /** The first of them, with what was sent. */
  readonly firstErrors: string[] = [];

  completed(milliseconds: number): void {
    const us = Math.min(Math.max(Math.round(milliseconds * 1000), 1), LONGEST_US);
    this.#all.recordValue(us);
    this.#second.recordValue(us);
  }

  failed(what: string): void {
    this.errors++;
    if (this.firstErrors.length < FIRST_ERRORS) this.firstErrors.push(what);
  }

  /** Those since the last call. */
  takeSecond(): Latencies {
    const taken = latencies(this.#second);
    this.#second = newHistogram();
    return taken;
  }

  total(): Latencies {
    return latencies(this.#all);
  }
}

function latencies(histogram: Histogram): Latencies {
  return {
    operations: histogram.totalCount,
    p50Us: histogram.getValueAtPercentile(50),
    p99Us: histogram.getValueAtPercentile(99),
    maxUs: histogram.maxValue,
  };
}

/** A connection whose commands are timed, and whose replies are checked. */
export class TimedConnection {
  readonly #recorder: Recorder;
  readonly #connection: Connection;

  private constructor(connection: Connection, recorder: Recorder) {
    this.#connection = connection;
    this.#recorder = recorder;
  }

  static async connect(address: Address, recorder: Recorder): Promise<TimedConnection> {
    return new TimedConnection(await Connection.connect(address), recorder);
  }

  /** Sends one command and looks at its reply. @throws Error when the connection is lost. */
  async ask(check: ReplyCheck, ...args: readonly Argument[]): Promise<void> {
    const started = performance.now();
    const reply: Reply = await this.#connection.call(...args);
    this.#recorder.completed(performance.now() - started);
    const wrong = check(reply);
    if (wrong !== null) this.#recorder.failed(`${args.slice(0, 3).map(shown).join(' ')}: ${wrong}`);
  }

  get socket() {
    return this.#connection.socket;
  }

  close(): void {
    this.#connection.close();
  }
}

function shown(argument: Argument): string {
  return typeof argument === 'object' ? `(${argument.length} bytes)` : String(argument);
}
