import type { Kinds, Random } from './differential.ts';

const KEYS = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6', '{k}\x00\xff', ''];
const FIELDS = ['f1', 'f2', 'f3', 'f4', 'f5', '', 'f\x00\xfe', '1', '2', '-3', '10'];
const LONG = 'x'.repeat(65);
const TEXTS = [
  '',
  'a',
  'abc',
  'hello world',
  '\x00\x01\xff\xfe',
  'ä',
  '1.5',
  '10.50',
  '3.0e3',
  ' 7',
  '007',
  '-0',
  '+1',
  LONG,
];
const INTEGERS = [
  '0',
  '1',
  '-1',
  '2',
  '3',
  '5',
  '7',
  '10',
  '-10',
  '100',
  '9999',
  '10000',
  '9007199254740993',
];
const BOUNDS = [
  '9223372036854775806',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '-9223372036854775809',
];
const FLOATS = [
  '0.1',
  '-0.1',
  '1.1',
  '1e3',
  '1e-3',
  '5.0e-18',
  '.5',
  '5.',
  '1e20',
  '-1e-30',
  '123456789.123456789',
  '0x1p3',
  '0x.8',
  '1e400',
];
const ODD_FLOATS = [
  'inf',
  '-inf',
  'nan',
  '1e',
  'e1',
  '.',
  '',
  '0x',
  ' 1',
  '1 ',
  '1e5000',
  '1e-6000',
  '+2.5',
  'INFINITY',
  '--1',
];

const any = (words: readonly string[]) => (random: Random) => random.pick(words);

/** One of the common words, one time in ten a rare one. */
const mostly = (common: readonly string[], rare: readonly string[]) => (random: Random) =>
  random.pick(random.below(10) === 0 ? rare : common);

const below = (limit: number, offset = 0) => Array.from({ length: limit }, (_, i) => String(i + offset));

/**
 * Arguments of the commands on strings, hashes and sets. None is a large negative number: as the count of SRANDMEMBER it would keep Redis
 * busy for good.
 */
export const KINDS: Kinds = {
  key: any(KEYS),
  field: any(FIELDS),
  value: mostly([...TEXTS, ...INTEGERS], BOUNDS),
  number: mostly(INTEGERS, BOUNDS),
  integer: mostly(INTEGERS, [...BOUNDS, ...TEXTS]),
  float: mostly([...FLOATS, ...INTEGERS], ODD_FLOATS),
  weight: any(['0.5', '1e3', '-2', '0x10', ' 7', '', '1.5', 'inf', '-inf', '3', '0x1p-2', '.5']),
  digit: any(below(40)),
  offset: mostly(below(70), [...BOUNDS, '-1', 'x', '4294967296']),
  position: mostly(below(30, -15), [...BOUNDS, 'x']),
  bit: mostly(['0', '1'], ['2', '-1', 'x']),
  unit: mostly(['BYTE', 'BIT', 'bit', 'byte'], ['NO']),
  operation: mostly(['AND', 'or', 'XOR', 'NOT'], ['NO']),
  count: mostly(['0', '1', '2', '3', '5', '100'], ['-1', 'x', ...BOUNDS]),
  sign: mostly(
    ['0', '1', '2', '3', '100', '-1', '-3', '-10'],
    ['x', '-9223372036854775808', '9223372036854775808'],
  ),
  cursor: mostly(['0'], ['x', '1x', ' 0', '18446744073709551616']),
  // All at once: what a cursor other than 0 means is each server's own affair.
  scanned: mostly(['1000'], ['0', '-1', 'x']),
  pattern: any(['*', 'f*', '?', '[a-f]?', '[^f]*', '*1', '\\f1', 'f[', '']),
  by: any(['*', 'k*', 'k1->*', '*->f1', 'k1*', 'nosort', '*->', 'k*->f2', '#']),
  expiry: any(['EX', 'PX', 'EXAT', 'PXAT', 'ex', 'KEEPTTL', 'PERSIST', 'NX', 'XX', 'GET']),
  seconds: any(['100000', '2000000000', '2000000000000', '0', '-1', 'x', '1.5', '9223372036854775808']),
  option: any(['NX', 'XX', 'GET', 'KEEPTTL', 'nx', 'get', 'FOO', '']),
};
