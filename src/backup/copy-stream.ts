import type { Socket } from 'node:net';

const LF = 10;
const LONGEST_HEADER_BYTES = 4096;

/**
 * The RDB file that a server sends after SYNC, in chunks as they come. It says either how long the file is, or which 40 characters mark its end:
 *
 * ```
 *  $<length>\r\n | file                  $EOF:<mark>\r\n | file | mark
 * ```
 *
 * @param server how messages call it.
 * @throws Error with the server's own text where it refuses, or where the copy ends early.
 */
export async function* copyFrom(socket: Socket, server: string): AsyncGenerator<Buffer> {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const next = async (): Promise<Buffer> => {
    const { value, done } = await chunks.next();
    if (done === true) throw new Error(`${server} closed the connection before the copy was complete`);
    return value;
  };
  const { line, rest } = await header(next);
  if (line.startsWith('-')) throw new Error(`${server}: ${line.slice(1)}`);
  const mark = /^\$EOF:(.{40})$/.exec(line)?.[1];
  if (mark !== undefined) yield* untilMark(Buffer.from(mark, 'latin1'), rest, next);
  else if (/^\$\d+$/.test(line)) yield* counted(Number(line.slice(1)), rest, next);
  else throw new Error(`${server} did not answer with a copy: ${line}`);
}

async function header(next: () => Promise<Buffer>): Promise<{ line: string; rest: Buffer }> {
  let gathered = Buffer.alloc(0);
  for (;;) {
    // Empty lines tell that the server is still at it.
    while (gathered[0] === LF) gathered = gathered.subarray(1);
    const end = gathered.indexOf(LF);
    if (end >= 0) {
      const line = gathered.toString('latin1', 0, end).replace(/\r$/, '');
      return { line, rest: gathered.subarray(end + 1) };
    }
    if (gathered.length > LONGEST_HEADER_BYTES) throw new Error('the answer to SYNC has no first line');
    gathered = Buffer.concat([gathered, await next()]);
  }
}

async function* untilMark(mark: Buffer, first: Buffer, next: () => Promise<Buffer>): AsyncGenerator<Buffer> {
  // The last bytes are held back, which may be the mark or a part of it.
  for (let held = first; ; held = Buffer.concat([held, await next()])) {
    const sure = held.length - mark.length;
    if (sure > 0) yield held.subarray(0, sure);
    if (sure >= 0) held = held.subarray(sure);
    if (held.equals(mark)) return;
  }
}

async function* counted(length: number, first: Buffer, next: () => Promise<Buffer>): AsyncGenerator<Buffer> {
  let left = length;
  for (let chunk = first; ; chunk = await next()) {
    if (chunk.length > 0) yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
    if (left === 0) return;
  }
}
