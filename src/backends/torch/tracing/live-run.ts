import type { Tensor } from '../../../tensors/tensor.ts';
import type { PickledTensor } from '../archive/pickle.ts';
import type { Engine } from '../interpreter/engine.ts';
import { deeplySettled } from '../interpreter/operators.ts';
import type { Named, ScriptValue, SymbolicNumber, TensorValue } from '../interpreter/values.ts';
import type { StageSessions } from './stage-sessions.ts';
import { type RunLimits, Stages } from './stages.ts';
import type { TracedTensor } from './traced-tensor.ts';
import { dataTypeOf } from './wire-tensors.ts';

/**
 * The engine of a program that is interpreted at each call, because it does things besides: whatever it does happens once. Tensors are
 * computed as late as they are asked for; the graphs of that are kept in the sessions, so that a call like one before makes no new one.
 *
 *     const live = new LiveRun(sessions, limits);
 *     const interpreter = new Interpreter(program, [], live);
 *     const result = interpreter.callFunction(f, [live.tensor(x)], new Map());
 *     const y = live.concrete(result as TensorValue);
 */
export class LiveRun implements Engine {
  readonly #stages: Stages;

  constructor(sessions: StageSessions, limits: RunLimits) {
    this.#stages = new Stages(sessions, limits);
  }

  /** A tensor that comes from outside. @throws ServerError where torch has no tensors of its dtype. */
  tensor(tensor: Tensor): TensorValue {
    const { dtype, shape } = tensor;
    const traced = this.#stages.tracer.input({ dtype: dataTypeOf(dtype), shape }, shape);
    this.#stages.give(traced.value, tensor);
    return traced;
  }

  /** What is in a tensor of the program; float16 as float. @throws ScriptError, Error of ONNX Runtime */
  concrete(value: TensorValue): Tensor {
    return this.#stages.tensor((value as TracedTensor).value);
  }

  /** The same of several: what leads to more than one of them is computed once. */
  concretes(values: readonly TensorValue[]): Tensor[] {
    return this.#stages.results(values.map((value) => (value as TracedTensor).value));
  }

  /**
   * The value with its numbers as they are: what a script takes of a tensor stays in the graph until it is asked for, and whoever gives numbers
   * to others has to ask.
   */
  settled(value: ScriptValue): ScriptValue {
    return deeplySettled(this, value);
  }

  call(name: string, args: readonly ScriptValue[], named: Named): ScriptValue {
    return this.#stages.tracer.call(name, args, named);
  }

  attribute(tensor: TensorValue, name: string): ScriptValue {
    return this.#stages.tracer.attribute(tensor, name);
  }

  symbolic(operator: string, left: ScriptValue, right: ScriptValue): ScriptValue {
    return this.#stages.tracer.symbolic(operator, left, right);
  }

  truth(value: TensorValue | SymbolicNumber): boolean {
    return this.#stages.tracer.truth(value);
  }

  known(value: SymbolicNumber): number {
    return this.#stages.tracer.known(value);
  }

  convert(value: TensorValue | SymbolicNumber, type: 'int' | 'float' | 'bool'): ScriptValue {
    return this.#stages.tracer.convert(value, type);
  }

  constant(tensor: PickledTensor): TensorValue {
    return this.#stages.tracer.constant(tensor);
  }

  tick(): void {
    this.#stages.tick();
  }

  watch(alive: () => Iterable<ScriptValue>): void {
    this.#stages.watch(alive);
  }
}
