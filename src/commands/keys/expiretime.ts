import { ttlCommand } from './expiry-commands.ts';

export const expiretime = ttlCommand('expiretime', 1000, true);
