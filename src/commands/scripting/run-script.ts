import { errors } from '../../errors.ts';
import type { Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import type { Script } from '../../scripting/scripts.ts';
import { integerAt, requireInteger } from '../arguments.ts';
import type { CommandContext } from '../command.ts';

/** Where the count of keys is; the keys follow, then the arguments. */
const KEY_COUNT = 2;
const FIRST_KEY = 3;

/** The positions of the keys that a script declares. */
export function scriptKeys(args: Arguments): number[] {
  const count = integerAt(args, KEY_COUNT) ?? 0;
  if (count <= 0 || FIRST_KEY + count > args.length) return [];
  return Array.from({ length: count }, (_, i) => FIRST_KEY + i);
}

/**
 * `script numkeys [key ..] [arg ..]`
 * @param find gives the script; it is asked after the counts are known to be right.
 * @throws ServerError where it may not run, or with the error that it ended with.
 */
export function runScript(
  context: CommandContext,
  args: Arguments,
  find: (script: Buffer) => Script,
  readOnly: boolean,
): Reply {
  const count = requireInteger(args, KEY_COUNT);
  if (count > args.length - FIRST_KEY) throw errors.tooManyKeys();
  if (count < 0) throw errors.numkeysNegative();
  const script = find(args[1] as Buffer);
  const values = args.slice(FIRST_KEY).map((arg) => new Uint8Array(arg));
  return context.node.scripts.run(script, context, values.slice(0, count), values.slice(count), readOnly);
}

/** @throws ServerError NOSCRIPT when no script has that SHA1, in either case. */
export function scriptBySha({ node }: CommandContext, sha: Buffer): Script {
  const script = node.scripts.find(sha.toString('latin1').toLowerCase());
  if (script === undefined) throw errors.noScript();
  return script;
}
