import { expireCommand } from './expiry-commands.ts';

export const pexpireat = expireCommand('pexpireat', 1, true);
