import type { TesseraNode } from '../../../src/node.ts';
import { get } from '../http-node.ts';

/** A reply of the protocol, its JSON parsed and the binary data behind it apart. */
export interface V2Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
  /** The JSON as it came. */
  readonly text: string;
  readonly binary: Buffer;
}

export async function ask(node: TesseraNode, path: string, init?: RequestInit): Promise<V2Reply> {
  const reply = await get(node, `/v2${path}`, init);
  const body = Buffer.from(await reply.arrayBuffer());
  const length = Number(reply.headers.get('inference-header-content-length') ?? body.length);
  const text = body.toString('utf8', 0, length);
  const { status, headers } = reply;
  return { status, headers, json: JSON.parse(text), text, binary: body.subarray(length) };
}

export function infer(
  node: TesseraNode,
  model: string,
  request: object | string,
  headers: Record<string, string> = {},
): Promise<V2Reply> {
  const body = typeof request === 'string' ? request : JSON.stringify(request);
  return ask(node, `/models/${model}/infer`, { method: 'POST', body, headers });
}

/** With binary data behind the JSON. */
export function inferBinary(node: TesseraNode, model: string, request: object, ...binary: Uint8Array[]) {
  const json = Buffer.from(JSON.stringify(request));
  return ask(node, `/models/${model}/infer`, {
    method: 'POST',
    body: Buffer.concat([json, ...binary]),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(json.length),
    },
  });
}

/** The text of the error that a request gets, behind its status. */
export async function refusal(reply: Promise<V2Reply>): Promise<string> {
  const { status, json } = await reply;
  return `${status} ${(json as { error: string }).error}`;
}

export function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** An element of BYTES in binary data. */
export function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}
