import { errors } from '../../errors.ts';
import { queueLimit } from '../../execution/run-queue.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { OK, type Reply, SimpleString } from '../../protocol/reply.ts';
import type { Tensor } from '../../tensors/tensor.ts';
import { keyAt } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { type ExecuteArguments, modelExecuteKeys, parseModelExecute } from './execute-arguments.ts';
import { countedAt, countedBehind, OVERWRITE, ownKey, READ } from './key-specs.ts';
import { checkCounts } from './models.ts';
import { readServable } from './servable.ts';
import { readTensor } from './tensorget.ts';

/** What a client gets whose run waited longer than its TIMEOUT. */
export const TIMEDOUT = new SimpleString('TIMEDOUT');

export const modelexecute: Command = {
  name: 'ai.modelexecute',
  arityName: 'AI.MODELEXECUTE',
  arity: -8,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  findKeys: modelExecuteKeys,
  keySpecs: [ownKey(READ), countedAt(3, READ), countedBehind('OUTPUTS', 5, OVERWRITE)],
  group: 'ai',
  summary: 'Runs a model, or an experiment, on tensors and stores the results',
  syntax: 'key INPUTS n input [input ...] OUTPUTS n output [output ...] [TIMEOUT ms]',
  run: (context, args) => executeModel(context, keyAt(args, 1), () => parseModelExecute(args, false)),
};

/** Runs the model or the experiment under a key and puts its outputs under theirs; the answer is OK or TIMEDOUT. */
export async function executeModel(
  { node, inTransaction }: CommandContext,
  key: KeyName,
  parse: () => ExecuteArguments,
): Promise<Reply> {
  if (inTransaction) throw errors.runInTransaction();
  const { keyspace } = node;
  const servable = readServable(node, keyspace, key);
  const { inputs, outputs, timeoutMs } = parse();
  checkCounts(servable.model, inputs.length, outputs.length);
  const tensors = inputs.map((name) => readTensor(keyspace, name));
  const release = keyspace.hold(tensors.map(({ buffer }) => buffer));
  const outcome = await servable.run(tensors, queueLimit(timeoutMs)).finally(release);
  if (outcome === 'TIMEDOUT') return TIMEDOUT;
  putTensors(
    keyspace,
    outputs.map((name, i) => [name, outcome[i] as Tensor]),
  );
  return OK;
}

/**
 * Puts all of the tensors under their keys, or none.
 * @throws ServerError where a key holds something that is no tensor, so that nothing is lost by a mistaken name.
 */
export function putTensors(keyspace: Keyspace, tensors: readonly (readonly [KeyName, Tensor])[]): void {
  if (tensors.some(([key]) => (keyspace.get(key)?.type ?? 'tensor') !== 'tensor')) throw errors.wrongType();
  for (const [key, tensor] of tensors) keyspace.set(key, { type: 'tensor', tensor });
}
