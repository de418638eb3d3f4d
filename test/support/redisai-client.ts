import { expect } from 'vitest';
import type { Typed } from './typed-client.ts';

/** A reply as redis-py and node redis hand it on: text, numbers, arrays; bulk strings as text of one character a byte. */
export type Plain = string | number | null | Plain[];

/** @throws where the reply is an error or of a type that RESP2 does not have. */
export function plainReply(reply: Typed): Plain {
  if (reply === null) return null;
  if (Array.isArray(reply)) return reply.map(plainReply);
  expect(typeof reply).toBe('string');
  const text = reply as string;
  expect(text).toMatch(/^[+$:]/);
  return text.startsWith(':') ? Number(text.slice(1)) : text.slice(1);
}

/** A flat list of names and values as a record, as both clients take AI.* replies apart: an even number, names that are text. */
export function namedValues(reply: Typed): Record<string, Plain> {
  const list = plainReply(reply) as Plain[];
  expect(list.length % 2).toBe(0);
  const values: Record<string, Plain> = {};
  for (let i = 0; i < list.length; i += 2) {
    expect(typeof list[i]).toBe('string');
    values[(list[i] as string).toLowerCase()] = list[i + 1] as Plain;
  }
  return values;
}

/** Bytes as such replies show them. */
export function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
