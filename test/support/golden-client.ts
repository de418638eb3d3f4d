import { type Typed, TypedClient } from './typed-client.ts';

/**
 * A reply as the recordings write it: text behind its RESP type (`+OK`, `$value`, `:1`, `,1.5`, `_`), null in RESP2, arrays as arrays,
 * RESP3 maps and sets as `{"%": [..]}` and `{"~": [..]}`, bulk strings that are no text as `{"bulk64": ..}`.
 */
export type GoldenReply = string | null | GoldenReply[] | { [type: string]: GoldenReply[] | string };

/** A client that answers in the form of the recordings. */
export class GoldenClient {
  readonly #client: TypedClient;

  private constructor(client: TypedClient) {
    this.#client = client;
  }

  static async connect(port: number, protocol: 2 | 3): Promise<GoldenClient> {
    const client = await TypedClient.connect(port);
    if (protocol === 3) await client.send('HELLO', 3);
    return new GoldenClient(client);
  }

  async send(args: readonly (string | number | Uint8Array)[]): Promise<GoldenReply> {
    return asRecorded(await this.#client.send(...args));
  }

  close(): void {
    this.#client.close();
  }
}

function asRecorded(reply: Typed): GoldenReply {
  if (reply === null) return null;
  if (Array.isArray(reply)) return reply.map(asRecorded);
  if (typeof reply === 'object') {
    if ('map' in reply) return { '%': reply.map.flat().map(asRecorded) };
    return 'set' in reply ? { '~': reply.set.map(asRecorded) } : { '>': reply.push.map(asRecorded) };
  }
  const type = reply[0] as string;
  if (type !== '$' && type !== '=') return reply;
  const bytes = Buffer.from(reply.slice(1), 'latin1');
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes) && ![...text].some((c) => c <= '\b');
  return isText ? type + text : { bulk64: bytes.toString('base64') };
}
