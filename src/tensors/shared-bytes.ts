import { allocateShared } from './shared-memory.ts';

/** The pieces one after the other in a SharedArrayBuffer of their own. */
export function concatShared(parts: readonly Uint8Array[]): Uint8Array<SharedArrayBuffer> {
  const whole = new Uint8Array(allocateShared(parts.reduce((sum, part) => sum + part.length, 0)));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The same bytes in a SharedArrayBuffer: those of the argument itself where it already lies in one. */
export function ownBytes(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const backing: ArrayBufferLike = bytes.buffer;
  if (backing instanceof SharedArrayBuffer) return new Uint8Array(backing, bytes.byteOffset, bytes.length);
  return concatShared([bytes]);
}
