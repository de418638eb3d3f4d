import type { Keyspace } from './keyspace/keyspace.ts';
import type { RuntimeConfig } from './node-context.ts';
import type { LatencyMonitor } from './observability/latency-monitor.ts';

/** After so many evictions the clock is looked at. */
const EVICTIONS_BETWEEN_LOOKS = 16;

/** `unfinished`: there is more to evict, in later turns. */
type Outcome = 'below' | 'unfinished' | 'full';

/** Keeps a node below maxmemory: by its policy it evicts keys, a slice of time at once, until there is room or nothing to evict. */
export class MemoryLimit {
  readonly #keyspace: Keyspace;
  readonly #config: RuntimeConfig;
  readonly #latency: LatencyMonitor;
  #full = false;
  #scheduled: NodeJS.Immediate | null = null;
  /** Monotonic ms; null while memory is below the limit. */
  #exceededSince: number | null = null;
  #exceededBeforeMs = 0;

  constructor(keyspace: Keyspace, config: RuntimeConfig, latency: LatencyMonitor) {
    this.#keyspace = keyspace;
    this.#config = config;
    this.#latency = latency;
  }

  /** Whether memory was full, with nothing to evict, when the command under way began. */
  get full(): boolean {
    return this.#full;
  }

  /** How long memory has been above the limit, in ms: now, and in all. */
  get exceeded(): { readonly currentMs: number; readonly totalMs: number } {
    const currentMs = this.#exceededSince === null ? 0 : performance.now() - this.#exceededSince;
    return { currentMs, totalMs: this.#exceededBeforeMs + currentMs };
  }

  resetStatistics(): void {
    this.#exceededSince = null;
    this.#exceededBeforeMs = 0;
  }

  /** Makes room, for the time of one slice; what is left to do is done in later turns. @returns `full`. */
  enforce(): boolean {
    const outcome = this.#makeRoom();
    this.#full = outcome === 'full';
    if (outcome === 'below') this.#endExceeding();
    else this.#exceededSince ??= performance.now();
    if (outcome === 'unfinished') this.enforceSoon();
    return this.#full;
  }

  enforceSoon(): void {
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = null;
      this.enforce();
    });
  }

  close(): void {
    if (this.#scheduled !== null) clearImmediate(this.#scheduled);
  }

  get #isAbove(): boolean {
    const { maxmemory } = this.#config;
    return maxmemory > 0 && this.#keyspace.usedBytes > maxmemory;
  }

  #makeRoom(): Outcome {
    if (!this.#isAbove) return 'below';
    const { maxmemoryPolicy: policy, maxmemorySamples, evictionTenacity, latencyThresholdMs } = this.#config;
    if (policy === 'noeviction') return 'full';
    const started = performance.now();
    const until = started + sliceMs(evictionTenacity);
    let outcome: Outcome | undefined;
    for (let evicted = 1; outcome === undefined; evicted++) {
      if (!this.#keyspace.evict(policy, maxmemorySamples)) outcome = 'full';
      else if (!this.#isAbove) outcome = 'below';
      else if (evicted % EVICTIONS_BETWEEN_LOOKS === 0 && performance.now() >= until) outcome = 'unfinished';
    }
    const ms = performance.now() - started;
    if (latencyThresholdMs > 0 && ms >= latencyThresholdMs)
      this.#latency.add('eviction-cycle', Math.floor(ms));
    return outcome;
  }

  #endExceeding(): void {
    if (this.#exceededSince === null) return;
    this.#exceededBeforeMs += performance.now() - this.#exceededSince;
    this.#exceededSince = null;
  }
}

/** How long eviction may hold up others at a time, as Redis reckons it from maxmemory-eviction-tenacity (evict.c, evictionTimeLimitUs). */
function sliceMs(tenacity: number): number {
  if (tenacity >= 100) return Number.POSITIVE_INFINITY;
  return tenacity <= 10 ? 0.05 * tenacity : 0.5 * 1.15 ** (tenacity - 10);
}
