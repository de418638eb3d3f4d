import { errors } from '../../../errors.ts';
import type { Tensor } from '../../../tensors/tensor.ts';
import type { SessionOptions } from '../../backend.ts';
import type { ScriptCall, ScriptFunctionType, ScriptHost, ScriptSession } from '../../script.ts';
import { Interpreter } from '../interpreter/interpreter.ts';
import type { ScriptFunction } from '../interpreter/values.ts';
import { trace } from '../tracing/trace.ts';
import { TraceCache } from '../tracing/trace-cache.ts';
import { type Argument, argumentValues, dealArguments } from './arguments.ts';
import { tensorsOf } from './outputs.ts';
import { type CompiledScript, compileScript, parameterType } from './source.ts';

/** A script in one worker. What its functions do with tensors alone is traced once for each kind of arguments, and is one run of ONNX Runtime after that. */
export class TorchScriptSession implements ScriptSession {
  readonly functions: readonly ScriptFunctionType[];
  readonly #script: CompiledScript;
  readonly #traces: TraceCache;

  /** @throws ServerError with the line where the source is none. */
  constructor(source: Uint8Array, options: SessionOptions) {
    this.#script = compileScript(source);
    this.#traces = new TraceCache(options);
    this.functions = [...this.#script.functions].map(([name, { definition }]) => ({
      name,
      parameters: definition.parameters.map(parameterType),
    }));
  }

  async call(call: ScriptCall, inputs: readonly Tensor[], host: ScriptHost): Promise<readonly Tensor[]> {
    host.checkWanted();
    const called = this.#script.functions.get(call.functionName);
    if (called === undefined) throw errors.noSuchFunction(call.functionName);
    const dealt = dealArguments(called, call, inputs.length);
    return this.#runTraced(called, dealt, call, inputs);
  }

  async close(): Promise<void> {
    await this.#traces.close();
  }

  async #runTraced(
    called: ScriptFunction,
    dealt: readonly Argument[],
    call: ScriptCall,
    inputs: readonly Tensor[],
  ): Promise<readonly Tensor[]> {
    const way = JSON.stringify([call.functionName, call.outputs > 0, dealt]);
    const session = await this.#traces.find(way, inputs, (traced) =>
      trace(traced, (tracer, values) => {
        const interpreter = new Interpreter(this.#script.program, [], tracer);
        const result = interpreter.callFunction(called, argumentValues(dealt, values), new Map());
        return call.outputs === 0 ? [] : tensorsOf(call.functionName, result);
      }),
    );
    return session.outputs.length === 0 ? [] : session.run(inputs);
  }
}
