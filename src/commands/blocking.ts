import { errors } from '../errors.ts';
import type { KeyName, ValueType } from '../keyspace/keyspace.ts';
import { NULL_ARRAY, type Reply } from '../protocol/reply.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import type { CommandContext } from './command.ts';
import { parseDouble } from './doubles.ts';

/** What a blocking command waits for. */
export interface BlockingPop {
  readonly keys: readonly KeyName[];
  /** Keys that hold another type are an error when the command arrives, and passed over while it waits. */
  readonly type: ValueType;
  /** 0: for ever. */
  readonly timeoutMs: number;
  /** Takes from the key; undefined where there is nothing. @throws ServerError where it cannot: that is the answer then. */
  readonly take: (key: KeyName) => Reply | undefined;
  /** The answer inside EXEC, where nothing may wait; the null array where absent. */
  readonly inTransaction?: Reply;
}

/** Takes from the first key that has something, else waits until one of them has, the time is over, or CLIENT UNBLOCK ends it. */
export function takeOrWait(context: CommandContext, pop: BlockingPop): Reply | Promise<Reply> {
  for (const key of pop.keys) {
    const reply = pop.take(key);
    if (reply !== undefined) return reply;
  }
  if (context.inTransaction) return pop.inTransaction === undefined ? NULL_ARRAY : pop.inTransaction;
  return new Promise((resolve, reject) => wait(context, pop, resolve, reject));
}

function wait(
  { node, client }: CommandContext,
  { keys, type, timeoutMs, take }: BlockingPop,
  resolve: (reply: Reply) => void,
  reject: (error: unknown) => void,
): void {
  const attempt = (key: KeyName) => {
    // A client that was killed in this turn is still listed, and would take an element with it.
    if (client.closing || node.keyspace.get(key)?.type !== type) return;
    let reply: Reply | undefined;
    try {
      reply = take(key);
    } catch (error) {
      end();
      reject(error);
      return;
    }
    if (reply === undefined) return;
    end();
    resolve(reply);
  };
  const timeOut = () => {
    end();
    resolve(NULL_ARRAY);
  };
  const end = () => {
    leave();
    cancelTimer();
    forget();
    client.blocked = null;
  };
  const leave = node.waiters.wait(keys, attempt);
  const cancelTimer = timeoutMs === 0 ? () => {} : after(timeoutMs, timeOut);
  const forget = client.onClose(timeOut);
  client.blocked = {
    timeOut,
    fail: () => {
      end();
      reject(errors.unblocked());
    },
  };
}

/** Longest time that a timer takes; a longer one is made of several. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @returns a function that cancels the call. */
function after(ms: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (rest: number) => {
    timer = setTimeout(
      () => (rest > MAX_TIMER_MS ? arm(rest - MAX_TIMER_MS) : callback()),
      Math.min(rest, MAX_TIMER_MS),
    );
  };
  arm(ms);
  return () => clearTimeout(timer);
}

const INT64_MAX = 2 ** 63;

/**
 * The timeout at `index`, decimal seconds, as ms; a fraction of one counts whole.
 * @throws ServerError where it is no number or negative, or too long, which Redis 7.0 also calls negative.
 */
export function timeoutAt(args: Arguments, index: number): number {
  const seconds = parseDouble(args[index]?.toString('latin1') ?? '');
  if (seconds === undefined) throw errors.timeoutNotAFloat();
  const ms = Math.ceil(seconds * 1000);
  if (ms < 0 || ms >= INT64_MAX) throw errors.timeoutNegative();
  return ms;
}
