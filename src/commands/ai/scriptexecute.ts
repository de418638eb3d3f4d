import { errors } from '../../errors.ts';
import type { KeyName } from '../../keyspace/keyspace.ts';
import type { Reply } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { countedBehind, incomplete, OVERWRITE, ownKey, READ, READ_WRITE } from './key-specs.ts';
import { parseScriptExecute, type ScriptArguments, scriptExecuteKeys } from './script-arguments.ts';
import { checkFunction, readScript } from './scripts.ts';
import { readTensor } from './tensorget.ts';

export const scriptexecute: Command = {
  name: 'ai.scriptexecute',
  arityName: 'AI.SCRIPTEXECUTE',
  arity: -3,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  findKeys: scriptExecuteKeys,
  // An argument of the script may be any word, a keyword too.
  keySpecs: incomplete([
    ownKey(READ),
    countedBehind('KEYS', 3, READ_WRITE),
    countedBehind('INPUTS', 3, READ),
    countedBehind('OUTPUTS', 3, OVERWRITE),
  ]),
  group: 'ai',
  summary: 'Calls a function of a script',
  syntax:
    'key function [KEYS n key ...] [INPUTS n input ...] [ARGS n arg ...] [OUTPUTS n output ...] [TIMEOUT ms]',
  run: (context, args) => executeScript(context, keyAt(args, 1), () => parseScriptExecute(args, false)),
};

/** Calls a function of the script under a key. */
export function executeScript(
  { node, inTransaction }: CommandContext,
  key: KeyName,
  parse: () => ScriptArguments,
): Reply {
  if (inTransaction) throw errors.runInTransaction();
  const script = readScript(node.keyspace, key);
  const { functionName, inputs } = parse();
  checkFunction(script, functionName);
  for (const name of inputs) readTensor(node.keyspace, name);
  throw errors.backendNotLoaded('TORCH');
}
