import { type Command, keyPositions } from '../commands/command.ts';
import type { KeyName } from '../keyspace/keyspace.ts';

/** The keys that a command names, each once. */
export function keysOf(command: Command, args: Buffer[]): KeyName[] {
  return [...new Set(keyPositions(command, args).map((at) => keyName(args[at] as Buffer)))];
}

export function keyName(bytes: Buffer): KeyName {
  return bytes.toString('latin1');
}
