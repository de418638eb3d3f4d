import { readdirSync } from 'node:fs';
import { type Address, Connection } from '../connection.ts';
import { machineCpuSeconds, ownCpuSeconds, processCpuSeconds } from '../process-cpu.ts';
import type { Recorder } from './recorder.ts';

/** What is looked at once a second. Bytes, microseconds. */
export interface Sample {
  readonly second: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly usedBytes: number;
  readonly logBytes: number;
  readonly keys: number;
  readonly clients: number;
  readonly sessions: number;
  readonly queued: number;
  /** Open files and sockets of the node's process; -1 where /proc does not tell. */
  readonly descriptors: number;
  readonly operations: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** The longest of the second's PINGs, sent every 20 ms on a connection of their own: how long the node's event loop was busy with others. */
  readonly loopDelayUs: number;
  /** Cores that neither the node nor this process used, -1 where /proc does not tell: with many of them latencies say little. */
  readonly otherCores: number;
}

const PING_EVERY_MS = 20;

/** Looks at a node from outside, as any client can. */
export class Sampler {
  readonly #info: Connection;
  readonly #ping: Connection;
  readonly #recorder: Recorder;
  #longestPingMs = 0;
  #pid = 0;
  #stopped = false;
  #otherCpu: { readonly at: number; readonly seconds: number } | null = null;

  private constructor(info: Connection, ping: Connection, recorder: Recorder) {
    this.#info = info;
    this.#ping = ping;
    this.#recorder = recorder;
  }

  static async connect(address: Address, recorder: Recorder): Promise<Sampler> {
    const sampler = new Sampler(
      await Connection.connect(address),
      await Connection.connect(address),
      recorder,
    );
    void sampler.#pingOnAndOn();
    return sampler;
  }

  async sample(second: number): Promise<Sample> {
    const text = String(await this.#info.call('INFO', 'everything'));
    const field = (name: string) => Number(new RegExp(`^${name}:(.*)\\r$`, 'm').exec(text)?.[1] ?? -1);
    this.#pid = field('process_id');
    const { operations, p50Us, p99Us } = this.#recorder.takeSecond();
    const loopDelayUs = Math.round(this.#longestPingMs * 1000);
    this.#longestPingMs = 0;
    return {
      second,
      rssBytes: field('used_memory_rss'),
      heapBytes: field('v8_heap_used'),
      usedBytes: field('used_memory'),
      logBytes: field('aof_current_size'),
      keys: Number(/^db0:keys=(\d+)/m.exec(text)?.[1] ?? 0),
      clients: field('connected_clients'),
      sessions: field('ai_sessions'),
      queued: field('ai_queue_length'),
      descriptors: this.#descriptors(),
      operations,
      p50Us,
      p99Us,
      loopDelayUs,
      otherCores: this.#otherCores(),
    };
  }

  /** Deletes all keys. */
  async empty(): Promise<void> {
    await this.#info.call('FLUSHALL');
  }

  close(): void {
    this.#stopped = true;
    this.#info.close();
    this.#ping.close();
  }

  #descriptors(): number {
    try {
      return readdirSync(`/proc/${this.#pid}/fd`).length;
    } catch {
      return -1;
    }
  }

  /** Since the last call. */
  #otherCores(): number {
    const [machine, node] = [machineCpuSeconds(), processCpuSeconds(this.#pid)];
    if (machine === null || node === null) return -1;
    const before = this.#otherCpu;
    const now = { at: performance.now(), seconds: machine - node - ownCpuSeconds() };
    this.#otherCpu = now;
    if (before === null) return -1;
    const cores = (1000 * (now.seconds - before.seconds)) / (now.at - before.at);
    return Math.max(0, Math.round(cores * 100) / 100);
  }

  async #pingOnAndOn(): Promise<void> {
    while (!this.#stopped) {
      const started = performance.now();
      try {
        await this.#ping.call('PING');
      } catch (error) {
        if (!this.#stopped) this.#recorder.failed(`PING: ${(error as Error).message}`);
        return;
      }
      this.#longestPingMs = Math.max(this.#longestPingMs, performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, PING_EVERY_MS));
    }
  }
}

export const COLUMNS = [
  ...['second', 'rssBytes', 'heapBytes', 'usedBytes', 'logBytes', 'keys', 'clients', 'sessions', 'queued'],
  ...['descriptors', 'operations', 'p50Us', 'p99Us', 'loopDelayUs', 'otherCores'],
] as readonly (keyof Sample)[];

/** The samples as comma-separated values, names in the first line. */
export function asCsv(samples: readonly Sample[]): string {
  const lines = samples.map((sample) => COLUMNS.map((column) => sample[column]).join(','));
  return `${[COLUMNS.join(','), ...lines].join('\n')}\n`;
}
