import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServerError } from '../../src/protocol/reply.ts';
import { LARGE_BULK_BYTES, RequestReader } from '../../src/protocol/request-reader.ts';
import { encode } from '../support/resp-client.ts';

/** Feeds the chunks the way a socket does: into the reader's target where it has one, else through a reused buffer. */
function read(chunks: readonly Buffer[], stopAfterEach = false): Buffer[][] {
  const commands: Buffer[][] = [];
  const reader = new RequestReader(
    { maxBulkLength: 512 * 1024 * 1024 },
    {
      command: (args) => {
        commands.push(args.map((arg) => Buffer.from(arg)));
        return !stopAfterEach;
      },
    },
  );
  for (const chunk of chunks) {
    let at = 0;
    while (at < chunk.length) {
      const target = reader.target();
      if (target !== null) {
        const count = chunk.copy(target, 0, at);
        at += count;
        reader.filled(count);
      } else {
        const reused = Buffer.from(chunk.subarray(at));
        reader.push(reused);
        reused.fill(0xee);
        at = chunk.length;
      }
    }
    if (stopAfterEach) for (let i = 0; i < 100; i++) reader.resume();
  }
  return commands;
}

const argument = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constant(new Uint8Array(LARGE_BULK_BYTES).fill(13)),
);
const command = fc.array(argument, { minLength: 1, maxLength: 5 });

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((p) => p % (bytes.length + 1)))].sort((a, b) => a - b);
  const chunks: Buffer[] = [];
  let from = 0;
  for (const to of [...sorted, bytes.length]) {
    chunks.push(bytes.subarray(from, to));
    from = to;
  }
  return chunks.filter((chunk) => chunk.length > 0);
}

describe('request reader', () => {
  test('pipelined commands come out whole at every single split point', () => {
    const large = new Uint8Array(LARGE_BULK_BYTES).fill(7);
    const bytes = Buffer.concat([
      encode(['SET', 'k', 'v\r\n$3']),
      Buffer.from('PING inline\r\n'),
      encode(['SET', '', large, 'x']),
      encode(['GET', 'k']),
    ]);
    const whole = read([bytes]);
    expect(whole.map((args) => args.length)).toEqual([3, 2, 4, 2]);
    const around = [...Array(120).keys(), ...Array.from({ length: 60 }, (_, i) => bytes.length - 1 - i)];
    for (const at of around) {
      expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
  });

  test('any commands cut at any places come out as they went in, also when each is held back', () => {
    fc.assert(
      fc.property(
        fc.array(command, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(200_000), { maxLength: 12 }),
        fc.boolean(),
        (commands, places, stop) => {
          const bytes = Buffer.concat(commands.map(encode));
          const got = read(cut(bytes, places), stop);
          expect(got).toEqual(commands.map((args) => args.map((arg) => Buffer.from(arg))));
        },
      ),
      { numRuns: 200, seed: 7 },
    );
  });

  test('random bytes end in commands or a protocol error, never in anything else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (chunks) => {
        try {
          read(chunks.map((chunk) => Buffer.from(chunk)));
        } catch (error) {
          expect(error).toBeInstanceOf(ServerError);
          expect((error as ServerError).fatal).toBe(true);
        }
      }),
      { numRuns: 500, seed: 11 },
    );
  });

  test.each([
    ['*1048577\r\n', 'ERR Protocol error: invalid multibulk length'],
    ['*x\r\n', 'ERR Protocol error: invalid multibulk length'],
    ['*1\r\n:3\r\n', "ERR Protocol error: expected '$', got ':'"],
    ['*1\r\n$-1\r\n', 'ERR Protocol error: invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'ERR Protocol error: invalid bulk length'],
    ['SET "a\r\n', 'ERR Protocol error: unbalanced quotes in request'],
    ['a'.repeat(70_000), 'ERR Protocol error: too big inline request'],
    [`*${'1'.repeat(70_000)}`, 'ERR Protocol error: too big mbulk count string'],
    [`*1\r\n$${'1'.repeat(70_000)}`, 'ERR Protocol error: too big bulk count string'],
  ])('%# is refused with the text of Redis', (bytes, message) => {
    expect(() => read([Buffer.from(bytes)])).toThrow(message);
  });

  test('inline quoting follows Redis', () => {
    const [args] = read([Buffer.from("SET \"a b\\x41\\n\" 'it\\'s'\n")]);
    expect(args?.map(String)).toEqual(['SET', 'a bA\n', "it's"]);
  });
});
