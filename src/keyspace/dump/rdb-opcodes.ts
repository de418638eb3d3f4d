/** What begins each RDB file; the version follows as four digits. */
export const RDB_MAGIC = 'REDIS';

/** The bytes that stand in an RDB file where no type of a value does (rdb.h of Redis 7.2). */
/** Of a slot, with Valkey 8 and Redis 7.4: its number and its sizes. */
export const SLOT = 244;
export const FUNCTION = 245;
export const MODULE_AUX = 247;
export const IDLE = 248;
export const FREQ = 249;
export const AUX = 250;
export const RESIZE_DB = 251;
export const EXPIRY_MS = 252;
export const EXPIRY_SECONDS = 253;
export const SELECT_DB = 254;
export const END_OF_FILE = 255;
