import { errors } from '../../errors.ts';
import { TYPE_NAMES } from '../../keyspace/keyspace.ts';
import { copyOf } from '../../keyspace/values/copy-of.ts';
import { OK, type Reply, SimpleString } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { integerAt, keyAt, keywordAt, requireInteger } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { globMatcher } from './glob.ts';

const ONE_KEY = { first: 1, last: 1, step: 1 } as const;
const ALL_KEYS = { first: 1, last: -1, step: 1 } as const;
const TWO_KEYS = { first: 1, last: 2, step: 1 } as const;

function countKeys(args: Arguments, test: (key: string) => boolean): number {
  let count = 0;
  for (let i = 1; i < args.length; i++) if (test(keyAt(args, i))) count++;
  return count;
}

const deleteKeys = ({ node }: CommandContext, args: Arguments) =>
  countKeys(args, (key) => node.keyspace.delete(key));

const existing = ({ node }: CommandContext, args: Arguments) =>
  countKeys(args, (key) => node.keyspace.get(key) !== undefined);

export const del: Command = {
  name: 'del',
  arity: -2,
  flags: ['write'],
  keys: ALL_KEYS,
  group: 'generic',
  summary: 'Deletes keys',
  syntax: 'key [key ...]',
  run: deleteKeys,
};

export const unlink: Command = {
  ...del,
  name: 'unlink',
  flags: ['write', 'fast'],
  summary: 'Deletes keys; memory comes back later',
};

export const exists: Command = {
  name: 'exists',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: ALL_KEYS,
  group: 'generic',
  summary: 'Counts how many of the keys exist',
  syntax: 'key [key ...]',
  run: existing,
};

export const touch: Command = { ...exists, name: 'touch', summary: 'Counts the keys that exist' };

export const type: Command = {
  name: 'type',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  group: 'generic',
  summary: 'Returns the type of the value under a key',
  syntax: 'key',
  run({ node }, args) {
    const value = node.keyspace.get(keyAt(args, 1));
    return new SimpleString(value === undefined ? 'none' : TYPE_NAMES[value.type]);
  },
};

export const keys: Command = {
  name: 'keys',
  arity: 2,
  flags: ['readonly'],
  group: 'generic',
  summary: "Returns this node's keys that match a pattern",
  syntax: 'pattern',
  run({ node }, args) {
    const matches = globMatcher(keyAt(args, 1));
    const found: Reply[] = [];
    for (const key of node.keyspace.keys()) if (matches(key)) found.push(Buffer.from(key, 'latin1'));
    return found;
  },
};

export const scan: Command = {
  name: 'scan',
  arity: -2,
  flags: ['readonly'],
  group: 'generic',
  summary: "Walks this node's keys; one that exists all the while is returned exactly once",
  syntax: 'cursor [MATCH pattern] [COUNT n] [TYPE type]',
  run({ node }, args) {
    const cursor = integerAt(args, 1);
    if (cursor === undefined || cursor < 0) throw errors.invalidCursor();
    let matches = (_key: string) => true;
    let count = 10;
    let wanted = '';
    for (let i = 2; i < args.length; i += 2) {
      if (i + 1 >= args.length) throw errors.syntax();
      const option = keywordAt(args, i);
      if (option === 'MATCH') matches = globMatcher(keyAt(args, i + 1));
      else if (option === 'COUNT') count = requireInteger(args, i + 1);
      else if (option === 'TYPE') wanted = keyAt(args, i + 1).toLowerCase();
      else throw errors.syntax();
    }
    if (count < 1) throw errors.syntax();
    const page = node.keyspace.scan(cursor, count);
    const found = page.keys.filter((key) => {
      if (!matches(key)) return false;
      const value = node.keyspace.get(key);
      return wanted === '' || (value !== undefined && TYPE_NAMES[value.type].toLowerCase() === wanted);
    });
    return [String(page.cursor), found.map((key) => Buffer.from(key, 'latin1'))];
  },
};

export const rename: Command = {
  name: 'rename',
  arity: 3,
  flags: ['write'],
  keys: TWO_KEYS,
  group: 'generic',
  summary: 'Gives a value another key, in place of what was there',
  syntax: 'key newkey',
  run({ node }, args) {
    moveValue({ node }, keyAt(args, 1), keyAt(args, 2));
    return OK;
  },
};

export const renamenx: Command = {
  ...rename,
  name: 'renamenx',
  flags: ['write', 'fast'],
  summary: 'Gives a value another key, unless that one exists',
  run({ node }, args) {
    const to = keyAt(args, 2);
    if (node.keyspace.get(keyAt(args, 1)) === undefined) throw errors.noSuchKey();
    if (node.keyspace.get(to) !== undefined) return 0;
    moveValue({ node }, keyAt(args, 1), to);
    return 1;
  },
};

function moveValue({ node }: Pick<CommandContext, 'node'>, from: string, to: string): void {
  const { keyspace } = node;
  const value = keyspace.get(from);
  if (value === undefined) throw errors.noSuchKey();
  if (from === to) return;
  const expiry = keyspace.expiryOf(from);
  keyspace.set(to, value);
  if (expiry !== undefined) keyspace.setExpiry(to, expiry);
  keyspace.delete(from);
}

export const copy: Command = {
  name: 'copy',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: TWO_KEYS,
  group: 'generic',
  summary: 'Puts a value under a second key; tensors and models share their bytes',
  syntax: 'source destination [DB 0] [REPLACE]',
  run({ node }, args) {
    let replace = false;
    for (let i = 3; i < args.length; i++) {
      const option = keywordAt(args, i);
      if (option === 'REPLACE') replace = true;
      else if (option === 'DB' && i + 1 < args.length) {
        if (requireInteger(args, ++i) !== 0) throw errors.dbIndexOutOfRange();
      } else throw errors.syntax();
    }
    const from = keyAt(args, 1);
    const to = keyAt(args, 2);
    if (from === to) throw errors.sameObject();
    const value = node.keyspace.get(from);
    if (value === undefined || (!replace && node.keyspace.get(to) !== undefined)) return 0;
    const expiry = node.keyspace.expiryOf(from);
    node.keyspace.set(to, copyOf(value));
    if (expiry !== undefined) node.keyspace.setExpiry(to, expiry);
    return 1;
  },
};

export const dbsize: Command = {
  name: 'dbsize',
  arity: 1,
  flags: ['readonly', 'fast'],
  group: 'server',
  summary: "Counts this node's keys",
  syntax: '',
  run: ({ node }) => node.keyspace.size,
};

export const flushall: Command = {
  name: 'flushall',
  arity: -1,
  flags: ['write'],
  group: 'server',
  summary: "Deletes all of this node's keys",
  syntax: '[ASYNC | SYNC]',
  run({ node }, args) {
    if (args.length > 2 || (args.length === 2 && !['ASYNC', 'SYNC'].includes(keywordAt(args, 1))))
      throw errors.syntax();
    node.keyspace.clear();
    return OK;
  },
};

export const flushdb: Command = { ...flushall, name: 'flushdb' };
