import { setImmediate } from 'node:timers/promises';
import { errors, ServerError } from '../../../errors.ts';
import { shown } from '../../../protocol/latin1.ts';
import type { Tensor } from '../../../tensors/tensor.ts';
import type { SessionOptions } from '../../backend.ts';
import type { ScriptCall, ScriptFunctionType, ScriptHost, ScriptSession } from '../../script.ts';
import { Interpreter } from '../interpreter/interpreter.ts';
import { namesIn } from '../interpreter/liveness.ts';
import type { ScriptFunction } from '../interpreter/values.ts';
import { checkFunctions } from '../supported-operations.ts';
import { LiveRun } from '../tracing/live-run.ts';
import { RecordedProgram } from '../tracing/recorded-program.ts';
import { StageSessions } from '../tracing/stage-sessions.ts';
import type { RunLimits } from '../tracing/stages.ts';
import { type Entry, interpreted } from '../tracing/traceable.ts';
import { type Argument, argumentValues, dealArguments } from './arguments.ts';
import { externals, ReachesOut, UNREACHABLE } from './externals.ts';
import { tensorsOf } from './outputs.ts';
import { type CompiledScript, compileScript, parameterType } from './source.ts';

/** Bytes of the tensors that a call has at one time. */
const MEMORY_BYTES = 1024 ** 3;
/** Functions, each with the texts that it was called with, whose runs are recorded; of more the oldest goes. */
const MAX_RECORDED = 64;

/**
 * A script in one worker. What a function does with tensors alone is recorded for each kind of arguments: the next such call is what it left
 * in ONNX Runtime. A function that reaches out of its thread is interpreted at each call.
 */
export class TorchScriptSession implements ScriptSession {
  readonly functions: readonly ScriptFunctionType[];
  readonly #script: CompiledScript;
  readonly #sessions: StageSessions;
  readonly #recorded = new Map<string, RecordedProgram>();
  /** Functions that reach out. */
  readonly #live = new Set<string>();

  /** @throws ServerError with the line where the source is none. */
  constructor(source: Uint8Array, options: SessionOptions) {
    this.#script = compileScript(source);
    checkFunctions(this.#script.program, this.#script.functions.values());
    this.#sessions = new StageSessions(options);
    this.functions = [...this.#script.functions].map(([name, { definition }]) => ({
      name,
      parameters: definition.parameters.map(parameterType),
    }));
  }

  async call(call: ScriptCall, inputs: readonly Tensor[], host: ScriptHost): Promise<readonly Tensor[]> {
    // What waits in this thread meanwhile, such as the collection of garbage, has its turn before each call.
    await setImmediate();
    host.checkWanted();
    const called = this.#script.functions.get(call.functionName);
    if (called === undefined) throw errors.noSuchFunction(call.functionName);
    const dealt = dealArguments(called, call, inputs.length);
    const limits: RunLimits = {
      get deadline() {
        return host.deadline;
      },
      memoryBytes: MEMORY_BYTES,
    };
    try {
      return this.#run(called, dealt, call, inputs, host, limits);
    } catch (error) {
      // Where the engine found the time to be over, why is told here.
      host.checkWanted();
      throw readable(error);
    }
  }

  async close(): Promise<void> {
    this.#sessions.close();
  }

  #run(
    called: ScriptFunction,
    dealt: readonly Argument[],
    call: ScriptCall,
    inputs: readonly Tensor[],
    host: ScriptHost,
    limits: RunLimits,
  ): readonly Tensor[] {
    if (!this.#live.has(call.functionName)) {
      try {
        return this.#recordedRun(called, dealt, call).run(inputs, limits);
      } catch (error) {
        if (!(error instanceof ReachesOut)) throw error;
        this.#live.add(call.functionName);
      }
    }
    const live = new LiveRun(this.#sessions, limits);
    const interpreter = new Interpreter(this.#script.program, [], live, externals(live, host));
    const values = inputs.map((tensor) => live.tensor(tensor));
    const result = interpreter.callFunction(called, argumentValues(dealt, values), new Map());
    return call.outputs === 0 ? [] : live.concretes(tensorsOf(call.functionName, result));
  }

  #recordedRun(called: ScriptFunction, dealt: readonly Argument[], call: ScriptCall): RecordedProgram {
    const { functionName, outputs } = call;
    const way = JSON.stringify([
      functionName,
      outputs === 0,
      dealt.map((one, i) => (isUsed(called, i) ? one : null)),
    ]);
    const known = this.#recorded.get(way);
    if (known !== undefined) return known;
    const entry: Entry = (interpreter, values) => {
      const result = interpreter.callFunction(called, argumentValues(dealt, values), new Map());
      return outputs === 0 ? null : tensorsOf(functionName, result);
    };
    const made = new RecordedProgram(
      interpreted(this.#script.program, [], entry, UNREACHABLE),
      this.#sessions,
    );
    const [oldest] = this.#recorded.keys();
    if (oldest !== undefined && this.#recorded.size >= MAX_RECORDED) this.#recorded.delete(oldest);
    this.#recorded.set(way, made);
    return made;
  }
}

/** Texts of a script are bytes, also those that it raises. */
function readable(error: unknown): unknown {
  if (!(error instanceof Error) || [...error.message].some((c) => c > '\u00ff')) return error;
  return new ServerError(shown(error.message));
}

/** Whether the function looks at what it gets there: most do not look at their keys and arguments, which may differ from call to call then. */
function isUsed({ definition }: ScriptFunction, position: number): boolean {
  const name = definition.parameters[position]?.name;
  return name !== undefined && definition.body.some((statement) => namesIn(statement).has(name));
}
