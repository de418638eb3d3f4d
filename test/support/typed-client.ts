import net from 'node:net';
import { encode } from './resp-client.ts';

/**
 * A reply with its RESP type in view, so that a test compares both at once: the type's character and the text (one character a byte) for
 * `+ - : $ , # ( =` and `_`, null for a null bulk string or array of RESP2, an array, or a map, set or push of RESP3.
 */
export type Typed =
  | string
  | null
  | Typed[]
  | { map: [Typed, Typed][] }
  | { set: Typed[] }
  | { push: Typed[] };

/** Reads one reply from `at`; undefined when its end is not there yet. */
export function parseTyped(data: Buffer, at: number): { reply: Typed; end: number } | undefined {
  const lf = data.indexOf('\r\n', at);
  if (lf < 0) return undefined;
  const type = String.fromCharCode(data[at] as number);
  const line = data.toString('latin1', at + 1, lf);
  const next = lf + 2;
  switch (type) {
    case '+':
    case '-':
    case ':':
    case ',':
    case '#':
    case '(':
    case '_':
      return { reply: type + line, end: next };
    case '$':
    case '=': {
      if (line === '-1') return { reply: null, end: next };
      const end = next + Number(line) + 2;
      if (data.length < end) return undefined;
      if (data.toString('latin1', end - 2, end) !== '\r\n')
        throw new Error(`bulk of ${line} bytes without end`);
      return { reply: type + data.toString('latin1', next, end - 2), end };
    }
    case '*':
    case '~':
    case '>': {
      if (line === '-1') return { reply: null, end: next };
      const items = parseMany(data, next, Number(line));
      if (items === undefined) return undefined;
      const { replies, end } = items;
      return { reply: type === '*' ? replies : type === '~' ? { set: replies } : { push: replies }, end };
    }
    case '%': {
      const items = parseMany(data, next, Number(line) * 2);
      if (items === undefined) return undefined;
      const map: [Typed, Typed][] = [];
      for (let i = 0; i < items.replies.length; i += 2) {
        map.push([items.replies[i] as Typed, items.replies[i + 1] as Typed]);
      }
      return { reply: { map }, end: items.end };
    }
    default:
      throw new Error(`no RESP type: ${JSON.stringify(data.toString('latin1', at, at + 40))}`);
  }
}

function parseMany(data: Buffer, at: number, count: number): { replies: Typed[]; end: number } | undefined {
  if (!Number.isInteger(count) || count < 0) throw new Error(`no count of elements: ${count}`);
  const replies: Typed[] = [];
  let end = at;
  for (let i = 0; i < count; i++) {
    const item = parseTyped(data, end);
    if (item === undefined) return undefined;
    replies.push(item.reply);
    end = item.end;
  }
  return { replies, end };
}

interface Waiting {
  readonly resolve: (reply: Typed) => void;
  readonly reject: (error: Error) => void;
}

/** A client of RESP2 and RESP3 that shows replies as they are on the wire. */
export class TypedClient {
  readonly socket: net.Socket;
  /** Settles when the server has closed the connection. */
  readonly closed: Promise<void>;
  readonly #waiting: Waiting[] = [];
  readonly #arrived: Typed[] = [];
  #rest: Buffer[] = [];
  #ended = false;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (data) => this.#take(data));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#ended = true;
        for (const { reject } of this.#waiting.splice(0)) reject(new Error('connection closed'));
        resolve();
      });
    });
  }

  static async connect(port: number): Promise<TypedClient> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new TypedClient(socket);
  }

  /** Sends a command and gives its reply. */
  send(...args: (string | number | Uint8Array)[]): Promise<Typed> {
    this.socket.write(encode(args));
    return this.reply();
  }

  /** Sends bytes as they are (text: one character a byte) and gives the first reply. */
  raw(bytes: string | Uint8Array): Promise<Typed> {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this.reply();
  }

  /** The next reply. */
  reply(): Promise<Typed> {
    const next = this.#arrived.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#ended) return Promise.reject(new Error('connection closed'));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async replies(count: number): Promise<Typed[]> {
    const all: Typed[] = [];
    for (let i = 0; i < count; i++) all.push(await this.reply());
    return all;
  }

  close(): void {
    this.socket.destroy();
  }

  #take(data: Buffer): void {
    this.#rest.push(data);
    const all = Buffer.concat(this.#rest);
    let at = 0;
    for (let found = parseTyped(all, 0); found !== undefined; found = parseTyped(all, at)) {
      at = found.end;
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#arrived.push(found.reply);
      else waiting.resolve(found.reply);
      if (at === all.length) break;
    }
    this.#rest = at === all.length ? [] : [all.subarray(at)];
  }
}
