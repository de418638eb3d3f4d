import { expireCommand } from './expiry-commands.ts';

export const expire = expireCommand('expire', 1000, false);
