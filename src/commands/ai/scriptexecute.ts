import { errors } from '../../errors.ts';
import { queueLimit } from '../../execution/run-queue.ts';
import type { KeyName } from '../../keyspace/keyspace.ts';
import { OK, type Reply } from '../../protocol/reply.ts';
import type { Tensor } from '../../tensors/tensor.ts';
import { keyAt } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { callScript } from './call-script.ts';
import { countedBehind, incomplete, OVERWRITE, ownKey, READ, READ_WRITE } from './key-specs.ts';
import { putTensors, TIMEDOUT } from './modelexecute.ts';
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

/** Calls a function of the script under a key and puts its outputs under theirs; the answer is OK or TIMEDOUT. */
export async function executeScript(
  context: CommandContext,
  key: KeyName,
  parse: () => ScriptArguments,
): Promise<Reply> {
  if (context.inTransaction) throw errors.runInTransaction();
  const { keyspace } = context.node;
  const script = readScript(keyspace, key);
  const args = parse();
  checkFunction(script, args.functionName);
  const tensors = args.inputs.map((name) => readTensor(keyspace, name));
  const release = keyspace.hold(tensors.map(({ buffer }) => buffer));
  const limit = queueLimit(args.timeoutMs);
  const outcome = await callScript(context, key, script, args, tensors, limit).finally(release);
  if (outcome === 'TIMEDOUT') return TIMEDOUT;
  putTensors(
    keyspace,
    args.outputs.map((name, i) => [name, outcome[i] as Tensor]),
  );
  return OK;
}
