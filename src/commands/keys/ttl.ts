import { ttlCommand } from './expiry-commands.ts';

export const ttl = ttlCommand('ttl', 1000, false);
