import type { Command } from '../commands/command.ts';
import type { Arguments } from '../protocol/request-reader.ts';

const REDACTED = Buffer.from('(redacted)');

/** The arguments as others may see them: what the command declares as secret is hidden. Views, like the arguments. */
export function visibleArguments(command: Command, args: Arguments): Arguments {
  const secrets = command.secrets?.(args) ?? [];
  if (secrets.length === 0) return args;
  return args.map((arg, i) => (secrets.includes(i) ? REDACTED : arg));
}
