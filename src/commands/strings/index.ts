import type { Command } from '../command.ts';
import { append } from './append.ts';
import { bitcount } from './bitcount.ts';
import { bitop } from './bitop.ts';
import { bitpos } from './bitpos.ts';
import { decr } from './decr.ts';
import { decrby } from './decrby.ts';
import { get } from './get.ts';
import { getbit } from './getbit.ts';
import { getdel } from './getdel.ts';
import { getex } from './getex.ts';
import { getrange } from './getrange.ts';
import { getset } from './getset.ts';
import { incr } from './incr.ts';
import { incrby } from './incrby.ts';
import { incrbyfloat } from './incrbyfloat.ts';
import { mget } from './mget.ts';
import { mset } from './mset.ts';
import { msetnx } from './msetnx.ts';
import { psetex } from './psetex.ts';
import { set } from './set.ts';
import { setbit } from './setbit.ts';
import { setex } from './setex.ts';
import { setnx } from './setnx.ts';
import { setrange } from './setrange.ts';
import { strlen } from './strlen.ts';
import { substr } from './substr.ts';

export const stringCommands: readonly Command[] = [
  ...[get, set, setnx, setex, psetex, getset, getdel, getex, mget, mset, msetnx],
  ...[incr, decr, incrby, decrby, incrbyfloat],
  ...[append, strlen, getrange, substr, setrange],
  ...[setbit, getbit, bitcount, bitpos, bitop],
];
