import type { Tensor } from '../../../tensors/tensor.ts';
import type { Pickled } from '../archive/pickle.ts';
import { type Externals, Interpreter } from '../interpreter/interpreter.ts';
import type { Program } from '../interpreter/program.ts';
import type { ScriptValue, TensorValue } from '../interpreter/values.ts';
import type { Tracer } from './tracer.ts';

/** A tensor that goes in, as far as a trace depends on it. */
export type InputKind = Pick<Tensor, 'dtype' | 'shape'>;

/** A program that does nothing but compute: the same inputs lead to the same tensors. */
export interface Traceable {
  /** @throws ServerError when it takes no such inputs. Asked once for each kind of inputs. */
  check(inputs: readonly InputKind[]): void;
  /** What a dimension of an input is called, where it may differ from run to run; one name may stand for several. */
  dim(input: number, axis: number): string | null;
  /** Goes through the program once. @throws ServerError with the place in the program. */
  run(tracer: Tracer, inputs: readonly TensorValue[]): ScriptValue;
}

/** Gives a program its inputs: calls a module's forward, or a function with whatever else it takes. */
export type Entry = (interpreter: Interpreter, inputs: readonly TensorValue[]) => ScriptValue;

/** A program of the language: only itself knows what it takes, and all dimensions may differ. */
export function interpreted(
  program: Program,
  constants: readonly Pickled[],
  entry: Entry,
  externals?: Externals,
): Traceable {
  return {
    check: () => {},
    dim: (input, axis) => `in${input}_${axis}`,
    run: (tracer, inputs) => entry(new Interpreter(program, constants, tracer, externals), inputs),
  };
}
