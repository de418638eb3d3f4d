import type { Connection, Key } from './connection.ts';
import { type DagPlan, runPlan, type Step } from './dag-plan.ts';
import type { Dtype, Tensor } from './tensor.ts';

const EMPTY: DagPlan = { loads: new Map(), persists: new Map(), steps: [], timeoutMs: undefined };

/** Another name in `Out`. */
type With<Out, N extends string, D extends Dtype> = {
  [K in keyof Out | N]: K extends N ? Tensor<D> : Out[K & keyof Out];
};

/**
 * Several operations on tensors as one command, on the node that has the model: nothing crosses the network between them.
 * Tensors have names that only the DAG knows; keys are those of models, scripts, `load` and `persist`, all in one hash slot.
 * Each call gives a new DAG, so a beginning may be kept and run again with other inputs.
 * @typeParam Names those of the tensors that there are so far.
 * @typeParam Out what `run` gives.
 */
export class Dag<Names extends string = never, Out = unknown> {
  readonly #connection: Connection;
  readonly #plan: DagPlan;

  constructor(connection: Connection, plan: DagPlan = EMPTY) {
    this.#connection = connection;
    this.#plan = plan;
  }

  /** Begins with the tensors under keys, such as `{ profile: 'profile:7{fraud}' }`. */
  load<N extends string>(keys: Readonly<Record<N, Key>>): Dag<Names | N, Out> {
    return this.#with({ loads: new Map([...this.#plan.loads, ...Object.entries<Key>(keys)]) });
  }

  /** Takes tensors along. They are not copied: they must not change until `run` has settled. */
  set<N extends string>(tensors: Readonly<Record<N, Tensor>>): Dag<Names | N, Out> {
    const steps = Object.entries<Tensor>(tensors).map(
      ([name, tensor]) => ({ kind: 'set', name, tensor }) as const,
    );
    return this.#with({ steps: [...this.#plan.steps, ...steps] });
  }

  /** Runs a model; its inputs and outputs are named in the model's order. */
  model<const O extends string>(
    key: Key,
    { inputs, outputs }: { readonly inputs: readonly Names[]; readonly outputs: readonly O[] },
  ): Dag<Names | O, Out> {
    return this.#step({ kind: 'model', key, inputs, outputs });
  }

  /** Calls a function of a script; `keys` and `args` are what the function gets by these names. */
  script<const O extends string = never>(
    key: Key,
    entryPoint: string,
    options: {
      readonly inputs?: readonly Names[];
      readonly keys?: readonly Key[];
      readonly args?: readonly Key[];
      readonly outputs?: readonly O[];
    } = {},
  ): Dag<Names | O, Out> {
    const { inputs = [], keys = [], args = [], outputs = [] } = options;
    return this.#step({ kind: 'script', key, entryPoint, inputs, keys, args, outputs });
  }

  /**
   * Has `run` give a tensor.
   * @param dtype what it has to be; `run` throws a TypeError when it is not.
   */
  get<N extends Names, D extends Dtype = Dtype>(name: N, dtype?: D): Dag<Names, With<Out, N, D>> {
    return this.#step({ kind: 'get', name, dtype });
  }

  /** Puts tensors under keys once all has gone well, such as `{ score: 'score:7{fraud}' }`. */
  persist(keys: Readonly<Partial<Record<Names, Key>>>): Dag<Names, Out> {
    return this.#with({
      persists: new Map([...this.#plan.persists, ...Object.entries<Key>(keys as Record<string, Key>)]),
    });
  }

  /** The longest wait in the queue, in milliseconds; `run` then throws an AiError with the code TIMED_OUT. */
  timeout(ms: number): Dag<Names, Out> {
    return this.#with({ timeoutMs: ms });
  }

  /**
   * Runs it, in one round trip.
   * @throws AiError for the first operation that failed; nothing is persisted then.
   */
  async run(): Promise<Out> {
    const tensors = await runPlan(this.#connection, this.#plan);
    return Object.fromEntries(tensors) as Out;
  }

  #step<N extends string, O>(step: Step): Dag<N, O> {
    return this.#with({ steps: [...this.#plan.steps, step] });
  }

  #with<N extends string, O>(changed: Partial<DagPlan>): Dag<N, O> {
    return new Dag<N, O>(this.#connection, { ...this.#plan, ...changed });
  }
}
