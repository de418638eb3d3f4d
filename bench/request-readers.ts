// Compares the server's streaming request reader with redis-parser in its place: node bench/request-readers.ts [rounds]
// What the decision in docs/decisions/request-reader.md rests on.
import os from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import RedisParser from 'redis-parser';
import { type Arguments, RequestReader } from '../src/protocol/request-reader.ts';
import { ownBytes } from '../src/tensors/shared-bytes.ts';
import { encodeRequest } from './requests.ts';

const CHUNK_BYTES = 64 * 1024;
const SMALL_BYTES = 40;
const LARGE_BYTES = 600_000;
const BLOB = 5;
const LIMITS = { maxBulkLength: 512 * 1024 * 1024 };
const ROUND_MS = 300;
const WARM_UP_ROUNDS = 2;

/** Takes a stream's bytes, as a socket would hand them over, and gives the blob of each request in shared memory. */
interface Contender {
  readonly name: string;
  /** Reads all of `stream`, `readBytes` at most at a time. */
  feed(stream: Buffer, readBytes: number): void;
}

/** What a request costs in a server whatever reads it: its blob has to end up in memory that worker threads can see. */
let requests = 0;
let lastBlob: Uint8Array | null = null;
function take(args: Arguments): true {
  requests++;
  lastBlob = ownBytes(args[BLOB] as Buffer);
  return true;
}

/** Copying into the read buffer stands for what the kernel does on read(2): it is the same for all, only the place differs. */
function readerOnChunks(): Contender {
  const reader = new RequestReader(LIMITS, { command: take });
  // The reader keeps no view on a chunk, so one buffer serves all reads.
  const readBuffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return {
    name: 'reader, chunks',
    feed(stream, readBytes) {
      for (let at = 0; at < stream.length; ) {
        const count = stream.copy(readBuffer, 0, at, Math.min(at + readBytes, stream.length));
        reader.push(readBuffer.subarray(0, count));
        at += count;
      }
    },
  };
}

/** As the server does it: what is missing of a large blob is read to where it belongs. */
function readerOnTarget(): Contender {
  const reader = new RequestReader(LIMITS, { command: take });
  const readBuffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  return {
    name: 'reader, in place',
    feed(stream, readBytes) {
      for (let at = 0; at < stream.length; ) {
        const target = reader.target();
        const count = stream.copy(target ?? readBuffer, 0, at, Math.min(at + readBytes, stream.length));
        if (target !== null) reader.filled(count);
        else reader.push(readBuffer.subarray(0, count));
        at += count;
      }
    },
  };
}

function redisParser(): Contender {
  const parser = new RedisParser({
    returnBuffers: true,
    returnReply: (reply: unknown) => void take(reply as Arguments),
    returnError: (error: Error) => {
      throw error;
    },
  });
  return {
    name: 'redis-parser',
    feed(stream, readBytes) {
      for (let at = 0; at < stream.length; ) {
        // It keeps views on chunks until a command is complete, so each read needs memory of its own. Exactly as much as there is to
        // read, which no socket knows beforehand: better than it could be had.
        const chunk = Buffer.allocUnsafe(Math.min(readBytes, stream.length - at));
        at += stream.copy(chunk, 0, at);
        parser.execute(chunk);
      }
    },
  };
}

interface Case {
  readonly name: string;
  readonly stream: Buffer;
  readonly readBytes: number;
  readonly payload: Buffer;
}

function makeCase(name: string, payloadBytes: number, count: number, readBytes: number): Case {
  const payload = Buffer.alloc(payloadBytes, 'tensor');
  const request = encodeRequest(['AI.TENSORSET', 'key', 'FLOAT', payloadBytes / 4, 'BLOB', payload]);
  const stream = Buffer.concat(new Array<Buffer>(count).fill(request));
  return { name, stream, readBytes: readBytes === 0 ? request.length : readBytes, payload };
}

const CASES: readonly Case[] = [
  makeCase('40 B, one request a read', SMALL_BYTES, 1000, 0),
  makeCase('40 B, pipelined, 64 KiB reads', SMALL_BYTES, 4000, CHUNK_BYTES),
  makeCase('600 kB, 64 KiB reads', LARGE_BYTES, 4, CHUNK_BYTES),
];

/** Microseconds of CPU a request, garbage collection included; each round feeds whole streams until its time is up. */
async function round(contender: Contender, { stream, readBytes, payload }: Case): Promise<number> {
  requests = 0;
  const started = performance.now();
  const { user, system } = process.cpuUsage();
  while (performance.now() - started < ROUND_MS) {
    contender.feed(stream, readBytes);
    // Dropped shared memory is collected between turns; without them it would pile up, and its pages cost more than all the rest.
    await nextTurn();
  }
  const used = process.cpuUsage({ user, system });
  if (lastBlob === null || !payload.equals(lastBlob)) throw new Error(`${contender.name}: wrong bytes`);
  return (used.user + used.system) / requests;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

async function compare(testCase: Case, rounds: number): Promise<void> {
  const contenders = [redisParser(), readerOnChunks(), readerOnTarget()];
  const times = contenders.map((): number[] => []);
  for (let r = -WARM_UP_ROUNDS; r < rounds; r++) {
    // Each goes first in turn: what slows the machine for a while slows all of them.
    for (let i = 0; i < contenders.length; i++) {
      const index = (i + Math.abs(r)) % contenders.length;
      const time = await round(contenders[index] as Contender, testCase);
      if (r >= 0) (times[index] as number[]).push(time);
    }
  }
  console.log(testCase.name);
  const base = times[0] as number[];
  contenders.forEach(({ name }, i) => {
    const own = times[i] as number[];
    // Ratios of the same round: a machine that was slow then was so for both. The least of all rounds is what others disturbed least.
    const ratio = median(own.map((time, r) => (base[r] as number) / time));
    const figures = `${microseconds(median(own))} ${microseconds(Math.min(...own))}`;
    const ofLeast = Math.min(...base) / Math.min(...own);
    const compared = i === 0 ? '' : `   redis-parser: x${ratio.toFixed(2)}, x${ofLeast.toFixed(2)}`;
    console.log(`  ${name.padEnd(18)} ${figures}${compared}`);
  });
}

const microseconds = (value: number) => value.toFixed(2).padStart(9);

/** What each makes of bytes that are no ordinary request. */
function showBehaviour(): void {
  const inputs: [string, string][] = [
    ['inline command', 'PING\r\n'],
    ['argument count over the limit', '*1048577\r\n'],
    ['argument count beyond an array', '*9999999999\r\n'],
    ['bulk length over the limit', '*1\r\n$536870913\r\n'],
    ['negative bulk length', '*1\r\n$-5\r\n'],
    ['length that is no number', '*1\r\n$1x\r\n'],
    ['argument that is no bulk string', '*1\r\n:1\r\n'],
    ['header without an end, 70 kB', `*${'1'.repeat(70_000)}`],
  ];
  console.log('what they make of other bytes');
  for (const [name, bytes] of inputs) {
    console.log(
      `  ${name}\n    redis-parser  ${withRedisParser(bytes)}\n    reader        ${withReader(bytes)}`,
    );
  }
}

const shown = (value: unknown) =>
  JSON.stringify(value, (_, v) => (v?.type === 'Buffer' ? Buffer.from(v.data).toString('latin1') : v));

function withRedisParser(bytes: string): string {
  let outcome = 'waits for more';
  const parser = new RedisParser({
    returnBuffers: true,
    returnReply: (reply: unknown) => (outcome = `a request: ${shown(reply)}`),
    returnError: (error: Error) => (outcome = `an error reply: ${error.message}`),
    returnFatalError: (error: Error) => (outcome = `error: ${error.message}`),
  });
  try {
    parser.execute(Buffer.from(bytes));
  } catch (error) {
    outcome = `throws ${String(error)}`;
  }
  return outcome;
}

function withReader(bytes: string): string {
  let outcome = 'waits for more';
  const reader = new RequestReader(LIMITS, {
    command(args) {
      outcome = `a request: ${shown(args)}`;
      return true;
    },
  });
  try {
    reader.push(Buffer.from(bytes));
  } catch (error) {
    outcome = `error: ${(error as Error).message}`;
  }
  return outcome;
}

const rounds = Number(process.argv[2] ?? 9);
if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write('rounds must be a whole number from 1\n');
  process.exit(2);
}
console.log(
  `node ${process.version}, ${os.cpus()[0]?.model.trim()}; medians of ${rounds} rounds, alternating\n`,
);
for (const testCase of CASES) await compare(testCase, rounds);
showBehaviour();
