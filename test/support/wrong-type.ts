/** The text for a command on a key of another type. */
export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

/** All 256 bytes: what no text encoding leaves as it is. */
export const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
