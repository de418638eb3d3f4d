import type { KeyFlag, KeySpec } from '../command.ts';

export const READ: readonly KeyFlag[] = ['RO', 'access'];
export const OVERWRITE: readonly KeyFlag[] = ['OW', 'update'];
export const REMOVE: readonly KeyFlag[] = ['RM', 'delete'];
/** Keys that are handed to a script, which may do anything with them. */
export const READ_WRITE: readonly KeyFlag[] = ['RW', 'access', 'update'];

/** The key of the tensor, model, script or experiment itself, or another one at a fixed place. */
export function ownKey(flags: readonly KeyFlag[], index = 1): KeySpec {
  return { begin: { index }, find: { lastKey: 0, step: 1 }, flags };
}

/** A count at a fixed place, and as many keys. */
export function countedAt(index: number, flags: readonly KeyFlag[]): KeySpec {
  return { begin: { index }, find: 'counted', flags };
}

/** A count behind a keyword, and as many keys. */
export function countedBehind(keyword: string, startFrom: number, flags: readonly KeyFlag[]): KeySpec {
  return { begin: { keyword, startFrom }, find: 'counted', flags };
}

/** The word behind a keyword. */
export function wordBehind(keyword: string, startFrom: number, flags: readonly KeyFlag[]): KeySpec {
  return { begin: { keyword, startFrom }, find: { lastKey: 0, step: 1 }, flags };
}

/** All that follows a keyword. */
export function restBehind(keyword: string, startFrom: number, flags: readonly KeyFlag[]): KeySpec {
  return { begin: { keyword, startFrom }, find: { lastKey: -1, step: 1 }, flags };
}

/** That a client which knows only these rules may miss keys. */
export function incomplete(specs: readonly KeySpec[]): KeySpec[] {
  return specs.map((spec) => ({ ...spec, flags: [...(spec.flags ?? []), 'incomplete'] }));
}
