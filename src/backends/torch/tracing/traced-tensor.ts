import type { Value } from '../../onnx-graph/value.ts';
import { SymbolicNumber, TensorValue } from '../interpreter/values.ts';
import type { OpCall } from './op-call.ts';

interface View {
  readonly base: TracedTensor;
  /** What took it. */
  readonly call: OpCall;
  /** The same part of another tensor of the base's shape. */
  readonly of: (base: Value) => Value;
}

/**
 * A tensor of a program that is being traced. An ONNX value never changes, but a tensor does, and all its views with it: a view is taken
 * again from its base when that was written to.
 */
export class TracedTensor extends TensorValue {
  readonly isTensor = true;
  #view: View | null;
  #value: Value;
  #version = 0;
  /** The base's version that the value was taken from. */
  #seen: number;

  constructor(value: Value, view: View | null = null) {
    super();
    this.#value = value;
    this.#view = view;
    this.#seen = view?.base.version ?? 0;
  }

  get view(): View | null {
    return this.#view;
  }

  get version(): number {
    this.#refresh();
    return this.#version;
  }

  get value(): Value {
    this.#refresh();
    return this.#value;
  }

  /** Replaces the tensor itself; who writes to a view has to write to its base too. */
  replace(value: Value): void {
    this.#value = value;
    this.#version++;
    if (this.#view !== null) this.#seen = this.#view.base.version;
  }

  /** Has the same elements in another order or shape from now on; a view is one of what it was, which nobody else sees. */
  turn(value: Value, { call, of }: Omit<View, 'base'>): void {
    if (this.#view === null) {
      this.replace(value);
      return;
    }
    const base = new TracedTensor(this.value, this.#view);
    this.#view = { base, call, of };
    this.#seen = base.version;
    this.#value = value;
  }

  #refresh(): void {
    if (this.#view === null || this.#view.base.version === this.#seen) return;
    this.#value = this.#view.of(this.#view.base.value);
    this.#seen = this.#view.base.version;
    this.#version++;
  }
}

/** A number that depends on the shapes of the inputs, or on what is in them: a scalar of the graph. */
export class TracedNumber extends SymbolicNumber {
  readonly type: 'int' | 'float' | 'bool';
  readonly value: Value;

  constructor(type: 'int' | 'float' | 'bool', value: Value) {
    super();
    this.type = type;
    this.value = value;
  }
}
