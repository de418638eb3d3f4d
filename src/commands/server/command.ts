import { errors } from '../../errors.ts';
import { MapReply, type Reply, SetReply, SimpleString } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keywordAt, textAt } from '../arguments.ts';
import { type Command, keyPositions } from '../command.ts';
import type { CommandTable } from '../table.ts';

export const command: Command = {
  name: 'command',
  arity: -1,
  flags: ['loading', 'stale'],
  group: 'server',
  summary: 'Describes the commands',
  syntax: '[COUNT | INFO [name ...] | DOCS [name ...] | GETKEYS command [arg ...] | LIST]',
  run({ node }, args) {
    const table = node.commands;
    switch (keywordAt(args, 1)) {
      case '':
        return table.all().map(describe);
      case 'COUNT':
        return table.all().length;
      case 'LIST':
        return table.all().map((c) => c.name);
      case 'INFO':
        return args.length === 2
          ? table.all().map(describe)
          : named(table, args).map((c) => (c ? describe(c) : null));
      case 'DOCS':
        return docs(args.length === 2 ? table.all() : named(table, args).filter((c) => c !== undefined));
      case 'GETKEYS':
        return getKeys(table, args.slice(2));
      default:
        throw errors.unknownSubcommand(textAt(args, 1), 'command');
    }
  },
};

function named(table: CommandTable, args: Arguments): (Command | undefined)[] {
  return args.slice(2).map((name) => table.find(name.toString('latin1')));
}

/** The ten elements of Redis 7's COMMAND INFO. */
function describe(c: Command): Reply {
  const flags = [...c.flags, ...(c.findKeys === undefined ? [] : ['movablekeys'])];
  const keys = c.keys ?? { first: 0, last: 0, step: 0 };
  return [
    ...[c.name, c.arity, new SetReply(flags.map((f) => new SimpleString(f)))],
    ...[keys.first, keys.last, keys.step, new SetReply([]), new SetReply([])],
    new SetReply(c.keys === undefined ? [] : [keySpec(c)]),
    new SetReply([]),
  ];
}

function keySpec(c: Command): Reply {
  const { first, last, step } = c.keys as NonNullable<Command['keys']>;
  const access = c.flags.includes('write') ? ['RW', 'access', 'update'] : ['RO', 'access'];
  if (c.findKeys !== undefined) access.push('incomplete');
  return new MapReply([
    ['flags', new SetReply(access.map((f) => new SimpleString(f)))],
    [
      'begin_search',
      new MapReply([
        ['type', 'index'],
        ['spec', new MapReply([['index', first]])],
      ]),
    ],
    [
      'find_keys',
      new MapReply([
        ['type', 'range'],
        [
          'spec',
          new MapReply([
            ['lastkey', last < 0 ? last : last - first],
            ['keystep', step],
            ['limit', 0],
          ]),
        ],
      ]),
    ],
  ]);
}

function docs(commands: readonly Command[]): Reply {
  return new MapReply(
    commands.map((c): [Reply, Reply] => [
      c.name,
      new MapReply([
        ['summary', c.summary],
        ['since', '1.0.0'],
        ['group', c.group === 'ai' ? 'module' : c.group],
      ]),
    ]),
  );
}

function getKeys(table: CommandTable, args: Arguments): Reply {
  const found = args[0] === undefined ? undefined : table.find(args[0].toString('latin1'));
  if (found === undefined) throw errors.invalidCommandForGetkeys();
  if (!table.arityFits(found, args.length)) throw errors.wrongArgsForGetkeys();
  const keys = keyPositions(found, args).map((i) => Uint8Array.from(args[i] as Buffer));
  if (keys.length === 0) throw errors.noKeysForGetkeys();
  return keys;
}
