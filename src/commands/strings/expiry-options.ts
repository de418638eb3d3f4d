import type { ExpiryUnit } from '../expiry-time.ts';

/** The options of SET and GETEX that give an expiry. */
export const EXPIRY_OPTIONS: Partial<Record<string, ExpiryUnit>> = {
  EX: { ms: 1000, absolute: false },
  PX: { ms: 1, absolute: false },
  EXAT: { ms: 1000, absolute: true },
  PXAT: { ms: 1, absolute: true },
};
