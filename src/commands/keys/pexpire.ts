import { expireCommand } from './expiry-commands.ts';

export const pexpire = expireCommand('pexpire', 1, false);
