import type { Duplex } from 'node:stream';
import RedisParser from 'redis-parser';
import { InferenceError } from './inference-error.ts';

/** As redis-parser gives them: strings are Buffers, an error is an Error that is returned, not thrown. */
export type NodeReply = Buffer | number | null | Error | readonly NodeReply[];

export type Request = readonly (string | Uint8Array)[];

interface Waiting {
  readonly resolve: (reply: NodeReply) => void;
  readonly reject: (error: Error) => void;
}

/** Arguments from this size on are sent from where they lie; smaller ones are gathered. */
const BY_REFERENCE_BYTES = 16 * 1024;

/** A client of a node: of the own one in this process, or of another one of the cluster. */
export class NodeClient {
  /** Whom it speaks for. */
  readonly remoteAddress: string;
  readonly #stream: Duplex;
  readonly #waiting: Waiting[] = [];
  #failure: Error | null = null;
  #isNew = true;

  constructor(remoteAddress: string, stream: Duplex) {
    this.remoteAddress = remoteAddress;
    this.#stream = stream;
    const settle = (reply: unknown) => this.#take(reply as NodeReply);
    const parser = new RedisParser({
      returnBuffers: true,
      returnReply: settle,
      returnError: settle,
      returnFatalError: ({ message }) => this.#fail(new InferenceError(500, message)),
    });
    stream.on('data', (data) => parser.execute(data));
    stream.on('error', ({ message }) =>
      this.#fail(new InferenceError(503, `the model's node cannot be reached: ${message}`)),
    );
    stream.on('close', () => this.#fail(new InferenceError(503, 'the node closed the connection')));
  }

  get isOpen(): boolean {
    return this.#failure === null;
  }

  /**
   * Sends requests at once; the first ever must be one that cannot fail. @returns their replies.
   * @throws InferenceError where the node does not take the client, or ends it.
   */
  send(requests: readonly Request[]): Promise<NodeReply[]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const replies = requests.map(
      () => new Promise<NodeReply>((resolve, reject) => this.#waiting.push({ resolve, reject })),
    );
    for (const piece of encode(requests)) this.#stream.write(piece);
    return Promise.all(replies);
  }

  close(): void {
    this.#stream.destroy();
  }

  #take(reply: NodeReply): void {
    const isNew = this.#isNew;
    this.#isNew = false;
    // The first thing that is asked never fails: this says why the client is not served.
    if (isNew && reply instanceof Error) this.#fail(reply);
    else this.#waiting.shift()?.resolve(reply);
  }

  #fail(reason: Error): void {
    this.#failure ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    this.#stream.destroy();
  }
}

/** RESP arrays of bulk strings, in as few pieces as there are without copies of what is large. */
function encode(requests: readonly Request[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let gathered: Uint8Array[] = [];
  const flush = () => {
    pieces.push(Buffer.concat(gathered));
    gathered = [];
  };
  for (const args of requests) {
    gathered.push(Buffer.from(`*${args.length}\r\n`));
    for (const arg of args) {
      const bytes = typeof arg === 'string' ? Buffer.from(arg) : arg;
      gathered.push(Buffer.from(`$${bytes.length}\r\n`));
      if (bytes.length >= BY_REFERENCE_BYTES) {
        flush();
        pieces.push(bytes);
      } else gathered.push(bytes);
      gathered.push(Buffer.from('\r\n'));
    }
  }
  flush();
  return pieces;
}
