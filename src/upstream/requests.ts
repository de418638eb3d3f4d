export type Argument = string | number | Uint8Array;

const CRLF = Buffer.from('\r\n');

/** A request as the bytes on the wire: a RESP array of bulk strings. Texts are sent as UTF-8. */
export function encodeRequest(args: readonly Argument[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}
