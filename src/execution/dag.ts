import { ServerError } from '../protocol/reply.ts';
import type { Tensor } from '../tensors/tensor.ts';
import type { RunOutcome } from './run-queue.ts';

/** One operation of a DAG. Values are numbered: each is written by one operation or was there at the start. */
export interface DagOperation {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /**
   * Makes the outputs from the inputs, both in their order. The tensors are shared, never copied.
   * @throws ServerError when it fails.
   */
  readonly run: (inputs: readonly Tensor[]) => readonly Tensor[] | Promise<RunOutcome>;
}

/** What became of an operation: its inputs (for those that only read), its error, or that it never began. */
export type OperationOutcome =
  | { readonly inputs: readonly Tensor[] }
  | { readonly error: ServerError }
  | 'NA';

export interface DagOutcome {
  readonly operations: readonly OperationOutcome[];
  /** By number; undefined where the operation that writes it did not succeed. */
  readonly values: readonly (Tensor | undefined)[];
  readonly failed: boolean;
}

/**
 * Runs operations as soon as their inputs are there, independent ones at the same time. After an error none begins any more; those under way
 * end first.
 * @param initial the values that are there at the start, by number.
 * @returns 'TIMEDOUT' when one waited in a queue past its limit.
 * @throws what is thrown and is no ServerError (a bug), once nothing is under way any more.
 */
export function runDag(
  operations: readonly DagOperation[],
  initial: readonly (Tensor | undefined)[],
): Promise<DagOutcome | 'TIMEDOUT'> {
  return new Promise((resolve, reject) => {
    new DagRun(operations, initial, resolve, reject).advance();
  });
}

class DagRun {
  readonly #operations: readonly DagOperation[];
  readonly #values: (Tensor | undefined)[];
  readonly #outcomes: OperationOutcome[];
  /** Operations whose inputs are all there. */
  readonly #ready: number[] = [];
  /** For each operation, how many of its inputs are missing. */
  readonly #missing: number[];
  /** For each value, the operations that wait for it. */
  readonly #waiting = new Map<number, number[]>();
  readonly #resolve: (outcome: DagOutcome | 'TIMEDOUT') => void;
  readonly #reject: (error: unknown) => void;
  #underWay = 0;
  #failed = false;
  #timedOut = false;
  #bug: unknown;

  constructor(
    operations: readonly DagOperation[],
    initial: readonly (Tensor | undefined)[],
    resolve: (outcome: DagOutcome | 'TIMEDOUT') => void,
    reject: (error: unknown) => void,
  ) {
    this.#operations = operations;
    this.#values = [...initial];
    this.#outcomes = operations.map(() => 'NA');
    this.#resolve = resolve;
    this.#reject = reject;
    this.#missing = operations.map(({ inputs }, index) => {
      const missing = new Set(inputs.filter((value) => this.#values[value] === undefined));
      for (const value of missing) {
        const waiting = this.#waiting.get(value) ?? [];
        waiting.push(index);
        this.#waiting.set(value, waiting);
      }
      if (missing.size === 0) this.#ready.push(index);
      return missing.size;
    });
  }

  /** Begins what can begin; ends the run when nothing is left to do. */
  advance(): void {
    // A list, not recursion: a chain of ten thousand operations that take no time must not exhaust the stack.
    for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift()) {
      if (!this.#stopped) this.#begin(next);
    }
    if (this.#underWay > 0) return;
    if (this.#bug !== undefined) this.#reject(this.#bug);
    else if (this.#timedOut) this.#resolve('TIMEDOUT');
    else this.#resolve({ operations: this.#outcomes, values: this.#values, failed: this.#failed });
  }

  get #stopped(): boolean {
    return this.#failed || this.#timedOut || this.#bug !== undefined;
  }

  #begin(index: number): void {
    const operation = this.#operations[index] as DagOperation;
    const inputs = operation.inputs.map((value) => this.#values[value] as Tensor);
    try {
      const result = operation.run(inputs);
      if (!(result instanceof Promise)) {
        this.#done(index, inputs, result);
        return;
      }
      this.#underWay++;
      result
        .then(
          (outcome) => {
            if (outcome === 'TIMEDOUT') this.#timedOut = true;
            else this.#done(index, inputs, outcome);
          },
          (error: unknown) => this.#fail(index, error),
        )
        .then(() => {
          this.#underWay--;
          this.advance();
        });
    } catch (error) {
      this.#fail(index, error);
    }
  }

  #done(index: number, inputs: readonly Tensor[], outputs: readonly Tensor[]): void {
    this.#outcomes[index] = { inputs };
    (this.#operations[index] as DagOperation).outputs.forEach((value, i) => {
      this.#values[value] = outputs[i];
      for (const waiting of this.#waiting.get(value) ?? []) {
        this.#missing[waiting] = (this.#missing[waiting] as number) - 1;
        if (this.#missing[waiting] === 0) this.#ready.push(waiting);
      }
    });
  }

  #fail(index: number, error: unknown): void {
    this.#failed = true;
    if (error instanceof ServerError) this.#outcomes[index] = { error };
    else this.#bug ??= error;
  }
}
