import type { Arguments } from '../../protocol/request-reader.ts';
import { keywordAt } from '../arguments.ts';

/** `TAG tag` at that place, and where the arguments go on; an empty tag where there is none. */
export function optionalTag(args: Arguments, at: number): { tag: Uint8Array; next: number } {
  const value = args[at + 1];
  if (keywordAt(args, at) !== 'TAG' || value === undefined) return { tag: new Uint8Array(0), next: at };
  return { tag: Uint8Array.from(value), next: at + 2 };
}
