import { type Command, keyPositions } from '../commands/command.ts';
import type { KeyName } from '../keyspace/keyspace.ts';
import type { StoredKind } from '../keyspace/redis/stored-value.ts';

/** What lists all values of a kind: such a command names no key and reads all. */
export const LISTS: Partial<Record<string, StoredKind>> = {
  'ai._modelscan': 'model',
  'ai._scriptscan': 'script',
};

/** The keys that a command names, each once. */
export function keysOf(command: Command, args: Buffer[]): KeyName[] {
  return [...new Set(keyPositions(command, args).map((at) => keyName(args[at] as Buffer)))];
}

export function keyName(bytes: Buffer): KeyName {
  return bytes.toString('latin1');
}
