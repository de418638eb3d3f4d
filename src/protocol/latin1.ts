/**
 * V8 keeps the bytes of typed arrays up to this size within its heap, until it is asked for their buffer: then they move out, which costs
 * more than they hold, and takes longer than reading them one by one.
 */
export const INLINE_BYTES = 64;

/** The bytes as a text of one character a byte: how keys, names, patterns and small values are kept. */
export function latin1(bytes: Uint8Array): string {
  if (bytes.length <= INLINE_BYTES) {
    // Not spread: that would walk an iterator.
    return Reflect.apply(String.fromCharCode, null, bytes);
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** The bytes of a text that has one character a byte, as names, keys and patterns do. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** An ordinary text as its UTF-8 bytes, one character each. */
export function asLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Such a text as people see it, inside an error or a line that is sent as UTF-8. */
export function shown(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
