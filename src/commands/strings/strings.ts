import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { OK, type Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { ownBytes } from '../../tensors/shared-bytes.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { type ExpiryUnit, expiryTimeAt } from '../expiry-time.ts';

function readString(keyspace: Keyspace, key: KeyName): Uint8Array | null {
  const value = keyspace.get(key);
  if (value === undefined) return null;
  if (value.type !== 'string') throw errors.wrongType();
  return value.bytes;
}

/** Small values live in a buffer of their own on the heap, large ones where the socket put them. */
function keep(bytes: Buffer): Uint8Array {
  const backing: ArrayBufferLike = bytes.buffer;
  return backing instanceof SharedArrayBuffer ? ownBytes(bytes) : Uint8Array.from(bytes);
}

export const get: Command = {
  name: 'get',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  summary: 'Returns the string value of a key',
  syntax: 'key',
  run: ({ node }, args) => readString(node.keyspace, keyAt(args, 1)),
};

interface SetOptions {
  readonly condition: '' | 'NX' | 'XX';
  readonly returnOld: boolean;
  readonly keepTtl: boolean;
  readonly expiresAt: number | undefined;
}

const EXPIRY_OPTIONS: Partial<Record<string, ExpiryUnit>> = {
  EX: { ms: 1000, absolute: false },
  PX: { ms: 1, absolute: false },
  EXAT: { ms: 1000, absolute: true },
  PXAT: { ms: 1, absolute: true },
};

function parseSetOptions(args: Arguments): SetOptions {
  let condition: SetOptions['condition'] = '';
  let returnOld = false;
  let keepTtl = false;
  let expiry: { readonly unit: ExpiryUnit; readonly index: number } | undefined;
  for (let i = 3; i < args.length; i++) {
    const option = keywordAt(args, i);
    const unit = EXPIRY_OPTIONS[option];
    if ((option === 'NX' || option === 'XX') && (condition === '' || condition === option))
      condition = option;
    else if (option === 'GET') returnOld = true;
    else if (option === 'KEEPTTL' && expiry === undefined) keepTtl = true;
    else if (unit !== undefined && i + 1 < args.length && !keepTtl && (expiry?.unit ?? unit) === unit)
      expiry = { unit, index: ++i };
    else throw errors.syntax();
  }
  // As in Redis, a syntax error anywhere comes before a bad time.
  const expiresAt = expiry && expiryTimeAt(args, expiry.index, expiry.unit, 'set', true);
  return { condition, returnOld, keepTtl, expiresAt };
}

export const set: Command = {
  name: 'set',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  summary: 'Sets the string value of a key',
  syntax: 'key value [NX | XX] [GET] [EX s | PX ms | EXAT unix-s | PXAT unix-ms | KEEPTTL]',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const { condition, returnOld, keepTtl, expiresAt } = parseSetOptions(args);
    const { keyspace } = node;
    const old = returnOld ? readString(keyspace, key) : null;
    const exists = keyspace.get(key) !== undefined;
    if ((condition === 'NX' && exists) || (condition === 'XX' && !exists)) return returnOld ? old : null;
    keyspace.set(key, { type: 'string', bytes: keep(args[2] as Buffer) }, keepTtl);
    if (expiresAt !== undefined) keyspace.setExpiry(key, expiresAt);
    return returnOld ? old : OK;
  },
};

export const mget: Command = {
  name: 'mget',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'string',
  summary: 'Returns the string values of several keys, null for one that is none',
  syntax: 'key [key ...]',
  run: ({ node }, args) =>
    args.slice(1).map((_, i): Reply => {
      const value = node.keyspace.get(keyAt(args, i + 1));
      return value?.type === 'string' ? value.bytes : null;
    }),
};

export const mset: Command = {
  name: 'mset',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: -1, step: 2 },
  group: 'string',
  summary: 'Sets the string values of several keys',
  syntax: 'key value [key value ...]',
  run({ node }, args) {
    if (args.length % 2 === 0) throw errors.wrongArity('mset');
    for (let i = 1; i < args.length; i += 2) {
      node.keyspace.set(keyAt(args, i), { type: 'string', bytes: keep(args[i + 1] as Buffer) });
    }
    return OK;
  },
};
