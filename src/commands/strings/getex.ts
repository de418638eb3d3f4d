import { errors } from '../../errors.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { type ExpiryUnit, expiryTimeAt } from '../expiry-time.ts';
import { EXPIRY_OPTIONS } from './expiry-options.ts';
import { readString } from './string-value.ts';

interface GetexOptions {
  readonly persist: boolean;
  readonly expiry: { readonly unit: ExpiryUnit; readonly index: number } | undefined;
}

function parseGetexOptions(args: Arguments): GetexOptions {
  let persist = false;
  let expiry: GetexOptions['expiry'];
  for (let i = 2; i < args.length; i++) {
    const option = keywordAt(args, i);
    const unit = EXPIRY_OPTIONS[option];
    if (option === 'PERSIST' && expiry === undefined) persist = true;
    else if (unit !== undefined && i + 1 < args.length && !persist && (expiry?.unit ?? unit) === unit)
      expiry = { unit, index: ++i };
    else throw errors.syntax();
  }
  return { persist, expiry };
}

export const getex: Command = {
  name: 'getex',
  arity: -2,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '6.2.0',
  summary: 'Returns the string value of a key and sets or removes its expiry',
  syntax: 'key [EX s | PX ms | EXAT unix-s | PXAT unix-ms | PERSIST]',
  run({ node: { keyspace } }, args) {
    const key = keyAt(args, 1);
    const { persist, expiry } = parseGetexOptions(args);
    const bytes = readString(keyspace, key);
    if (bytes === null) return null;
    if (expiry !== undefined) {
      keyspace.setExpiry(key, expiryTimeAt(args, expiry.index, expiry.unit, 'getex', true));
    } else if (persist && keyspace.expiryOf(key) !== undefined) keyspace.setExpiry(key, undefined);
    return bytes;
  },
};
