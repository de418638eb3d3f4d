import { errors } from '../../errors.ts';
import { copyOf } from '../../keyspace/values/copy-of.ts';
import { keyAt, keywordAt, requireInteger } from '../arguments.ts';
import type { Command } from '../command.ts';
import { TWO_KEYS } from '../key-ranges.ts';

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
