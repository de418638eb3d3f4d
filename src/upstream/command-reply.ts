import type { ClientSession } from '../client-session.ts';
import { aiCommands } from '../commands/ai/index.ts';
import { command } from '../commands/server/command/index.ts';
import { CommandTable } from '../commands/table.ts';
import type { NodeContext } from '../node-context.ts';
import { ServerError } from '../protocol/reply.ts';
import { encodeReply } from '../protocol/reply-writer.ts';
import { isError } from './reply-kinds.ts';
import { formatReply, parseReply, type ReplyNode } from './reply-tree.ts';

const COMMAND_TABLE = new CommandTable([command]);
const AI_TABLE = new CommandTable(aiCommands);
/** What COMMAND GETKEYS says of a command that Redis does not know. */
const UNKNOWN_COMMAND = '-ERR Invalid command specified';

type Merge = (theirs: ReplyNode, own: ReplyNode) => void;

const MERGES: Readonly<Record<string, Merge>> = {
  command: append,
  'command|list': append,
  'command|docs': append,
  'command|info': (theirs, own) => {
    for (const [i, item] of (own.items ?? []).entries()) {
      if (item.items !== null && theirs.items !== null) theirs.items[i] = item;
    }
  },
  'command|count': (theirs, own) => {
    theirs.head = String(Number(theirs.head) + Number(own.head));
  },
};

/**
 * What COMMAND and its subcommands answer where a Redis stands behind: its own reply with the AI commands, which it does not know, as if it had
 * them as a module.
 * @param args of COMMAND.
 */
export function withAiCommands(
  reply: Buffer,
  args: readonly Buffer[],
  node: NodeContext,
  client: ClientSession,
): Buffer {
  const asked = COMMAND_TABLE.subcommandOf(command, [...args]);
  const own = Object.create(node, { commands: { value: AI_TABLE } }) as NodeContext;
  const isUnknown = reply.toString('latin1', 0, UNKNOWN_COMMAND.length) === UNKNOWN_COMMAND;
  if (asked === undefined || (isError(reply) && !isUnknown)) return reply;
  const answer = (): Buffer => {
    let said: ReturnType<typeof asked.run>;
    try {
      said = asked.run({ node: own, client, inTransaction: false }, [...args]);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      said = error;
    }
    return encodeReply(said as Exclude<typeof said, Promise<unknown> | undefined>, client.writer.protocol);
  };
  if (isUnknown) return AI_TABLE.find(args[2]?.toString('latin1') ?? '') === undefined ? reply : answer();
  const merge = MERGES[asked.name === 'command|info' && args.length === 2 ? 'command' : asked.name];
  if (merge === undefined) return reply;
  const tree = parseReply(reply);
  merge(tree, parseReply(answer()));
  return formatReply(tree);
}

function append(theirs: ReplyNode, own: ReplyNode): void {
  if (theirs.items === null || own.items === null) return;
  theirs.items.push(...own.items);
  theirs.head = String(theirs.items.length / (theirs.type === '%' ? 2 : 1));
}
