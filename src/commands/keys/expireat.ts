import { expireCommand } from './expiry-commands.ts';

export const expireat = expireCommand('expireat', 1000, true);
