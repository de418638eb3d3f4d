import { INLINE_BYTES } from '../../protocol/latin1.ts';

/** Room behind a string that grew, so that building one piece by piece costs as much as its bytes, not their square. */
const MAX_ROOM_BYTES = 1024 * 1024;
/** Above the fixed room, a share of the length. */
const ROOM_SHARE = 8;

/**
 * How far the buffers with room are filled. Bytes below never change, as a string's must not: others may be sending them.
 * Who holds the bytes that end exactly there may go on behind them; a shorter, older view or a copy that another key kept may not.
 *
 * ```
 *   buffer   |hello world............|
 *            |<- old ->|   |<- room
 *            |<- newest -->|         filled = 11
 * ```
 */
const filled = new WeakMap<ArrayBufferLike, number>();

/** The bytes followed by zeros up to `length`, for the caller to fill in before anybody else sees them. */
export function grown(bytes: Uint8Array, length: number): Uint8Array {
  if (length <= INLINE_BYTES) {
    const short = new Uint8Array(length);
    short.set(bytes);
    return short;
  }
  const { buffer, byteOffset } = bytes;
  if (filled.get(buffer) === byteOffset + bytes.length && byteOffset + length <= buffer.byteLength) {
    filled.set(buffer, byteOffset + length);
    return new Uint8Array(buffer, byteOffset, length);
  }
  const room =
    bytes.length === 0 ? 0 : Math.max(Math.min(length, MAX_ROOM_BYTES), Math.floor(length / ROOM_SHARE));
  const roomy = new Uint8Array(length + room);
  roomy.set(bytes);
  filled.set(roomy.buffer, length);
  return roomy.subarray(0, length);
}
