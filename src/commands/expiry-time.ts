import { errors } from '../errors.ts';
import { isInt64Text } from '../protocol/integer-text.ts';
import type { Arguments } from '../protocol/request-reader.ts';

/** Redis keeps times of 64 bits; here the latest is what a number holds exactly, in the year 287396. */
const LATEST_MS = Number.MAX_SAFE_INTEGER;

export interface ExpiryUnit {
  readonly ms: number;
  /** Unix time; otherwise from now. */
  readonly absolute: boolean;
}

/**
 * The Unix time in ms that the argument gives to a command of that name.
 * @param onlyPositive refuses arguments of 0 and below, as SET does; EXPIRE takes them and deletes.
 * @throws ServerError when the argument is no integer of 64 bits, or the time too far away.
 */
export function expiryTimeAt(
  args: Arguments,
  index: number,
  unit: ExpiryUnit,
  command: string,
  onlyPositive = false,
): number {
  const text = args[index]?.toString('latin1') ?? '';
  if (!isInt64Text(text)) throw errors.notAnInteger();
  const amount = Number(text);
  const at = amount * unit.ms + (unit.absolute ? 0 : Date.now());
  if (Math.abs(at) > LATEST_MS || (onlyPositive && amount <= 0)) throw errors.invalidExpire(command);
  return at;
}
