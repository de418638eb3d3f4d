export interface LatencyEvent {
  /** [Unix time in seconds, ms], oldest first: the slowest of each second. */
  readonly samples: [number, number][];
  /** The slowest ever, in ms. */
  slowest: number;
}

/** Redis's length of an event's history. */
const MOST_SAMPLES = 160;

/** Spikes by event, where latency-monitor-threshold asks for them. */
export class LatencyMonitor {
  readonly #events = new Map<string, LatencyEvent>();

  add(event: string, ms: number): void {
    const now = Math.floor(Date.now() / 1000);
    const found = this.#events.get(event) ?? { samples: [], slowest: 0 };
    this.#events.set(event, found);
    found.slowest = Math.max(found.slowest, ms);
    const last = found.samples.at(-1);
    if (last?.[0] === now) {
      last[1] = Math.max(last[1], ms);
      return;
    }
    found.samples.push([now, ms]);
    if (found.samples.length > MOST_SAMPLES) found.samples.shift();
  }

  events(): ReadonlyMap<string, LatencyEvent> {
    return this.#events;
  }

  /** @returns how many of the events there were; without names all go. */
  reset(names: readonly string[]): number {
    const gone = names.length === 0 ? [...this.#events.keys()] : names;
    return gone.filter((name) => this.#events.delete(name)).length;
  }
}
