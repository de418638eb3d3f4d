import type { Command } from '../commands/command.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** What is counted of one command, and what of its flags the counting needs at every call. */
export class CommandCounts {
  calls = 0;
  /** Refused before it ran. */
  rejected = 0;
  /** Answered with an error. */
  failed = 0;
  readonly isRead: boolean;
  readonly isFast: boolean;
  readonly isMonitored: boolean;
  readonly isLogged: boolean;
  /** Made at the first call: most commands are never used. */
  histogram: LatencyHistogram | null = null;

  constructor({ flags }: Command) {
    this.isRead = flags.includes('readonly');
    this.isFast = flags.includes('fast');
    this.isMonitored = !flags.includes('admin') && !flags.includes('skip_monitor');
    this.isLogged = !flags.includes('skip_slowlog');
  }

  /** Time inside the command, in us. */
  get usec(): number {
    return this.histogram?.sum ?? 0;
  }

  reset(): void {
    this.calls = 0;
    this.rejected = 0;
    this.failed = 0;
    this.histogram = null;
  }

  /** @param us the time it took. */
  ran(us: number, failed: boolean): void {
    this.calls++;
    if (failed) this.failed++;
    this.histogram ??= new LatencyHistogram();
    this.histogram.record(us);
  }
}

/** Counts by command; subcommands count for themselves. */
export class CommandStatistics {
  readonly #counts = new Map<Command, CommandCounts>();

  of(command: Command): CommandCounts {
    let counts = this.#counts.get(command);
    if (counts === undefined) {
      counts = new CommandCounts(command);
      this.#counts.set(command, counts);
    }
    return counts;
  }

  /** The commands that were called or refused, sorted by name. */
  used(): [string, CommandCounts][] {
    return [...this.#counts]
      .filter(([, { calls, rejected }]) => calls > 0 || rejected > 0)
      .map(([command, counts]): [string, CommandCounts] => [command.name, counts])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** In place: CONFIG RESETSTAT itself is under way, and counts. */
  reset(): void {
    for (const counts of this.#counts.values()) counts.reset();
  }
}
