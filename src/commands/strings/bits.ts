import { errors } from '../../errors.ts';
import type { NodeContext } from '../../node-context.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { longAt } from '../arguments.ts';

/**
 * The argument as the position of a bit, 0 being the highest of the first byte.
 * @throws ServerError when it lies outside of the longest string.
 */
export function bitOffsetAt(node: NodeContext, args: Arguments, index: number): number {
  const offset = longAt(args, index);
  if (offset === undefined || offset < 0 || Math.floor(offset / 8) >= node.config.protoMaxBulkLen)
    throw errors.invalidBitOffset();
  return offset;
}

/** The bit there; 0 behind the end. */
export function bitAt(bytes: Uint8Array, offset: number): 0 | 1 {
  return (((bytes[Math.floor(offset / 8)] ?? 0) >> (7 - (offset % 8))) & 1) as 0 | 1;
}

export function setBit(bytes: Uint8Array, offset: number, bit: 0 | 1): void {
  const at = Math.floor(offset / 8);
  const mask = 1 << (7 - (offset % 8));
  const byte = bytes[at] as number;
  bytes[at] = bit === 1 ? byte | mask : byte & ~mask;
}

/** Bits that are set in the bits [from, to). */
export function countBits(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  let at = from;
  for (; at < to && at % 8 !== 0; at++) count += bitAt(bytes, at);
  for (const end = to - (to % 8); at < end; at += 8) count += BITS_SET[bytes[at / 8] as number] as number;
  for (; at < to; at++) count += bitAt(bytes, at);
  return count;
}

/** The first such bit in the bits [from, to), or -1. */
export function findBit(bytes: Uint8Array, bit: 0 | 1, from: number, to: number): number {
  const none = bit === 1 ? 0 : 255;
  for (let at = from; at < to; at++) {
    while (at % 8 === 0 && at + 8 <= to && bytes[at / 8] === none) at += 8;
    if (at < to && bitAt(bytes, at) === bit) return at;
  }
  return -1;
}

const BITS_SET = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);
