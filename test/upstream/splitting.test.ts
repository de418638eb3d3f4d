import { expect, test } from 'vitest';
import { ReplyScanner } from '../../src/upstream/reply-scanner.ts';
import { RequestSplitter } from '../../src/upstream/request-splitter.ts';
import { randomFrom } from '../faults/writers.ts';

const request = (...args: (string | Buffer)[]) =>
  Buffer.concat([
    Buffer.from(`*${args.length}\r\n`),
    ...args.flatMap((arg) => {
      const bytes = Buffer.from(arg);
      return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
    }),
  ]);

/** Reads the bytes in pieces and tells what became of them, in order: bytes that were handed on, and commands. */
function split(bytes: Buffer, sizes: () => number, stops = false) {
  const events: (string | Buffer[])[] = [];
  const splitter = new RequestSplitter(
    {
      takes: (name) => name.startsWith('AI.'),
      raw: (piece) => {
        const last = events.at(-1);
        if (typeof last === 'string') events[events.length - 1] = last + piece.toString('latin1');
        else events.push(piece.toString('latin1'));
      },
      command: (args) => {
        events.push(args);
        return !stops;
      },
    },
    () => 1 << 20,
  );
  for (let at = 0; at < bytes.length; ) {
    const size = Math.max(1, sizes());
    splitter.push(Buffer.from(bytes.subarray(at, at + size)));
    if (stops) splitter.resume();
    at += size;
  }
  while (stops && splitter.heldBytes > 0) splitter.resume();
  return events.map((event) =>
    typeof event === 'string' ? event : event.map((arg) => arg.toString('latin1')),
  );
}

const large = Buffer.alloc(40_000, 'x\r\n*1');
const REQUESTS = [
  request('GET', 'k'),
  request('SET', 'k', large),
  request('AI.TENSORGET', 't'),
  request('ai.tensorset', 't', 'BLOB', large),
  Buffer.from('PING\r\n'),
  Buffer.from('AI.INFO  "a b"\r\n'),
  request('PING'),
  Buffer.from('*0\r\n'),
  Buffer.from('\r\n'),
  request('AI.CONFIG'),
  request('SET', '', ''),
];
const EXPECTED = [
  Buffer.concat([request('GET', 'k'), request('SET', 'k', large)]).toString('latin1'),
  ['AI.TENSORGET', 't'],
  ['ai.tensorset', 't', 'BLOB', large.toString('latin1')],
  'PING\r\n',
  ['AI.INFO', 'a b'],
  `${request('PING').toString()}*0\r\n\r\n`,
  ['AI.CONFIG'],
  request('SET', '', '').toString(),
];

test.each([false, true])('requests are split wherever they are cut, stopping: %s', (stops) => {
  const bytes = Buffer.concat(REQUESTS);
  expect(split(bytes, () => bytes.length, stops)).toEqual(EXPECTED);
  expect(split(bytes.subarray(-200), () => 1, stops)).toEqual(split(bytes.subarray(-200), () => 200, stops));
  const random = randomFrom(9);
  for (let round = 0; round < 30; round++) {
    expect(split(bytes, () => 1 + random([7, 60, 30_000][round % 3] as number), stops)).toEqual(EXPECTED);
  }
});

test.each([
  '*-1\r\n$4\r\n',
  '*2\r\n:4\r\n',
  '*1\r\n$99999999999\r\n',
  '*2\r\n$3\r\nGET\r\n$-5\r\n',
  '*9999999\r\n$1\r\n',
])('what makes no sense (%j) is handed on with all that follows', (bytes) => {
  const all = Buffer.concat([Buffer.from(bytes), request('AI.TENSORGET', 't')]);
  expect(split(all, () => 3).join('')).toBe(all.toString('latin1'));
});

test('replies are found wherever they are cut', () => {
  const replies = [
    ...[
      '+OK\r\n',
      '-ERR no\r\n',
      ':12\r\n',
      '$-1\r\n',
      '$3\r\n\r\n*\r\n',
      '*-1\r\n',
      '*0\r\n',
      '_\r\n',
      ',1.5\r\n',
      '#t\r\n',
    ],
    ...[
      '*2\r\n*1\r\n:1\r\n$0\r\n\r\n',
      '%1\r\n+a\r\n*2\r\n:1\r\n:2\r\n',
      '~2\r\n+a\r\n+b\r\n',
      '>2\r\n+message\r\n+x\r\n',
    ],
    ...[
      '|1\r\n+ttl\r\n:3\r\n+value\r\n',
      '=6\r\ntxt:ab\r\n',
      '(123\r\n',
      `$40000\r\n${large.toString()}\r\n`,
      '*1\r\n*1\r\n*0\r\n',
    ],
  ];
  const bytes = Buffer.from(replies.join(''));
  const random = randomFrom(4);
  for (let round = 0; round < 30; round++) {
    const found: string[] = [''];
    const types: string[] = [];
    const scanner = new ReplyScanner({
      piece: (piece, type, isEnd) => {
        found[found.length - 1] += piece.toString();
        if (!isEnd) return;
        found.push('');
        types.push(String.fromCharCode(type));
      },
    });
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random([5, 40, 20_000][round % 3] as number);
      scanner.push(Buffer.from(bytes.subarray(at, at + size)));
      at += size;
    }
    expect(found).toEqual([...replies, '']);
    expect(types).toEqual(replies.map(([type]) => type));
  }
});
