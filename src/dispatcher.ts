import { type Answer, call } from './call.ts';
import type { ClientSession } from './client-session.ts';
import type { Command, CommandFlag } from './commands/command.ts';
import { errors } from './errors.ts';
import type { NodeContext } from './node-context.ts';
import { type Reply, ServerError, SimpleString } from './protocol/reply.ts';
import { type Arguments, keepArgument } from './protocol/request-reader.ts';
import { route } from './router.ts';

const QUEUED = new SimpleString('QUEUED');

/** What a RESP2 client with subscriptions may send: in RESP2 it could not tell other replies from messages. */
const ALLOWED_WHILE_SUBSCRIBED = new Set([
  ...['subscribe', 'psubscribe', 'ssubscribe', 'unsubscribe', 'punsubscribe', 'sunsubscribe'],
  ...['ping', 'quit', 'reset'],
]);

/** What a client may do in a transaction when memory is full. */
const END_TRANSACTION = new Set(['exec', 'discard', 'quit', 'reset']);

/** Takes a client's commands to where they run: finds the command, checks what holds for all of them, queues it in a transaction or runs it. */
export class Dispatcher {
  readonly #node: NodeContext;

  constructor(node: NodeContext) {
    this.#node = node;
  }

  /** @throws ServerError with what the client gets. */
  execute(client: ClientSession, args: Arguments): Answer {
    const { transaction } = client;
    let command: Command;
    try {
      command = this.#find(client, args);
      this.#admit(client, command, args);
    } catch (error) {
      if (transaction !== null) transaction.broken = true;
      throw error;
    }
    if (this.#node.pause.holds(command, transaction)) return this.#afterPause(client, args.map(keepArgument));
    if (transaction !== null && command.runsInMulti !== true) {
      transaction.commands.push({ command, args: args.map(keepArgument) });
      return QUEUED;
    }
    try {
      return call({ node: this.#node, client, inTransaction: false }, command, args);
    } finally {
      this.#node.waiters.serve();
    }
  }

  /** The command that the arguments name, once it is known that they are enough. */
  #find(client: ClientSession, args: Arguments): Command {
    const { commands, statistics } = this.#node;
    const name = (args[0] as Buffer).toString('latin1');
    const found = commands.find(name);
    let command: Command | undefined;
    try {
      if (found === undefined) throw unknownCommand(args);
      command = commands.withSubcommand(found, args);
    } catch (error) {
      if (error instanceof ServerError) statistics.countError(error.message);
      throw error;
    }
    client.lastCommand = command.name;
    return command;
  }

  /** @throws ServerError where this client may not run the command here and now. */
  #admit(client: ClientSession, command: Command, args: Arguments): void {
    const { statistics } = this.#node;
    try {
      this.#check(client, command, args);
    } catch (error) {
      statistics.perCommand.of(command).rejected++;
      if (!(error instanceof ServerError)) throw error;
      const refusal = command.name === 'exec' ? abort(client, error) : error;
      statistics.countError(refusal.message);
      throw refusal;
    }
  }

  #check(client: ClientSession, command: Command, args: Arguments): void {
    const { commands, slots, keyspace, memory, access, persistence } = this.#node;
    if (!commands.arityFits(command, args.length)) throw errors.wrongArity(command.arityName ?? command.name);
    if (client.transaction !== null && command.flags.includes('no_multi')) throw errors.notInTransaction();
    access.admit(client, command, args);
    if (slots !== null) {
      const wasAsking = client.asking;
      try {
        route(slots, keyspace, client, command, args);
      } finally {
        if (wasAsking) client.asking = false;
      }
    }
    if (memory.enforce() && takesMemory(client, command)) throw errors.outOfMemory();
    if (persistence?.error != null && has(client, command, 'write')) {
      throw errors.misconf(persistence.error.message);
    }
    if (client.monitoring && (command.flags.includes('write') || command.flags.includes('readonly'))) {
      throw errors.monitorTouchesKeys();
    }
    if (
      client.subscriptions > 0 &&
      client.writer.protocol === 2 &&
      !ALLOWED_WHILE_SUBSCRIBED.has(command.name)
    ) {
      throw errors.notWhileSubscribed(command.name);
    }
  }

  /** Begins anew: what was checked may have changed meanwhile. */
  async #afterPause(client: ClientSession, args: Arguments): Promise<Reply | undefined> {
    await this.#node.pause.over();
    return client.closed || client.closing ? undefined : this.execute(client, args);
  }
}

/** Whether the command has the flag, or EXEC is to run one that has. */
function has({ transaction }: ClientSession, command: Command, flag: CommandFlag): boolean {
  if (command.flags.includes(flag)) return true;
  if (command.name !== 'exec' || transaction === null) return false;
  return transaction.commands.some((queued) => queued.command.flags.includes(flag));
}

/** Whether the command may take memory, as any does that a transaction would queue. */
function takesMemory(client: ClientSession, command: Command): boolean {
  if (client.transaction !== null && !END_TRANSACTION.has(command.name)) return true;
  return has(client, command, 'denyoom');
}

/** What EXEC answers that is refused itself; a transaction is over with it. */
function abort(client: ClientSession, refusal: ServerError): ServerError {
  client.transaction = null;
  client.unwatch();
  return errors.execRefused(refusal.message.replace(/^ERR /, ''));
}

/** Redis shows the first arguments, 128 bytes of each and of all. */
function unknownCommand(args: Arguments): ServerError {
  const shown: string[] = [];
  let length = 0;
  for (const arg of args.slice(1)) {
    if (length >= 128) break;
    const text = arg.toString('utf8', 0, 128 - length);
    shown.push(text);
    length += text.length + 3;
  }
  return errors.unknownCommand(args[0]?.toString('utf8', 0, 128) ?? '', ...shown);
}
