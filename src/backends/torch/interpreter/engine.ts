import type { PickledTensor } from '../archive/pickle.ts';
import type { Named, ScriptValue, SymbolicNumber, TensorValue } from './values.ts';

/** What computes with tensors: the interpreter only knows the language. */
export interface Engine {
  /**
   * @param name qualified: aten::add.
   * @throws UnsupportedOperation, ScriptError
   */
  call(name: string, args: readonly ScriptValue[], named: Named): ScriptValue;
  /** An attribute of a tensor: shape, dtype.. */
  attribute(tensor: TensorValue, name: string): ScriptValue;
  /** An operator between numbers of which one is symbolic. */
  symbolic(operator: string, left: ScriptValue, right: ScriptValue): ScriptValue;
  /** What a condition is. A program whose way depends on it may have to be seen as another program for other inputs. */
  truth(value: TensorValue | SymbolicNumber): boolean;
  /** The number itself, under the same condition. */
  known(value: SymbolicNumber): number;
  /** int(x), float(x), bool(x) of a tensor or of a number. */
  convert(value: TensorValue | SymbolicNumber, type: 'int' | 'float' | 'bool'): ScriptValue;
  /** A parameter, a buffer or a constant; the same tensor each time. */
  constant(tensor: PickledTensor): TensorValue;
  /** Called every few steps of a program. @throws ScriptError when it has to end. */
  tick(): void;
  /** @param alive finds what the running program may still use, where the engine wants to know. */
  watch(alive: () => Iterable<ScriptValue>): void;
}
