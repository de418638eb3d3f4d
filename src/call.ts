import type { Command, CommandContext } from './commands/command.ts';
import type { CommandCounts } from './observability/command-statistics.ts';
import { loggedArguments } from './observability/slow-log.ts';
import { type Reply, ServerError } from './protocol/reply.ts';
import type { Arguments } from './protocol/request-reader.ts';

export type Answer = Reply | undefined | Promise<Reply | undefined>;

interface Call {
  readonly context: CommandContext;
  readonly command: Command;
  readonly args: Arguments;
  readonly counts: CommandCounts;
  /** Monotonic ms. */
  readonly started: number;
}

/**
 * Runs a command that was let in, and counts it: INFO, SLOWLOG, LATENCY and MONITOR know of all that runs through here.
 * A command that takes its time counts until its reply is there, a blocking one only until it begins to wait.
 * @throws what the command throws.
 */
export function call(context: CommandContext, command: Command, args: Arguments): Answer {
  const { statistics, keyspace, monitors } = context.node;
  statistics.commands++;
  const counts = statistics.perCommand.of(command);
  const { hits, misses } = keyspace.lookups;
  const run: Call = { context, command, args, counts, started: performance.now() };
  let answer: Answer;
  try {
    answer = command.run(context, args);
  } catch (error) {
    finish(run, error);
    throw error;
  } finally {
    if (counts.isRead) {
      statistics.keyspaceHits += keyspace.lookups.hits - hits;
      statistics.keyspaceMisses += keyspace.lookups.misses - misses;
    }
    if (counts.isMonitored) monitors.feed(context.client, command, args);
  }
  if (answer instanceof Promise) return settle(run, answer);
  finish(run, answer instanceof ServerError ? answer : undefined);
  return answer;
}

function settle(run: Call, answer: Promise<Reply | undefined>): Promise<Reply | undefined> {
  if (run.command.flags.includes('blocking')) {
    finish(run, undefined);
    return answer.catch((error: unknown) => {
      countError(run, error);
      throw error;
    });
  }
  // The arguments are gone when it ends.
  const logged =
    run.context.node.config.slowlogSlowerThanUs >= 0 ? loggedArguments(run.command, run.args) : [];
  return answer.then(
    (reply) => {
      finish(run, reply instanceof ServerError ? reply : undefined, logged);
      return reply;
    },
    (error: unknown) => {
      finish(run, error, logged);
      throw error;
    },
  );
}

function finish(run: Call, error: unknown, logged?: readonly Uint8Array[]): void {
  const { command, counts } = run;
  const { node, client } = run.context;
  const { statistics, config, keyspace } = node;
  const us = (performance.now() - run.started) * 1000;
  counts.ran(us, error !== undefined);
  if (error !== undefined) countError(run, error);
  if (keyspace.usedBytes > statistics.peakBytes) statistics.peakBytes = keyspace.usedBytes;
  if (config.slowlogSlowerThanUs >= 0 && us >= config.slowlogSlowerThanUs && counts.isLogged) {
    node.slowLog.add(us, logged ?? loggedArguments(command, run.args), client, config.slowlogMaxLength);
  }
  if (config.latencyThresholdMs > 0 && us >= config.latencyThresholdMs * 1000) {
    node.latency.add(counts.isFast ? 'fast-command' : 'command', Math.floor(us / 1000));
  }
}

function countError({ context }: Call, error: unknown): void {
  context.node.statistics.countError(error instanceof ServerError ? error.message : 'ERR');
}
