import { errors } from '../../errors.ts';
import type { NodeContext } from '../../node-context.ts';
import { MapReply, OK, ServerError } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { globMatcher } from '../keys/glob.ts';
import { accessSettings } from './config-access.ts';
import { parseBytes } from './sizes.ts';

/** A setting of CONFIG. */
export interface Setting {
  readonly read: (node: NodeContext) => string;
  /** Absent where it cannot be changed while running. Throws an Error that says why a value is refused. */
  readonly write?: (node: NodeContext, value: string) => void;
  /** Puts the values into effect once all settings of a CONFIG SET are written. Throws an Error that says why that cannot be. */
  readonly apply?: (node: NodeContext) => void;
  /** What cannot be taken back, and cannot fail: done last. */
  readonly commit?: (node: NodeContext) => void;
}

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
  'cluster-enabled': { read: (node) => (node.slots === null ? 'no' : 'yes') },
  port: { read: (node) => String(node.port) },
  dir: { read: (node) => node.dataDirectory },
  databases: { read: () => '1' },
  // What redis-benchmark asks for; there is no such file.
  save: { read: () => '' },
  appendonly: { read: () => 'no' },
  ...accessSettings,
};

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
        changeAll(node, args);
        return OK;
      case 'RESETSTAT':
        Object.assign(node.counters, { commands: 0, connections: 0, rejectedConnections: 0, errors: 0 });
        return OK;
      default:
        throw errors.unknownSubcommand(textAt(args, 1), 'config');
    }
  },
};

/** All or none: where one is refused, those before it get their old values back. */
function changeAll(node: NodeContext, args: Arguments): void {
  const written: { name: string; setting: Setting; before: string }[] = [];
  let current = '';
  try {
    for (let i = 2; i < args.length; i += 2) {
      current = textAt(args, i).toLowerCase();
      const setting = SETTINGS[current];
      if (setting === undefined) throw errors.configUnknown(current);
      if (setting.write === undefined) throw new Error("can't set immutable config");
      const before = setting.read(node);
      setting.write(node, textAt(args, i + 1));
      written.push({ name: current, setting, before });
    }
    const applied = new Set<Setting['apply']>([undefined]);
    for (const { name, setting } of written) {
      if (applied.has(setting.apply)) continue;
      applied.add(setting.apply);
      current = name;
      setting.apply?.(node);
    }
    for (const { setting } of written) setting.commit?.(node);
  } catch (error) {
    for (const { setting, before } of written.reverse()) setting.write?.(node, before);
    if (error instanceof ServerError) throw error;
    throw errors.configInvalid(current, error instanceof Error ? error.message : String(error));
  }
}
