import net from 'node:net';
import { encode } from './resp-client.ts';

/**
 * A reply as the recordings write it: text behind its RESP type (`+OK`, `$value`, `:1`, `,1.5`, `_`), null in RESP2, arrays as arrays, RESP3 maps and
 * sets as `{"%": [..]}` and `{"~": [..]}`, bulk strings that are no text as `{"bulk64": ..}`.
 */
export type GoldenReply = string | null | GoldenReply[] | { [type: string]: GoldenReply[] | string };

/** A client that sees each reply with its RESP types. */
export class GoldenClient {
  readonly #socket: net.Socket;
  #data = Buffer.alloc(0);
  #waiting: { resolve: (reply: GoldenReply) => void; reject: (error: Error) => void } | null = null;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#data = Buffer.concat([this.#data, chunk]);
      const parsed = parse(this.#data, 0);
      if (parsed === null) return;
      this.#data = this.#data.subarray(parsed.end);
      this.#waiting?.resolve(parsed.reply);
      this.#waiting = null;
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#waiting?.reject(new Error('connection closed')));
  }

  static async connect(port: number, protocol: 2 | 3): Promise<GoldenClient> {
    const socket = net.connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const client = new GoldenClient(socket);
    if (protocol === 3) await client.send(['HELLO', 3]);
    return client;
  }

  /** Sends one command; no other may be sent before its reply is there. */
  send(args: readonly (string | number | Uint8Array)[]): Promise<GoldenReply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(encode(args));
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

function parse(data: Buffer, at: number): { reply: GoldenReply; end: number } | null {
  const lineEnd = data.indexOf('\r\n', at);
  if (lineEnd < 0) return null;
  const type = String.fromCharCode(data[at] as number);
  const line = data.toString('latin1', at + 1, lineEnd);
  const next = lineEnd + 2;
  if ('+-:,#('.includes(type)) return { reply: type + line, end: next };
  if (type === '_') return { reply: '_', end: next };
  const count = Number(line);
  if (count < 0) return { reply: null, end: next };
  if ('$=!'.includes(type)) {
    const end = next + count + 2;
    return data.length < end ? null : { reply: bulk(type, data.subarray(next, end - 2)), end };
  }
  const items: GoldenReply[] = [];
  let end = next;
  for (let i = 0; i < count * (type === '%' ? 2 : 1); i++) {
    const item = parse(data, end);
    if (item === null) return null;
    items.push(item.reply);
    end = item.end;
  }
  return { reply: type === '*' ? items : { [type]: items }, end };
}

function bulk(type: string, bytes: Buffer): GoldenReply {
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes) && ![...text].some((c) => c <= '\b');
  return isText ? type + text : { bulk64: bytes.toString('base64') };
}
