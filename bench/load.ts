import { build, type Histogram } from 'hdr-histogram-js';
import { type Address, Connection, movedTo } from './connection.ts';
import { describe, type Operation } from './operation.ts';
import { machineCpuSeconds, ownCpuSeconds, totalCpuSeconds } from './process-cpu.ts';
import type { Reply } from './reply-reader.ts';

/** One connection's part of a load. */
export interface ClientWork {
  readonly address: Address;
  readonly operation: Operation;
}

export interface LoadSettings {
  /** Operations that each client keeps in flight. */
  readonly pipeline: number;
  readonly warmupSeconds: number;
  readonly durationSeconds: number;
  /** Processes that count as the server. */
  readonly serverPids: readonly number[];
}

export interface Measurement {
  readonly operations: number;
  readonly seconds: number;
  readonly opsPerSecond: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** Null where the server's processes are not known. */
  readonly serverCpuUsPerOp: number | null;
  readonly serverCores: number | null;
  readonly clientCpuUsPerOp: number;
  readonly clientCores: number;
  /** What the rest of the machine used meanwhile: rows with much of it are not to be trusted. */
  readonly otherCores: number | null;
}

export interface LoadResult {
  /** Null when no operation was completed. */
  readonly measurement: Measurement | null;
  /** Wrong replies, error replies and lost connections, those of the warm-up included. */
  readonly errors: number;
  readonly firstError: string | null;
  readonly redirects: number;
}

/** Histogram units: a microsecond alone is too coarse for latencies of some tens of them. */
const UNITS_PER_US = 10;
const LONGEST_US = 100_000_000;
/** What is still in flight at the end has this long to be answered. */
const DRAIN_MS = 15_000;
const MOST_REDIRECTS_IN_A_ROW = 16;

/** What all clients of a load count into. */
class Recorder {
  readonly histogram: Histogram = build({
    highestTrackableValue: LONGEST_US * UNITS_PER_US,
    numberOfSignificantValueDigits: 3,
  });
  operations = 0;
  errors = 0;
  redirects = 0;
  firstError: string | null = null;

  completed(milliseconds: number): void {
    this.operations++;
    const units = Math.round(milliseconds * 1000 * UNITS_PER_US);
    this.histogram.recordValue(Math.min(Math.max(units, 1), LONGEST_US * UNITS_PER_US));
  }

  failed(reason: string): void {
    this.errors++;
    this.firstError ??= reason;
  }

  /** Forgets the warm-up's operations, not its errors. */
  startMeasuring(): void {
    this.histogram.reset();
    this.operations = 0;
  }
}

/** Keeps `depth` operations in flight on one connection, and follows MOVED to another node. */
class LoadClient {
  readonly #operation: Operation;
  readonly #recorder: Recorder;
  readonly #depth: number;
  #connection: Connection;
  /** When each operation in flight was sent, oldest first: a ring, as long as the pipeline is deep. */
  readonly #sentAt: Float64Array;
  #oldest = 0;
  #inFlight = 0;
  #repliesSeen = 0;
  #wrong: string | null = null;
  #freed = 0;
  /** Where to go once nothing is in flight any more. */
  #movedTo: Address | null = null;
  #thisOneMoved = false;
  #movedInARow = 0;
  /** When the operations that MOVED sent away were first sent. */
  #resend: number[] = [];
  #stopped: Promise<void> | null = null;
  #idle: (() => void) | null = null;

  constructor(connection: Connection, operation: Operation, depth: number, recorder: Recorder) {
    this.#connection = connection;
    this.#operation = operation;
    this.#depth = depth;
    this.#recorder = recorder;
    this.#sentAt = new Float64Array(depth);
  }

  start(): void {
    this.#listen();
    this.#send(this.#depth);
  }

  /** Sends no more; resolves when all replies are there, or the connection is lost. */
  stop(): Promise<void> {
    this.#stopped ??= this.#drain();
    return this.#stopped;
  }

  async #drain(): Promise<void> {
    if (this.#inFlight > 0 || this.#resend.length > 0) {
      await new Promise<void>((resolve) => {
        const patience = setTimeout(() => {
          this.#recorder.failed(`no reply within ${DRAIN_MS / 1000} s`);
          resolve();
        }, DRAIN_MS);
        this.#idle = () => {
          clearTimeout(patience);
          resolve();
        };
      });
    }
    this.#connection.close();
  }

  #listen(): void {
    this.#connection.handler = {
      reply: (reply, arrivedAt) => this.#reply(reply, arrivedAt),
      chunkDone: () => this.#chunkDone(),
      closed: (reason) => this.#lost(reason),
    };
  }

  #send(count: number): void {
    const now = performance.now();
    for (let i = 0; i < count; i++) this.#push(now);
    this.#write(count);
  }

  #push(sentAt: number): void {
    this.#sentAt[(this.#oldest + this.#inFlight++) % this.#depth] = sentAt;
  }

  #write(count: number): void {
    const { socket } = this.#connection;
    const pieces = this.#operation.times(count);
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(piece);
    if (pieces.length > 1) socket.uncork();
  }

  #reply(reply: Reply, arrivedAt: number): void {
    if (this.#inFlight === 0) {
      this.#recorder.failed(`a reply that nobody asked for: ${describe(reply)}`);
      return;
    }
    const { checks } = this.#operation;
    const moved = movedTo(reply, this.#connection.address);
    if (moved !== null) {
      this.#movedTo = moved;
      this.#thisOneMoved = true;
    } else this.#wrong ??= (checks[this.#repliesSeen] as (typeof checks)[number])(reply);
    if (++this.#repliesSeen < checks.length) return;
    this.#repliesSeen = 0;
    const sentAt = this.#sentAt[this.#oldest] as number;
    this.#oldest = (this.#oldest + 1) % this.#depth;
    this.#inFlight--;
    if (this.#thisOneMoved) {
      this.#resend.push(sentAt);
    } else {
      this.#freed++;
      if (this.#wrong !== null) this.#recorder.failed(this.#wrong);
      else this.#recorder.completed(arrivedAt - sentAt);
      this.#movedInARow = 0;
    }
    this.#wrong = null;
    this.#thisOneMoved = false;
  }

  #chunkDone(): void {
    if (this.#movedTo !== null) {
      if (this.#inFlight === 0) void this.#move(this.#movedTo);
      return;
    }
    if (this.#stopped !== null) {
      if (this.#inFlight === 0) this.#idle?.();
      return;
    }
    const count = this.#freed;
    this.#freed = 0;
    if (count > 0) this.#send(count);
  }

  async #move(address: Address): Promise<void> {
    this.#movedTo = null;
    this.#recorder.redirects++;
    this.#connection.close();
    try {
      if (++this.#movedInARow > MOST_REDIRECTS_IN_A_ROW)
        throw new Error('MOVED from node to node without end');
      this.#connection = await Connection.connect(address);
    } catch (error) {
      this.#lost(error as Error);
      return;
    }
    this.#listen();
    const again = this.#resend;
    this.#resend = [];
    // A moved operation has waited since it was first sent, the way to the right node included.
    for (const sentAt of again) this.#push(sentAt);
    this.#write(again.length);
    this.#chunkDone();
  }

  #lost(reason: Error): void {
    this.#recorder.failed(reason.message);
    this.#inFlight = 0;
    this.#resend = [];
    this.#idle?.();
  }
}

const pause = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));

/** Runs a closed loop with one connection for each piece of work: warm-up, measurement, drain. @throws Error when a connection fails. */
export async function runLoad(work: readonly ClientWork[], settings: LoadSettings): Promise<LoadResult> {
  const recorder = new Recorder();
  const clients: LoadClient[] = [];
  try {
    for (const { address, operation } of work) {
      const connection = await Connection.connect(address);
      clients.push(new LoadClient(connection, operation, settings.pipeline, recorder));
    }
    for (const client of clients) client.start();
    await pause(settings.warmupSeconds);
    recorder.startMeasuring();
    const before = sample(settings.serverPids);
    await pause(settings.durationSeconds);
    // A time in which nothing was completed tells nothing: it lasts until something is.
    const patience = performance.now() + DRAIN_MS;
    while (recorder.operations + recorder.errors === 0 && performance.now() < patience) await pause(0.02);
    const after = sample(settings.serverPids);
    // Taken before the drain: replies after the end of the time do not count.
    const measurement = recorder.operations === 0 ? null : evaluate(recorder, before, after);
    await Promise.all(clients.map((client) => client.stop()));
    const { errors, firstError, redirects } = recorder;
    return { measurement, errors, firstError, redirects };
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
  }
}

interface Sample {
  readonly at: number;
  readonly server: number | null;
  readonly client: number;
  readonly machine: number | null;
}

function sample(serverPids: readonly number[]): Sample {
  return {
    server: totalCpuSeconds(serverPids),
    client: ownCpuSeconds(),
    machine: machineCpuSeconds(),
    at: performance.now(),
  };
}

const difference = (after: number | null, before: number | null) =>
  after === null || before === null ? null : after - before;

function evaluate(recorder: Recorder, before: Sample, after: Sample): Measurement {
  const { operations, histogram } = recorder;
  const seconds = (after.at - before.at) / 1000;
  const server = difference(after.server, before.server);
  const client = after.client - before.client;
  const other = server === null ? null : difference(after.machine, before.machine);
  const percentile = (p: number) => histogram.getValueAtPercentile(p) / UNITS_PER_US;
  return {
    operations,
    seconds,
    opsPerSecond: operations / seconds,
    meanUs: histogram.mean / UNITS_PER_US,
    p50Us: percentile(50),
    p99Us: percentile(99),
    p999Us: percentile(99.9),
    maxUs: histogram.maxValue / UNITS_PER_US,
    serverCpuUsPerOp: server === null ? null : (server * 1e6) / operations,
    serverCores: server === null ? null : server / seconds,
    clientCpuUsPerOp: (client * 1e6) / operations,
    clientCores: client / seconds,
    // Differences of coarse counters: a little below zero is nothing.
    otherCores: other === null ? null : Math.max(0, other - (server ?? 0) - client) / seconds,
  };
}
