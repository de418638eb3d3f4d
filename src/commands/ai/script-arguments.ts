import { errors } from '../../errors.ts';
import type { KeyName } from '../../keyspace/keyspace.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { integerAt, keyAt, keywordAt, textAt } from '../arguments.ts';
import { countedPositions, parseTimeout } from './execute-arguments.ts';

/** A call of a script's function. In a DAG inputs and outputs are names of the DAG. */
export interface ScriptArguments {
  readonly functionName: string;
  readonly keys: readonly KeyName[];
  readonly inputs: readonly KeyName[];
  /** Inputs from this position on are one list, the function's last parameter (AI.SCRIPTRUN's `$`); undefined where none is. */
  readonly variadicFrom: number | undefined;
  readonly args: readonly Uint8Array[];
  readonly outputs: readonly KeyName[];
  readonly timeoutMs: number | undefined;
}

const SCOPES = ['KEYS', 'INPUTS', 'ARGS', 'OUTPUTS'] as const;
type Scope = (typeof SCOPES)[number];

/**
 * `key function [KEYS n ..] [INPUTS n ..] [ARGS n ..] [OUTPUTS n ..] [TIMEOUT ms]`.
 * @param inDag whether TIMEOUT is refused, and INPUTS or KEYS need not come first.
 * @throws ServerError with RedisAI's text for each way in which they can be wrong.
 */
export function parseScriptExecute(args: Arguments, inDag: boolean): ScriptArguments {
  const found = new Map<Scope, number[]>();
  let timeoutMs: number | undefined;
  let at = 3;
  if (!inDag && !['KEYS', 'INPUTS'].includes(keywordAt(args, at))) throw errors.scriptScopeFirst();
  while (at < args.length) {
    const word = keywordAt(args, at);
    if (word === 'TIMEOUT') {
      if (inDag) throw errors.timeoutInDag();
      if (at + 1 >= args.length) throw errors.scriptNoTimeoutValue();
      timeoutMs = parseTimeout(args, at + 1);
      at += 2;
      continue;
    }
    const scope = SCOPES.find((s) => s === word);
    if (scope === undefined) throw errors.scriptUnexpectedArgument(textAt(args, at));
    if (found.has(scope)) throw errors.scriptScopeTwice(scope);
    const positions = scopePositions(args, at, scope);
    found.set(scope, positions);
    at += 2 + positions.length;
  }
  const keysOf = (scope: Scope) => (found.get(scope) ?? []).map((i) => keyAt(args, i));
  return {
    functionName: textAt(args, 2),
    keys: keysOf('KEYS'),
    inputs: keysOf('INPUTS'),
    variadicFrom: undefined,
    args: (found.get('ARGS') ?? []).map((i) => Uint8Array.from(args[i] as Buffer)),
    outputs: keysOf('OUTPUTS'),
    timeoutMs,
  };
}

function scopePositions(args: Arguments, at: number, scope: Scope): number[] {
  if (scope === 'KEYS' && at + 2 >= args.length) throw errors.scriptKeysMissing();
  if (at + 1 >= args.length) throw errors.scriptInvalidArguments();
  const count = integerAt(args, at + 1);
  if (count === undefined || count < 0) {
    if (scope === 'KEYS') throw errors.scriptKeysInvalid();
    // RedisAI has no text with `args` here, but one with `keys` that nothing else needs.
    throw errors.scriptCountInvalid(scope === 'ARGS' ? 'keys' : scope.toLowerCase());
  }
  if (at + 2 + count > args.length) {
    throw scope === 'KEYS' ? errors.scriptKeysCount() : errors.scriptCountMismatch(scope.toLowerCase());
  }
  return countedPositions(args, at + 1);
}

/** Where the keys of AI.SCRIPTEXECUTE are: the script, KEYS, INPUTS and OUTPUTS; what ARGS holds is none. */
export function scriptExecuteKeys(args: Arguments): number[] {
  return [1, ...positionsOf(['KEYS', 'INPUTS', 'OUTPUTS'], args)];
}

/** Where they are in a DAG's operation, whose inputs and outputs are names of the DAG. */
export function scriptOperationKeys(operation: Arguments): number[] {
  return [1, ...positionsOf(['KEYS'], operation)];
}

/** The positions in these scopes, as far as the arguments can be read. */
function positionsOf(wanted: readonly Scope[], args: Arguments): number[] {
  const positions: number[] = [];
  for (let at = 3; at < args.length; ) {
    const word = keywordAt(args, at);
    const scope = SCOPES.find((s) => s === word);
    if (scope === undefined) {
      if (word !== 'TIMEOUT') break;
      at += 2;
      continue;
    }
    const found = countedPositions(args, at + 1);
    if (wanted.includes(scope)) positions.push(...found);
    at += 2 + found.length;
  }
  return positions;
}

/**
 * `key function [TIMEOUT ms] INPUTS input .. [$ input ..] OUTPUTS output ..`, the deprecated form.
 * @throws ServerError like `parseScriptExecute`.
 */
export function parseScriptRun(args: Arguments, inDag: boolean): ScriptArguments {
  const inputs: KeyName[] = [];
  const outputs: KeyName[] = [];
  let variadicFrom: number | undefined;
  let timeoutMs: number | undefined;
  let section: 'none' | 'INPUTS' | 'OUTPUTS' = 'none';
  for (let at = 3; at < args.length; at++) {
    const word = keywordAt(args, at);
    if (word === 'TIMEOUT' && section === 'none') {
      if (inDag) throw errors.timeoutInDag();
      if (timeoutMs !== undefined) throw errors.scriptRunTwice('TIMEOUT section');
      if (at + 1 >= args.length) throw errors.noTimeoutValue();
      timeoutMs = parseTimeout(args, ++at);
    } else if (word === 'INPUTS') {
      if (section !== 'none') throw errors.scriptRunTwice('INPUTS section');
      section = 'INPUTS';
    } else if (word === 'OUTPUTS') {
      if (section === 'OUTPUTS') throw errors.scriptRunTwice('OUTPUTS keyword');
      section = 'OUTPUTS';
    } else if (word === '$') {
      if (variadicFrom !== undefined) throw errors.variadicTwice();
      if (section !== 'INPUTS') throw errors.variadicOutside();
      variadicFrom = inputs.length;
    } else if (section === 'none') throw errors.scriptRunParameter();
    else (section === 'INPUTS' ? inputs : outputs).push(keyAt(args, at));
  }
  return { functionName: textAt(args, 2), keys: [], inputs, variadicFrom, args: [], outputs, timeoutMs };
}

/** Where the keys of AI.SCRIPTRUN are: the script, and what is behind INPUTS and OUTPUTS. */
export function scriptRunKeys(args: Arguments): number[] {
  const positions = [1];
  let inSection = false;
  for (let at = 3; at < args.length; at++) {
    const word = keywordAt(args, at);
    if (word === 'INPUTS' || word === 'OUTPUTS') inSection = true;
    else if (inSection && word !== '$') positions.push(at);
    else if (word === 'TIMEOUT') at++;
  }
  return positions;
}
