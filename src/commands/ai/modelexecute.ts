import { errors } from '../../errors.ts';
import type { KeyName } from '../../keyspace/keyspace.ts';
import { OK, SimpleString } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { integerAt, keyAt, keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readModel } from './models.ts';
import { readTensor } from './tensorget.ts';

interface ExecuteArguments {
  readonly inputs: readonly KeyName[];
  readonly outputs: readonly KeyName[];
  readonly timeoutMs: number | undefined;
}

const TIMEDOUT = new SimpleString('TIMEDOUT');

export const modelexecute: Command = {
  name: 'ai.modelexecute',
  arityName: 'AI.MODELEXECUTE',
  arity: -8,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  findKeys: (args) => [1, ...inputPositions(args), ...outputPositions(args)],
  group: 'ai',
  summary: 'Runs a model on tensors and stores the results',
  syntax: 'key INPUTS n input [input ...] OUTPUTS n output [output ...] [TIMEOUT ms]',
  async run({ node, inTransaction }, args) {
    if (inTransaction) throw errors.runInTransaction();
    const { keyspace } = node;
    const model = readModel(keyspace, keyAt(args, 1));
    const { inputs, outputs, timeoutMs } = parse(args);
    if (inputs.length !== model.inputs.length) throw errors.inputsMismatchModel();
    if (outputs.length !== model.outputs.length) throw errors.outputsMismatchModel();
    const tensors = inputs.map((key) => readTensor(keyspace, key));
    const device = node.devices.get(model.device, model.backend);
    const outcome = await device.run(model, tensors, timeoutMs);
    if (outcome === 'TIMEDOUT') return TIMEDOUT;
    const blocked = outputs.some((key) => (keyspace.get(key)?.type ?? 'tensor') !== 'tensor');
    if (blocked) throw errors.wrongType();
    outputs.forEach((key, i) => {
      const tensor = outcome[i];
      if (tensor !== undefined) keyspace.set(key, { type: 'tensor', tensor });
    });
    return OK;
  },
};

function parse(args: Arguments): ExecuteArguments {
  if (keywordAt(args, 2) !== 'INPUTS') throw errors.inputsNotSpecified();
  const inputCount = integerAt(args, 3);
  if (inputCount === undefined) throw errors.invalidInputCount();
  if (inputCount <= 0) throw errors.inputCountPositive();
  let at = 4 + inputCount;
  if (at > args.length) throw errors.inputsMismatchArgs();
  const inputs = args.slice(4, at).map((_, i) => keyAt(args, 4 + i));
  if (keywordAt(args, at) !== 'OUTPUTS') throw errors.outputsNotSpecified();
  const outputCount = integerAt(args, at + 1);
  if (outputCount === undefined) throw errors.invalidOutputCount();
  if (outputCount <= 0) throw errors.outputCountPositive();
  at += 2;
  if (at + outputCount > args.length) throw errors.outputsMismatchArgs();
  const outputs = args.slice(at, at + outputCount).map((_, i) => keyAt(args, at + i));
  at += outputCount;
  let timeoutMs: number | undefined;
  if (keywordAt(args, at) === 'TIMEOUT') {
    if (at + 1 >= args.length) throw errors.noTimeoutValue();
    timeoutMs = integerAt(args, at + 1);
    if (timeoutMs === undefined || timeoutMs <= 0) throw errors.invalidTimeout();
    at += 2;
  }
  if (at < args.length) throw errors.unexpectedArgument(textAt(args, at));
  return { inputs, outputs, timeoutMs };
}

function positions(from: number, count: number | undefined, limit: number): number[] {
  const end = Math.min(from + Math.max(count ?? 0, 0), limit);
  return Array.from({ length: Math.max(0, end - from) }, (_, i) => from + i);
}

function inputPositions(args: Arguments): number[] {
  return keywordAt(args, 2) === 'INPUTS' ? positions(4, integerAt(args, 3), args.length) : [];
}

function outputPositions(args: Arguments): number[] {
  const at = 4 + inputPositions(args).length;
  return keywordAt(args, at) === 'OUTPUTS' ? positions(at + 2, integerAt(args, at + 1), args.length) : [];
}
