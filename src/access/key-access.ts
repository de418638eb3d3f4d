import { integerAt, keywordAt } from '../commands/arguments.ts';
import type { Command } from '../commands/command.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import type { KeyAccess } from './key-patterns.ts';

const NONE: KeyAccess = { reads: false, writes: false };
const READ: KeyAccess = { reads: true, writes: false };
const WRITE: KeyAccess = { reads: false, writes: true };
const BOTH: KeyAccess = { reads: true, writes: true };

/**
 * What Redis 7.0 says of its commands' keys (COMMAND INFO's key specifications, compared by a test) where it is not just that `readonly` reads
 * and `write` does both. One entry a key in the order of keyPositions; the last holds for all that follow.
 */
const EXCEPTIONS = new Map<string, readonly KeyAccess[]>([
  ...names(
    [NONE],
    'exists hexists hlen hstrlen llen memory|usage object|encoding object|freq object|idletime object|refcount scard',
    'sismember spublish ssubscribe strlen sunsubscribe touch type watch xlen zcard',
  ),
  ...names(
    [WRITE],
    'append del expire expireat geoadd hdel hmset hset hsetnx linsert lpush lpushx lrem lset ltrim mset msetnx persist pexpire pexpireat',
    'pfadd psetex restore restore-asking rpush rpushx sadd setex setnx setrange srem unlink xack xadd xautoclaim xclaim xdel',
    'xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|setid xsetid xtrim zadd zrem zremrangebylex',
    'zremrangebyrank zremrangebyscore',
  ),
  ...names(
    [WRITE, READ],
    'bitop geosearchstore sdiffstore sinterstore sunionstore zdiffstore zinterstore zrangestore zunionstore',
  ),
  ...names([READ, WRITE], 'copy georadius georadiusbymember sort'),
  ...names([BOTH, WRITE], 'blmove brpoplpush lmove rename renamenx rpoplpush smove'),
  ...names([BOTH, READ], 'pfmerge'),
  ...names([READ], 'pfdebug xreadgroup'),
  ...names(
    [WRITE],
    'ai.tensorset ai.modelset ai.modelstore ai.modeldel ai.scriptset ai.scriptstore ai.scriptdel ai.experiment|del',
  ),
  ...names([READ, BOTH], 'ai.modelrun ai.scriptrun'),
  ...names([WRITE, READ], 'ai.experiment|set'),
  ...names([BOTH, READ], 'ai.experiment|promote'),
]);

/** Commands whose keys stand behind keywords with a count. */
const IN_SECTIONS = new Set(['ai.modelexecute', 'ai.scriptexecute', 'ai.dagexecute', 'ai.dagrun']);

const SECTIONS = new Map<string, KeyAccess>([
  ['INPUTS', READ],
  ['OUTPUTS', WRITE],
  // A script may do anything with the keys that it is given.
  ['KEYS', BOTH],
  ['ARGS', NONE],
  ['LOAD', READ],
  ['PERSIST', WRITE],
]);

/** How the command uses the keys at those positions, in their order. */
export function keyAccesses(command: Command, args: Arguments, positions: readonly number[]): KeyAccess[] {
  const usual = command.flags.includes('write') ? BOTH : READ;
  if (command.name === 'set') return [hasOption(args, 'GET') ? BOTH : WRITE];
  if (IN_SECTIONS.has(command.name)) {
    const bySection = sectionAccesses(args);
    return positions.map((position) => bySection.get(position) ?? usual);
  }
  const exception = EXCEPTIONS.get(command.name) ?? [usual];
  return positions.map((_, i) => exception[Math.min(i, exception.length - 1)] ?? usual);
}

function hasOption(args: Arguments, option: string): boolean {
  for (let i = 3; i < args.length; i++) if (keywordAt(args, i) === option) return true;
  return false;
}

/**
 * The model's or script's key, also behind each `|>` of a graph, is read; the others are used as their section says. What stands inside a
 * graph's commands are names of its own, and a tensor's values there may look like keywords, so sections end at the first `|>`.
 */
function sectionAccesses(args: Arguments): Map<number, KeyAccess> {
  const found = new Map<number, KeyAccess>([[1, READ]]);
  let inGraph = false;
  for (let i = 1; i < args.length; i++) {
    const keyword = keywordAt(args, i);
    if (keyword === '|>') {
      inGraph = true;
      found.set(i + 2, READ);
      continue;
    }
    const access = inGraph ? undefined : SECTIONS.get(keyword);
    if (access === undefined) continue;
    const count = integerAt(args, i + 1);
    if (count === undefined || count < 0) continue;
    const end = Math.min(i + 1 + count, args.length - 1);
    for (let k = i + 2; k <= end; k++) found.set(k, access);
    i = end;
  }
  return found;
}

function names(accesses: readonly KeyAccess[], ...lines: string[]): [string, readonly KeyAccess[]][] {
  return lines.flatMap((line) => line.split(' ')).map((name) => [name, accesses]);
}
