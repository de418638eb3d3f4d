import type { Command, CommandContext } from './commands/command.ts';
import type { CommandCounts } from './observability/command-statistics.ts';
import { loggedArguments } from './observability/slow-log.ts';
import { type Reply, ServerError } from './protocol/reply.ts';
import type { Arguments } from './protocol/request-reader.ts';

export type Answer = Reply | undefined | Promise<Reply | undefined>;

interface Call {
  readonly context: CommandContext;
  readonly command: Command;
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
  const { statistics, keyspace, monitors, config } = context.node;
  statistics.commands++;
  const counts = statistics.perCommand.of(command);
  const { hits, misses } = keyspace.lookups;
  const run: Call = { context, command, counts, started: performance.now() };
  const logged = () => loggedArguments(command, args);
  let answer: Answer;
  try {
    answer = command.run(context, args);
  } catch (error) {
    if (counts.isMonitored) monitors.feed(context.client, command, args);
    finish(run, logged, error);
    throw error;
  } finally {
    if (counts.isRead) {
      statistics.keyspaceHits += keyspace.lookups.hits - hits;
      statistics.keyspaceMisses += keyspace.lookups.misses - misses;
    }
  }
  if (counts.isMonitored) monitors.feed(context.client, command, args);
  if (!(answer instanceof Promise)) {
    finish(run, logged, answer instanceof ServerError ? answer : undefined);
    return answer;
  }
  if (command.flags.includes('blocking')) {
    finish(run, logged, undefined);
    return answer.catch((error: unknown) => {
      countError(run, error);
      throw error;
    });
  }
  // The arguments are gone when it ends.
  const kept = config.slowlogSlowerThanUs >= 0 ? logged() : [];
  return answer.then(
    (reply) => {
      finish(run, () => kept, reply instanceof ServerError ? reply : undefined);
      return reply;
    },
    (error: unknown) => {
      finish(run, () => kept, error);
      throw error;
    },
  );
}

function finish(run: Call, logged: () => readonly Uint8Array[], error: unknown): void {
  const { node, client } = run.context;
  const { statistics, config, keyspace } = node;
  const us = (performance.now() - run.started) * 1000;
  run.counts.ran(us, error !== undefined);
  if (error !== undefined) countError(run, error);
  if (keyspace.usedBytes > statistics.peakBytes) statistics.peakBytes = keyspace.usedBytes;
  if (config.slowlogSlowerThanUs >= 0 && us >= config.slowlogSlowerThanUs && run.counts.isLogged) {
    node.slowLog.add(us, logged(), client, config.slowlogMaxLength);
  }
  if (config.latencyThresholdMs > 0 && us >= config.latencyThresholdMs * 1000) {
    node.latency.add(run.counts.isFast ? 'fast-command' : 'command', Math.floor(us / 1000));
  }
}

function countError({ context }: Call, error: unknown): void {
  context.node.statistics.countError(error instanceof ServerError ? error.message : 'ERR');
}
