import { expect, test } from 'vitest';
import { type Reply, ReplyReader } from '../../bench/reply-reader.ts';

const LARGE = 70_000;
const large = Buffer.from(Uint8Array.from({ length: LARGE }, (_, i) => i % 251));
const bulk = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);

const STREAM = Buffer.concat([
  Buffer.from('+OK\r\n:7\r\n'),
  bulk(large),
  bulk(large.subarray(1)),
  Buffer.from('-ERR no\r\n$-1\r\n'),
  Buffer.from('*2\r\n'),
  bulk(large),
  Buffer.from('$1\r\nx\r\n'),
  bulk(large.subarray(2)),
]);

/** Feeds the stream in reads of at most so many bytes; large replies are copied, as their memory is used again. */
function read(readBytes: number): Reply[] {
  const replies: Reply[] = [];
  const reader = new ReplyReader({
    reply: (reply) => replies.push(Buffer.isBuffer(reply) ? Buffer.from(reply) : reply),
    failed: (reason) => {
      throw reason;
    },
  });
  for (let at = 0; at < STREAM.length; ) {
    const target = reader.target();
    const count = STREAM.copy(target, 0, at, Math.min(at + readBytes, STREAM.length));
    reader.received(count);
    at += count;
  }
  return replies;
}

// 9 ends the first read just before the large header, so that it comes first in the second.
test.each([1, 9, 4096, 65_536, 1_000_000])('reads the same replies in reads of %d bytes', (readBytes) => {
  const [ok, seven, first, second, error, nil, array, last, ...more] = read(readBytes);
  expect([String(ok), seven, String(error), nil, more]).toEqual(['OK', 7, 'ReplyError: ERR no', null, []]);
  expect((first as Buffer).equals(large)).toBe(true);
  expect((second as Buffer).equals(large.subarray(1))).toBe(true);
  expect((array as Buffer[]).map((item, i) => item.equals(i === 0 ? large : Buffer.from('x')))).toEqual([
    true,
    true,
  ]);
  expect((last as Buffer).equals(large.subarray(2))).toBe(true);
});

test('gives up on bytes that are no reply', () => {
  let failure: Error | null = null;
  const reader = new ReplyReader({
    reply: () => {},
    failed: (reason) => {
      failure = reason;
    },
  });
  reader.received(reader.target().write('HTTP/1.1 400 Bad Request\r\n'));
  expect(String(failure)).toBe('ParserError: Protocol error, got "H" as reply type byte');
});
