import type { ClientSession } from '../client-session.ts';
import type { NodeContext } from '../node-context.ts';
import type { Reply } from '../protocol/reply.ts';
import type { Arguments } from '../protocol/request-reader.ts';

export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'fast'
  | 'loading'
  | 'stale'
  | 'no_auth'
  | 'noscript'
  | 'module'
  | 'blocking'
  | 'pubsub'
  | 'asking'
  | 'no_multi'
  | 'allow_busy'
  | 'no_async_loading'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'no_mandatory_keys'
  /** Not shown by COMMAND: may reach others although it writes no key, so that CLIENT PAUSE WRITE holds it. */
  | 'may_replicate';

/** Redis's groups of commands, and `ai`. */
export type CommandGroup =
  | 'ai'
  | 'generic'
  | 'string'
  | 'hash'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'transactions'
  | 'pubsub'
  | 'scripting'
  | 'connection'
  | 'server'
  | 'cluster';

/** Where a command's keys are, in the terms of COMMAND: positions in the argument list, the name at 0. */
export interface KeyRange {
  readonly first: number;
  /** Negative counts from the end: -1 is the last argument. */
  readonly last: number;
  readonly step: number;
}

/** Where the channels that a command names are. */
export interface ChannelRange extends KeyRange {
  /** Shard channels hash to slots and are routed like keys. */
  readonly sharded?: true;
  readonly patterns?: true;
}

/** What COMMAND INFO says of keys: how the command uses them (RO, RW, OW, RM and what follows from it), and what a client has to know. */
export type KeyFlag =
  | 'RO'
  | 'RW'
  | 'OW'
  | 'RM'
  | 'access'
  | 'update'
  | 'insert'
  | 'delete'
  /** Routed like a key, but none. */
  | 'not_key'
  /** The rule may miss keys: a client has to ask with COMMAND GETKEYS. */
  | 'incomplete';

/**
 * A rule of COMMAND INFO to find keys by (https://redis.io/docs/latest/develop/reference/key-specs/): where to begin, at an argument or behind a
 * keyword, and from there either a range of keys or a count with as many keys behind it.
 */
export interface KeySpec {
  readonly begin: { readonly index: number } | { readonly keyword: string; readonly startFrom: number };
  /** `lastKey` counts from the beginning, negative from the end of the arguments. */
  readonly find: { readonly lastKey: number; readonly step: number } | 'counted';
  /** Absent: read, and changed too where the command has the flag `write`. */
  readonly flags?: readonly KeyFlag[];
}

/** One command: everything that COMMAND, routing, arity errors and docs/commands.md say of it comes from here. */
export interface Command {
  /** In lower case; of a subcommand `config|get`. */
  readonly name: string;
  /** Number of arguments with the name; negative: at least that many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** Keys at fixed places; absent where there are none. */
  readonly keys?: KeyRange;
  /** Positions of all keys where they depend on the arguments. Must not throw on bad input: what it cannot read it leaves out. */
  readonly findKeys?: (args: Arguments) => number[];
  /** How a client finds the keys itself, where `keys` does not say it all. */
  readonly keySpecs?: readonly KeySpec[];
  readonly channels?: ChannelRange;
  /** Positions of passwords and the like, which MONITOR and SLOWLOG do not show. */
  readonly secrets?: (args: Arguments) => readonly number[];
  readonly group: CommandGroup;
  /** Runs at once between MULTI and EXEC, instead of being queued. */
  readonly runsInMulti?: true;
  readonly summary: string;
  /** The Redis version that brought it; absent: 1.0.0. */
  readonly since?: string;
  /** The arguments as the reference shows them. */
  readonly syntax: string;
  /** The name as the arity error shows it, where it is not the lower-case one (some RedisAI commands). */
  readonly arityName?: string;
  /** Commands that the second argument chooses from; the command itself then only runs when there is none. */
  readonly subcommands?: readonly Command[];
  /**
   * Runs the command. Arguments below the large-bulk size are only valid until this returns: an asynchronous command parses first.
   * Undefined: no reply.
   * @throws ServerError with the text the client gets.
   */
  readonly run: (context: CommandContext, args: Arguments) => Reply | undefined | Promise<Reply | undefined>;
}

export interface CommandContext {
  readonly node: NodeContext;
  readonly client: ClientSession;
  /** Set inside EXEC and scripts: nothing may wait there, so blocking commands answer as if their time was over, and models do not run. */
  readonly inTransaction: boolean;
  /** Set inside scripts, where the reply has to be there at once: what has to be loaded is refused too. */
  readonly inScript?: true;
}

/** The keys' positions for these arguments. */
export function keyPositions(command: Command, args: Arguments): number[] {
  if (command.findKeys !== undefined) return command.findKeys(args);
  return command.keys === undefined ? [] : positionsIn(command.keys, args);
}

/** The positions that these arguments have in the range. */
export function positionsIn({ first, last, step }: KeyRange, args: Arguments): number[] {
  const end = last < 0 ? args.length + last : last;
  const positions: number[] = [];
  for (let i = first; i <= end && i < args.length; i += step) positions.push(i);
  return positions;
}
