import { ttlCommand } from './expiry-commands.ts';

export const pttl = ttlCommand('pttl', 1, false);
