import { errors } from '../../errors.ts';
import type { NodeContext } from '../../node-context.ts';
import { MapReply, OK } from '../../protocol/reply.ts';
import { keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { globMatcher } from '../keys/glob.ts';
import { parseBytes } from './sizes.ts';

interface Setting {
  readonly read: (node: NodeContext) => string;
  /** Absent where it cannot be changed while running. Throws an Error that says why a value is refused. */
  readonly write?: (node: NodeContext, value: string) => void;
}

/** How long a script may run, ms; Redis 7 has two names for it. */
const LUA_TIME_LIMIT: Setting = {
  read: (node) => String(node.config.luaTimeLimitMs),
  write: (node, value) => {
    node.config.luaTimeLimitMs = naturalNumber(value);
  },
};

const SETTINGS: Record<string, Setting> = {
  maxmemory: {
    read: (node) => String(node.config.maxmemory),
    write: (node, value) => {
      node.config.maxmemory = parseBytes(value);
    },
  },
  'maxmemory-policy': {
    read: () => 'noeviction',
    write: (_, value) => {
      if (value !== 'noeviction') throw new Error('only noeviction is available');
    },
  },
  maxclients: {
    read: (node) => String(node.config.maxclients),
    write: (node, value) => {
      node.config.maxclients = positiveInteger(value);
    },
  },
  'proto-max-bulk-len': {
    read: (node) => String(node.config.protoMaxBulkLen),
    write: (node, value) => {
      node.config.protoMaxBulkLen = parseBytes(value);
    },
  },
  'lua-time-limit': LUA_TIME_LIMIT,
  'busy-reply-threshold': LUA_TIME_LIMIT,
  'cluster-enabled': { read: (node) => (node.slots === null ? 'no' : 'yes') },
  port: { read: (node) => String(node.port) },
  bind: { read: (node) => node.host },
  dir: { read: (node) => node.dataDirectory },
  databases: { read: () => '1' },
  // What redis-benchmark asks for; there is no such file.
  save: { read: () => '' },
  appendonly: { read: () => 'no' },
};

function naturalNumber(value: string): number {
  if (!/^-?\d+$/.test(value)) throw new Error("argument couldn't be parsed into an integer");
  const number = Number(value);
  if (number < 0 || !Number.isSafeInteger(number)) {
    throw new Error('argument must be between 0 and 9223372036854775807 inclusive');
  }
  return number;
}

function positiveInteger(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new Error('argument must be a positive integer');
  return Number(value);
}

export const config: Command = {
  name: 'config',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: "Reads or changes this node's settings",
  syntax: 'GET pattern [pattern ...] | SET name value [name value ...] | RESETSTAT',
  run({ node }, args) {
    switch (keywordAt(args, 1)) {
      case 'GET': {
        if (args.length < 3) throw errors.invalidSubcommandArity('config|get');
        const matchers = args.slice(2).map((_, i) => globMatcher(textAt(args, i + 2).toLowerCase()));
        const found = Object.entries(SETTINGS).filter(([name]) => matchers.some((matches) => matches(name)));
        return new MapReply(found.map(([name, setting]) => [name, setting.read(node)]));
      }
      case 'SET':
        if (args.length < 4 || args.length % 2 !== 0) throw errors.invalidSubcommandArity('config|set');
        for (let i = 2; i < args.length; i += 2) {
          change(node, textAt(args, i).toLowerCase(), textAt(args, i + 1));
        }
        return OK;
      case 'RESETSTAT':
        Object.assign(node.counters, { commands: 0, connections: 0, rejectedConnections: 0, errors: 0 });
        return OK;
      default:
        throw errors.unknownSubcommand(textAt(args, 1), 'config');
    }
  },
};

function change(node: NodeContext, name: string, value: string): void {
  const setting = SETTINGS[name];
  if (setting === undefined) throw errors.configUnknown(name);
  if (setting.write === undefined) throw errors.configInvalid(name, "can't set immutable config");
  try {
    setting.write(node, value);
  } catch (error) {
    throw errors.configInvalid(name, error instanceof Error ? error.message : String(error));
  }
}
