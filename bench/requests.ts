export type Argument = string | number | Uint8Array;

const CRLF = Buffer.from('\r\n');

/** A request as the bytes on the wire: a RESP array of bulk strings. */
export function encodeRequest(args: readonly Argument[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

/** Several requests, one after the other. */
export function encodeRequests(requests: readonly (readonly Argument[])[]): Buffer {
  return Buffer.concat(requests.map(encodeRequest));
}
