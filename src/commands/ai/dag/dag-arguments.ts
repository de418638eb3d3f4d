import { errors } from '../../../errors.ts';
import type { KeyName } from '../../../keyspace/keyspace.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import { integerAt, keyAt, keywordAt, textAt } from '../../arguments.ts';
import type { KeySpec } from '../../command.ts';
import { countedPositions } from '../execute-arguments.ts';
import { countedBehind, incomplete, OVERWRITE, READ, wordBehind } from '../key-specs.ts';
import { scriptOperationKeys } from '../script-arguments.ts';

/** The four commands that run DAGs. */
export interface DagVariant {
  /** As its errors show it. */
  readonly name: string;
  /** No PERSIST, no scripts. */
  readonly readOnly: boolean;
  /** AI.DAGRUN and AI.DAGRUN_RO: AI.MODELRUN and AI.SCRIPTRUN inside, and no keyword is obligatory. */
  readonly deprecated: boolean;
}

/** A DAG as a client sends it. */
export interface DagArguments {
  readonly load: readonly KeyName[];
  readonly persist: readonly KeyName[];
  readonly timeoutMs: number | undefined;
  /** The arguments of each operation, its command's name first. */
  readonly operations: readonly Arguments[];
}

const SEPARATOR = '|>';
/** Such as `AI.DAGEXECUTE LOAD 1 a |> op`; with fewer something is missing. */
const LEAST_ARGUMENTS = 6;
const LEAST_DEPRECATED_ARGUMENTS = 4;

/**
 * `[LOAD n key ..] [PERSIST n key ..] [ROUTING tag] [TIMEOUT ms] |> command [|> command ..]`.
 * @param loaded told of each key under LOAD as it is read, so that a missing one is reported before what comes after it.
 * @throws ServerError with RedisAI's text for each way in which they can be wrong.
 */
export function parseDag(args: Arguments, variant: DagVariant, loaded: (key: KeyName) => void): DagArguments {
  const least = variant.deprecated ? LEAST_DEPRECATED_ARGUMENTS : LEAST_ARGUMENTS;
  if (args.length < least) {
    throw variant.deprecated ? errors.wrongArity(variant.name) : errors.dagMissingArguments(variant.name);
  }
  let load: KeyName[] | undefined;
  let persist: KeyName[] | undefined;
  let timeoutMs: number | undefined;
  let hasRouting = false;
  let hasTimeout = false;
  let at = 1;
  for (; at < args.length && textAt(args, at) !== SEPARATOR; ) {
    const word = keywordAt(args, at);
    if (word === 'LOAD' && load === undefined) {
      load = countedKeys(args, at, errors.dagMissingLoad, errors.dagInvalidLoad, errors.dagLoadCount);
      load.forEach(loaded);
      at += 2 + load.length;
    } else if (word === 'PERSIST' && persist === undefined) {
      if (variant.readOnly) throw errors.dagPersistReadOnly();
      persist = countedKeys(
        args,
        at,
        errors.dagMissingPersist,
        errors.dagInvalidPersist,
        errors.dagPersistCount,
      );
      if (new Set(persist).size < persist.length) throw errors.dagPersistTwice();
      at += 2 + persist.length;
    } else if (word === 'ROUTING' && !hasRouting && !variant.deprecated) {
      if (at + 1 >= args.length) throw errors.dagMissingRouting();
      hasRouting = true;
      at += 2;
    } else if (word === 'TIMEOUT' && !hasTimeout) {
      if (at + 1 >= args.length) throw errors.noTimeoutValue();
      const value = integerAt(args, at + 1);
      if (value === undefined) throw errors.invalidTimeout();
      hasTimeout = true;
      // RedisAI takes a negative time here, and it never ends.
      timeoutMs = value > 0 ? value : undefined;
      at += 2;
    } else throw errors.dagUnexpectedArgument(textAt(args, at));
  }
  if (at >= args.length) throw errors.dagEmpty();
  if (!variant.deprecated) {
    if (at + 1 >= args.length) throw errors.dagMissingArguments(variant.name);
    if (load === undefined && persist === undefined && !hasRouting) throw errors.dagNeedsKeys();
  }
  return {
    load: load ?? [],
    persist: persist ?? [],
    timeoutMs,
    operations: splitOperations(args.slice(at + 1)),
  };
}

function countedKeys(
  args: Arguments,
  at: number,
  missing: () => Error,
  invalid: () => Error,
  mismatch: () => Error,
): KeyName[] {
  if (at + 1 >= args.length) throw missing();
  const count = integerAt(args, at + 1);
  if (count === undefined || count <= 0) throw invalid();
  if (at + 2 + count > args.length) throw mismatch();
  return countedPositions(args, at + 1).map((i) => keyAt(args, i));
}

function splitOperations(args: Arguments): Arguments[] {
  const operations: Buffer[][] = [[]];
  for (const arg of args) {
    if (arg.length === 2 && arg.toString('latin1') === SEPARATOR) operations.push([]);
    else operations.at(-1)?.push(arg);
  }
  return operations;
}

const KEY_SPECS = {
  LOAD: countedBehind('LOAD', 1, READ),
  PERSIST: countedBehind('PERSIST', 1, OVERWRITE),
  ROUTING: wordBehind('ROUTING', 1, ['not_key']),
} as const;

/** The rules for a DAG's keys; those of the models and scripts inside no rule can find. */
export function dagKeySpecs(...keywords: (keyof typeof KEY_SPECS)[]): KeySpec[] {
  return incomplete(keywords.map((keyword) => KEY_SPECS[keyword]));
}

/** Where a DAG's keys are: LOAD, PERSIST, the ROUTING value, and the models and scripts of its operations. */
export function dagKeys(args: Arguments): number[] {
  const positions: number[] = [];
  let at = 1;
  while (at < args.length && textAt(args, at) !== SEPARATOR) {
    const word = keywordAt(args, at);
    if (word === 'LOAD' || word === 'PERSIST') {
      const found = countedPositions(args, at + 1);
      positions.push(...found);
      at += 2 + found.length;
    } else if (word === 'ROUTING' || word === 'TIMEOUT') {
      if (word === 'ROUTING' && at + 1 < args.length) positions.push(at + 1);
      at += 2;
    } else break;
  }
  for (const operation of splitOperations(args.slice(at + 1))) {
    at++;
    for (const position of operationKeys(operation)) positions.push(at + position);
    at += operation.length;
  }
  return positions;
}

function operationKeys(operation: Arguments): number[] {
  const command = keywordAt(operation, 0);
  if (operation.length < 2 || !/^AI\.(MODEL|SCRIPT)(EXECUTE|RUN)$/.test(command)) return [];
  return command === 'AI.SCRIPTEXECUTE' ? scriptOperationKeys(operation) : [1];
}
