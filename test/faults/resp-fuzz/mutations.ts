import type { Random } from '../../support/differential.ts';

/**
 * Numbers that programs trip over. Those between a few thousand and 2^45 are left out: they are sizes that a node grants, such as a tensor of some
 * gigabytes, and not mistakes of its.
 */
const ODD_NUMBERS = [
  ...['0', '-0', '-1', '1', '2', '00', '-', '+1', '127', '128', '255', '256', '1023', '1024', '2000', ''],
  ...[
    '9007199254740991',
    '9007199254740993',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
  ],
  ...[
    '18446744073709551615',
    '18446744073709551616',
    '99999999999999999999',
    '1e308',
    '1e999',
    'nan',
    '0x10',
    '1.5',
  ],
];
/** Of headers, which a node holds against its limits. */
const ODD_LENGTHS = [
  ...ODD_NUMBERS,
  ...['16383', '16384', '65535', '65536', '65537', '1048576', '1048577', '67108864', '67108865', '536870912'],
  ...['2147483647', '-2147483648', '4294967295', '4294967296'],
];
const LINE_ENDS = ['\n', '\r', '', '\n\r', '\r\r\n', '\r\n\r\n', '\0\r\n', ' \r\n'];
const LONGEST_PIECE = 64;

type Operator = (bytes: Buffer, random: Random, other: Uint8Array) => Uint8Array;

function splice(bytes: Buffer, from: number, to: number, piece: Uint8Array | string): Buffer {
  const middle = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
  return Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)]);
}

/** Replaces one of the places that a pattern finds, if there is one. */
function replaceOne(bytes: Buffer, random: Random, pattern: RegExp, choices: readonly string[]): Buffer {
  // Numbers and line ends of interest are in headers and short arguments: a long text need not be searched as a whole.
  const start = bytes.length > 4096 ? random.below(bytes.length - 4096) * random.below(2) : 0;
  const found = [...bytes.toString('latin1', start, start + 4096).matchAll(pattern)];
  if (found.length === 0) return bytes;
  const match = random.pick(found);
  const from = start + match.index;
  return splice(bytes, from, from + match[0].length, random.pick(choices));
}

const OPERATORS: readonly Operator[] = [
  function flipBits(bytes, random) {
    const out = Buffer.from(bytes);
    for (let i = 1 + random.below(3); i > 0; i--) {
      const at = random.below(out.length);
      out[at] = (out[at] as number) ^ (1 << random.below(8));
    }
    return out;
  },
  function replaceByte(bytes, random) {
    const out = Buffer.from(bytes);
    out[random.below(out.length)] = random.below(256);
    return out;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length));
  },
  function cutOut(bytes, random) {
    const at = random.below(bytes.length);
    return splice(bytes, at, at + 1 + random.below(LONGEST_PIECE), '');
  },
  function double(bytes, random) {
    const at = random.below(bytes.length);
    return splice(bytes, at, at, bytes.subarray(at, at + 1 + random.below(LONGEST_PIECE)));
  },
  function insertNoise(bytes, random) {
    const at = random.below(bytes.length);
    return splice(
      bytes,
      at,
      at,
      Uint8Array.from({ length: 1 + random.below(16) }, () => random.below(256)),
    );
  },
  function zeros(bytes, random) {
    const out = Buffer.from(bytes);
    const at = random.below(out.length);
    return out.fill(0, at, Math.min(out.length, at + 1 + random.below(16)));
  },
  function lieAboutLength(bytes, random) {
    return replaceOne(bytes, random, /(?<=[$*])-?\d+(?=\r\n)/g, ODD_LENGTHS);
  },
  function oddNumber(bytes, random) {
    return replaceOne(bytes, random, /(?<![$*\d])-?\d+/g, ODD_NUMBERS);
  },
  function damageLineEnd(bytes, random) {
    return replaceOne(bytes, random, /\r\n/g, LINE_ENDS);
  },
  function joinWithOther(bytes, random, other) {
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length)),
      other.subarray(random.below(other.length)),
    ]);
  },
  function swapPieces(bytes, random) {
    const [a, b] = [random.below(bytes.length), random.below(bytes.length)].sort((x, y) => x - y) as [
      number,
      number,
    ];
    const length = Math.min(1 + random.below(LONGEST_PIECE), b - a, bytes.length - b);
    const out = Buffer.from(bytes);
    bytes.copy(out, a, b, b + length);
    bytes.copy(out, b, a, a + length);
    return out;
  },
];

/**
 * The bytes with one to four accidents.
 * @param other what may be joined to them.
 */
export function mutate(bytes: Uint8Array, random: Random, other: Uint8Array): Buffer {
  let out = Buffer.from(bytes);
  for (let i = 1 + random.below(4); i > 0 && out.length > 0; i--) {
    out = Buffer.from(random.pick(OPERATORS)(out, random, other));
  }
  return out;
}
