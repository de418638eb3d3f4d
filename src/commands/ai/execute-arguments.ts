import { errors } from '../../errors.ts';
import type { KeyName } from '../../keyspace/keyspace.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { integerAt, keyAt, keywordAt, textAt } from '../arguments.ts';

/** What a run is asked to do. In a DAG the keys are names of the DAG. */
export interface ExecuteArguments {
  readonly inputs: readonly KeyName[];
  readonly outputs: readonly KeyName[];
  readonly timeoutMs: number | undefined;
}

/**
 * `key INPUTS n input .. OUTPUTS n output .. [TIMEOUT ms]`.
 * @param inDag whether TIMEOUT is refused, since there the DAG has one for all.
 * @throws ServerError with RedisAI's text for each way in which they can be wrong.
 */
export function parseModelExecute(args: Arguments, inDag: boolean): ExecuteArguments {
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
    if (inDag) throw errors.timeoutInDag();
    if (at + 1 >= args.length) throw errors.noTimeoutValue();
    timeoutMs = parseTimeout(args, at + 1);
    at += 2;
  }
  if (at < args.length) throw errors.unexpectedArgument(textAt(args, at));
  return { inputs, outputs, timeoutMs };
}

/** @throws ServerError unless the argument is a positive number of ms. */
export function parseTimeout(args: Arguments, at: number): number {
  const value = integerAt(args, at);
  if (value === undefined || value <= 0) throw errors.invalidTimeout();
  return value;
}

/** Where the keys of `key INPUTS n .. OUTPUTS n ..` are. */
export function modelExecuteKeys(args: Arguments): number[] {
  const inputs = keywordAt(args, 2) === 'INPUTS' ? countedPositions(args, 3) : [];
  const at = 4 + inputs.length;
  const outputs = keywordAt(args, at) === 'OUTPUTS' ? countedPositions(args, at + 1) : [];
  return [1, ...inputs, ...outputs];
}

/** The positions behind a count that the count speaks of; as many as there are where it says more, none where it is no number. */
export function countedPositions(args: Arguments, countAt: number): number[] {
  const count = Math.max(integerAt(args, countAt) ?? 0, 0);
  const end = Math.min(countAt + 1 + count, args.length);
  return Array.from({ length: Math.max(0, end - countAt - 1) }, (_, i) => countAt + 1 + i);
}

/**
 * `key [TIMEOUT ms] INPUTS input .. OUTPUTS output ..`, the deprecated form without counts.
 * @throws ServerError like `parseModelExecute`.
 */
export function parseModelRun(args: Arguments, inDag: boolean): ExecuteArguments {
  let at = 2;
  let timeoutMs: number | undefined;
  if (keywordAt(args, at) === 'TIMEOUT') {
    if (inDag) throw errors.timeoutInDag();
    timeoutMs = parseTimeout(args, at + 1);
    at += 2;
  }
  if (keywordAt(args, at) !== 'INPUTS') throw errors.inputsNotSpecified();
  const split = positionOf(args, 'OUTPUTS', at + 1);
  if (split < 0) throw errors.outputsNotSpecified();
  return {
    inputs: args.slice(at + 1, split).map((_, i) => keyAt(args, at + 1 + i)),
    outputs: args.slice(split + 1).map((_, i) => keyAt(args, split + 1 + i)),
    timeoutMs,
  };
}

/** Where the keys of `key [TIMEOUT ms] INPUTS .. OUTPUTS ..` are. */
export function modelRunKeys(args: Arguments): number[] {
  const at = keywordAt(args, 2) === 'TIMEOUT' ? 4 : 2;
  if (keywordAt(args, at) !== 'INPUTS') return [1];
  const split = positionOf(args, 'OUTPUTS', at + 1);
  const positions = [1];
  for (let i = at + 1; i < args.length; i++) if (i !== split) positions.push(i);
  return positions;
}

function positionOf(args: Arguments, keyword: string, from: number): number {
  for (let i = from; i < args.length; i++) if (keywordAt(args, i) === keyword) return i;
  return -1;
}
