import { ServerError } from '../../../errors.ts';
import { formatDouble } from '../../../protocol/float.ts';
import { asLatin1, bytesOf } from '../../../protocol/latin1.ts';
import type { ScriptHost } from '../../script.ts';
import { type Externals, Interruption } from '../interpreter/interpreter.ts';
import {
  Callable,
  Float,
  ScriptError,
  type ScriptValue,
  TensorValue,
  typeName,
} from '../interpreter/values.ts';
import type { LiveRun } from '../tracing/live-run.ts';

/** The function reaches out of its thread: only a run can say what comes of it. */
export class ReachesOut extends Interruption {}

/** The functions that scripts have and modules have not. */
const NAMES = ['redis.execute', 'redis.asList', 'redisAI.model_execute'];

/** For a trace: nothing can be called before it is known whether the rest can be traced. */
export const UNREACHABLE: Externals = new Map(
  NAMES.map((name) => [
    name,
    new Callable(() => {
      throw new ReachesOut(`${name} is called`);
    }),
  ]),
);

/** For a run: what they do happens at once. */
export function externals(live: LiveRun, host: ScriptHost): Externals {
  const functions: Record<string, (args: readonly ScriptValue[]) => ScriptValue> = {
    'redis.execute': (args) => toScript(reaching(() => host.execute(args.flatMap(commandArgument)))),
    'redis.asList': ([value = null]) => {
      if (Array.isArray(value)) return value;
      throw new ScriptError(`redis.asList: expected a list, got ${typeName(value)}`);
    },
    'redisAI.model_execute': ([key, inputs, count]) => {
      if (typeof key !== 'string' || !Array.isArray(inputs) || typeof count !== 'number') {
        throw new ScriptError('redisAI.model_execute takes a str, a List[Tensor] and an int');
      }
      const tensors = live.concretes(inputs.map(requireTensor));
      return reaching(() => host.runModel(key, tensors, count)).map((tensor) => live.tensor(tensor));
    },
  };
  return new Map(
    Object.entries(functions).map(([name, run]) => [
      name,
      new Callable((args) => run(args.map((arg) => live.settled(arg)))),
    ]),
  );
}

/** An error of what was asked is one of the script, at that place; that it is cut is none. */
function reaching<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof ServerError) throw error;
    throw new ScriptError(asLatin1((error as Error).message));
  }
}

/** Texts as they are, numbers as Redis prints them; a list stands for its items. */
function commandArgument(value: ScriptValue): Uint8Array[] {
  if (Array.isArray(value)) return value.flatMap(commandArgument);
  if (typeof value === 'string') return [bytesOf(value)];
  if (typeof value === 'number' || typeof value === 'boolean') return [bytesOf(String(Number(value)))];
  if (value instanceof Float) return [bytesOf(formatDouble(value.value))];
  throw new ScriptError(`redis.execute: expected str, int or float, got ${typeName(value)}`);
}

function requireTensor(value: ScriptValue): TensorValue {
  if (value instanceof TensorValue) return value;
  throw new ScriptError(`redisAI.model_execute: expected a Tensor, got ${typeName(value)}`);
}

function toScript(reply: ReturnType<ScriptHost['execute']>): ScriptValue {
  return typeof reply === 'object' && reply !== null ? reply.map(toScript) : reply;
}
