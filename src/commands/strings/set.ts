import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt, keywordAt, valueAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { type ExpiryUnit, expiryTimeAt } from '../expiry-time.ts';
import { EXPIRY_OPTIONS } from './expiry-options.ts';
import { readString } from './string-value.ts';

interface SetOptions {
  readonly condition: '' | 'NX' | 'XX';
  readonly returnOld: boolean;
  readonly keepTtl: boolean;
  readonly expiresAt: number | undefined;
}

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
    keyspace.set(key, { type: 'string', bytes: valueAt(args, 2) }, keepTtl);
    if (expiresAt !== undefined) keyspace.setExpiry(key, expiresAt);
    return returnOld ? old : OK;
  },
};
