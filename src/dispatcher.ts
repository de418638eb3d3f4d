import type { ClientSession } from './client-session.ts';
import type { Command } from './commands/command.ts';
import { errors } from './errors.ts';
import type { NodeContext } from './node-context.ts';
import { type Reply, type ServerError, SimpleString } from './protocol/reply.ts';
import type { Arguments } from './protocol/request-reader.ts';
import { route } from './router.ts';

type Answer = Reply | undefined | Promise<Reply | undefined>;

const QUEUED = new SimpleString('QUEUED');

/** Takes a client's commands to where they run: finds the command, checks what holds for all of them, queues it in a transaction or runs it. */
export class Dispatcher {
  readonly #node: NodeContext;

  constructor(node: NodeContext) {
    this.#node = node;
  }

  /** @throws ServerError with what the client gets. */
  execute(client: ClientSession, args: Arguments): Answer {
    const { counters } = this.#node;
    counters.commands++;
    try {
      const reply = this.#execute(client, args);
      if (!(reply instanceof Promise)) return reply;
      return reply.catch((error: unknown) => {
        counters.errors++;
        throw error;
      });
    } catch (error) {
      counters.errors++;
      throw error;
    }
  }

  #execute(client: ClientSession, args: Arguments): Answer {
    const { transaction } = client;
    let command: Command;
    try {
      command = this.#admit(client, args);
    } catch (error) {
      if (transaction !== null) transaction.broken = true;
      throw error;
    }
    if (transaction !== null && command.runsInMulti !== true) {
      transaction.commands.push({ command, args: args.map(keepArgument) });
      return QUEUED;
    }
    return command.run({ node: this.#node, client, inTransaction: false }, args);
  }

  /** The command, once it is known that this client may run it here and now. */
  #admit(client: ClientSession, args: Arguments): Command {
    const { slots, keyspace, config, access } = this.#node;
    const command = this.#find(client, args);
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
    if (config.maxmemory > 0 && keyspace.usedBytes > config.maxmemory && command.flags.includes('denyoom')) {
      throw errors.outOfMemory();
    }
    return command;
  }

  #find(client: ClientSession, args: Arguments): Command {
    const { commands } = this.#node;
    const name = (args[0] as Buffer).toString('latin1');
    const found = commands.find(name);
    if (found === undefined) throw unknownCommand(args);
    const command = commands.withSubcommand(found, args);
    client.lastCommand = command.name;
    if (!commands.arityFits(command, args.length)) throw errors.wrongArity(command.arityName ?? command.name);
    return command;
  }
}

/** Small arguments are views on the read buffer; what waits has to keep its own. */
function keepArgument(arg: Buffer): Buffer {
  const backing: ArrayBufferLike = arg.buffer;
  return backing instanceof SharedArrayBuffer ? arg : Buffer.from(arg);
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
