/** The Redis version whose behaviour is followed; clients choose features by it. */
export const REDIS_VERSION = '7.0.15';
/** Tessera's own version, as in package.json (a test compares them). */
export const TESSERA_VERSION = '0.1.0';
/** The RedisAI version whose commands are followed. */
export const REDISAI_VERSION = '1.2.7';

/** What MODULE LIST and HELLO say of the AI commands; the version as RedisAI writes it, MMmmpp. */
export const AI_MODULE = {
  name: 'ai',
  version: REDISAI_VERSION.split('.').reduce((sum, part) => sum * 100 + Number(part), 0),
};
