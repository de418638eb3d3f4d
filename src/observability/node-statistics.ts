import type { Traffic } from '../protocol/connection.ts';
import { CommandStatistics } from './command-statistics.ts';
import { RecentErrors } from './recent-errors.ts';

/** Codes that are told apart: a text that comes from inside a backend may begin with anything. */
const MOST_ERROR_CODES = 128;

/** What a node counts since its start or CONFIG RESETSTAT. */
export class NodeStatistics {
  commands = 0;
  connections = 0;
  rejectedConnections = 0;
  errorReplies = 0;
  keyspaceHits = 0;
  keyspaceMisses = 0;
  /** Keys that had expired before RESETSTAT. */
  expiredBefore = 0;
  /** Keys that had been evicted before RESETSTAT. */
  evictedBefore = 0;
  /** The most that the keyspace has held, in bytes. */
  peakBytes = 0;
  readonly traffic: Traffic = { bytesIn: 0, bytesOut: 0 };
  readonly perCommand = new CommandStatistics();
  /** Error replies by their first word. */
  readonly errorCodes = new Map<string, number>();
  readonly recentErrors = new RecentErrors();

  countError(message: string): void {
    this.errorReplies++;
    this.recentErrors.add(message);
    const code = message.split(' ', 1)[0] ?? '';
    const before = this.errorCodes.get(code);
    if (before === undefined && this.errorCodes.size >= MOST_ERROR_CODES) return;
    this.errorCodes.set(code, (before ?? 0) + 1);
  }

  reset(): void {
    this.commands = 0;
    this.connections = 0;
    this.rejectedConnections = 0;
    this.errorReplies = 0;
    this.keyspaceHits = 0;
    this.keyspaceMisses = 0;
    this.traffic.bytesIn = 0;
    this.traffic.bytesOut = 0;
    this.perCommand.reset();
    this.errorCodes.clear();
    this.recentErrors.clear();
  }
}
