import slotOf from 'cluster-key-slot';
import { call } from '../call.ts';
import { type Command, type CommandContext, keyPositions } from '../commands/command.ts';
import { errors, ServerError } from '../errors.ts';
import type { Reply } from '../protocol/reply.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { route } from '../router.ts';

/** A script that is running, on behalf of a client. */
export interface ScriptRun {
  readonly context: CommandContext;
  readonly readOnly: boolean;
  readonly allowCrossSlotKeys: boolean;
  /** The hash slot of its keys; -1 until there is one. */
  slot: number;
  readonly mayExceedMemory: boolean;
  /** Set by its first write: from then on neither memory nor the disk stops it half-way. */
  hasWritten: boolean;
  /** The protocol that replies are converted from: redis.setresp. */
  protocol: 2 | 3;
}

/** Commands that do not write here, but to other nodes. */
const REPLICATED = ['publish', 'spublish'];

/**
 * Runs a command for a script, after the checks that Redis makes of such.
 * @throws ServerError with Redis's text.
 */
export function callFromScript(run: ScriptRun, args: Arguments): Reply {
  const { node } = run.context;
  const command = admitFromScript(run, args);
  const writes = command.flags.includes('write');
  if (run.readOnly && (writes || REPLICATED.includes(command.name))) throw errors.scriptReadOnly();
  if (!run.hasWritten) {
    const diskError = node.persistence?.error;
    if (writes && diskError != null) throw errors.misconf(diskError.message);
    // As it was when the script began: what has filled it since is the script's own.
    const isFull = node.memory.full && !run.mayExceedMemory;
    if (isFull && command.flags.includes('denyoom')) throw errors.outOfMemory();
  }
  if (writes) run.hasWritten = true;
  const reply = call(run.context, command, args);
  if (!(reply instanceof Promise)) return reply ?? null;
  // A script waits for nothing. Commands that take time refuse by themselves; their answer comes too late to be shown.
  reply.catch(() => {});
  throw errors.runInTransaction();
}

/** The command, where the script's user may run it on those keys. @throws ServerError with Redis's text. */
export function admitFromScript(run: ScriptRun, args: Arguments): Command {
  const { node, client } = run.context;
  const command = find(run, args);
  if (command.flags.includes('noscript')) throw errors.scriptNotAllowed();
  node.access.admitFromScript(client, command, args);
  checkSlot(run, command, args);
  return command;
}

/** Whether the script's user may run the command. @throws ServerError where there is no such command. */
export function isPermitted({ context: { node, client } }: ScriptRun, args: Arguments): boolean {
  const found = node.commands.find(args[0]?.toString('latin1') ?? '');
  if (found === undefined) throw errors.scriptAclCommand();
  return client.user.check(node.commands.withSubcommand(found, args), args) === null;
}

function find({ context: { node } }: ScriptRun, args: Arguments): Command {
  const found = node.commands.find((args[0] as Buffer).toString('latin1'));
  if (found === undefined) throw errors.scriptUnknownCommand();
  let command = found;
  try {
    command = node.commands.withSubcommand(found, args);
  } catch {
    throw errors.scriptUnknownCommand();
  }
  if (!node.commands.arityFits(command, args.length)) throw errors.scriptArity();
  return command;
}

/** A script runs where its keys are: others it cannot reach. */
function checkSlot(run: ScriptRun, command: Command, args: Arguments): void {
  const { node, client: caller } = run.context;
  const { slots, keyspace } = node;
  if (slots === null) return;
  const positions = keyPositions(command, args);
  const first = positions[0];
  if (first === undefined) return;
  const slot = slotOf(args[first] as Buffer);
  // The slot of the declared keys was let in, by ASKING where it is still on its way to this node.
  const client = { asking: slot === run.slot, origin: caller.origin };
  try {
    route(slots, keyspace, client, command, args);
  } catch (error) {
    if (error instanceof ServerError) throw errors.scriptForeignKey();
    throw error;
  }
  if (run.allowCrossSlotKeys) return;
  if (run.slot < 0) run.slot = slot;
  else if (run.slot !== slot) throw errors.scriptCrossSlot();
}
