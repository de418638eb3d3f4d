import { ttlCommand } from './expiry-commands.ts';

export const pexpiretime = ttlCommand('pexpiretime', 1, true);
