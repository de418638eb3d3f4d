import type { Command } from '../command.ts';
import { copy } from './copy.ts';
import { dbsize } from './dbsize.ts';
import { del } from './del.ts';
import { exists } from './exists.ts';
import { expire } from './expire.ts';
import { expireat } from './expireat.ts';
import { expiretime } from './expiretime.ts';
import { flushall } from './flushall.ts';
import { flushdb } from './flushdb.ts';
import { keys } from './keys.ts';
import { move } from './move.ts';
import { object } from './object.ts';
import { persist } from './persist.ts';
import { pexpire } from './pexpire.ts';
import { pexpireat } from './pexpireat.ts';
import { pexpiretime } from './pexpiretime.ts';
import { pttl } from './pttl.ts';
import { randomkey } from './randomkey.ts';
import { rename } from './rename.ts';
import { renamenx } from './renamenx.ts';
import { scan } from './scan.ts';
import { sort } from './sort.ts';
import { sortRo } from './sort-ro.ts';
import { touch } from './touch.ts';
import { ttl } from './ttl.ts';
import { type } from './type.ts';
import { unlink } from './unlink.ts';

export const keyCommands: readonly Command[] = [
  del,
  unlink,
  exists,
  touch,
  type,
  keys,
  scan,
  rename,
  renamenx,
  copy,
  move,
  dbsize,
  randomkey,
  object,
  sort,
  sortRo,
  flushall,
  flushdb,
  expire,
  pexpire,
  expireat,
  pexpireat,
  ttl,
  pttl,
  expiretime,
  pexpiretime,
  persist,
  move,
];
