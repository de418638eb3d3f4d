import { call } from '../../call.ts';
import { errors, ServerError } from '../../errors.ts';
import { NULL_ARRAY, type Reply } from '../../protocol/reply.ts';
import type { Command, CommandContext } from '../command.ts';

export const exec: Command = {
  name: 'exec',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
  runsInMulti: true,
  group: 'transactions',
  summary: 'Runs the queued commands, nothing in between; null when a watched key has changed',
  syntax: '',
  run({ node, client }) {
    const { transaction, watchedChanged } = client;
    if (transaction === null) throw errors.execWithoutMulti();
    client.transaction = null;
    client.unwatch();
    if (transaction.broken) throw errors.execAborted();
    if (watchedChanged) return NULL_ARRAY;
    const replies: Reply[] = [];
    const context: CommandContext = { node, client, inTransaction: true };
    let rest = Promise.resolve();
    let waits = false;
    transaction.commands.forEach(({ command, args }, index) => {
      const answer = attempt(() => {
        node.access.admitQueued(client, command, args);
        return call(context, command, args);
      });
      if (!(answer instanceof Promise)) {
        replies[index] = answer ?? null;
        return;
      }
      // Only storing models and scripts takes time here; the commands themselves have all begun, in order.
      waits = true;
      rest = Promise.all([rest, answer.then((reply) => (replies[index] = reply))]).then(() => {});
    });
    return waits ? rest.then(() => replies) : replies;
  },
};

/** The answer, where a ServerError is one like any other. Anything else is a bug and passes. */
function attempt(run: () => Reply | undefined | Promise<Reply | undefined>): Reply | Promise<Reply> {
  const asReply = (error: unknown): Reply => {
    if (error instanceof ServerError) return error;
    throw error;
  };
  try {
    const answer = run();
    return answer instanceof Promise ? answer.then((reply) => reply ?? null, asReply) : (answer ?? null);
  } catch (error) {
    return asReply(error);
  }
}
