import { errors } from '../../errors.ts';
import type { KeyName } from '../../keyspace/keyspace.ts';
import type { CommandContext } from '../command.ts';

/** Gives a value another key, with its expiry. @throws ServerError when there is none. */
export function moveValue({ node }: Pick<CommandContext, 'node'>, from: KeyName, to: KeyName): void {
  const { keyspace } = node;
  const value = keyspace.get(from);
  if (value === undefined) throw errors.noSuchKey();
  if (from === to) return;
  const expiry = keyspace.expiryOf(from);
  keyspace.set(to, value);
  if (expiry !== undefined) keyspace.setExpiry(to, expiry);
  keyspace.delete(from);
}
