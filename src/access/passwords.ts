import { createHash, timingSafeEqual } from 'node:crypto';

const HASH = /^[0-9a-f]{64}$/;

/** A password's SHA-256 in hexadecimal: the only form in which users' passwords are kept. One character of the password is one byte. */
export function hashPassword(password: string): string {
  return createHash('sha256').update(Buffer.from(password, 'latin1')).digest('hex');
}

export function isPasswordHash(text: string): boolean {
  return HASH.test(text);
}

/** Whether one of the hashes is the given one, in a time that does not tell which or how nearly. */
export function hasHash(hashes: Iterable<string>, wanted: string): boolean {
  const bytes = Buffer.from(wanted, 'hex');
  let found = false;
  for (const hash of hashes) if (timingSafeEqual(Buffer.from(hash, 'hex'), bytes)) found = true;
  return found;
}
