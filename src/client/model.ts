import { isDeepStrictEqual } from 'node:util';
import { type Connection, fieldsOf, isKey, itemsOf, type Key, textOf } from './connection.ts';
import { runPlan, type Step } from './dag-plan.ts';
import { type Backend, backendOfFile, readChunks, splitChunks } from './model-file.ts';
import { expectOk, type RunInfo, readRunInfo } from './requests.ts';
import type { Dtype, Tensor } from './tensor.ts';

/** The names and dtypes of a model's inputs or outputs. */
export type Names = Readonly<Record<string, Dtype>>;

/** What a model takes and gives; the order is the model's own, whatever it is here. */
export interface Signature<I extends Names = Names, O extends Names = Names> {
  readonly inputs: I;
  readonly outputs: O;
}

/** A tensor for each name, or the key of one that lies in the model's hash slot. */
export type Inputs<I extends Names> = { readonly [N in keyof I]: Tensor<I[N]> | Key };
export type Outputs<O extends Names> = { readonly [N in keyof O]: Tensor<O[N]> };

/** How a model is stored; sizes in rows of dimension 0. */
export interface StoreOptions {
  /** `CPU` when left out; `GPU`, `GPU:0`... */
  readonly device?: string;
  readonly tag?: string;
  /** Requests of several clients share a run of up to this many rows. */
  readonly batchSize?: number;
  readonly minBatchSize?: number;
  readonly minBatchTimeoutMs?: number;
  /** Nodes of the graph, for TF alone. */
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
}

export interface ModelDescription {
  readonly backend: string;
  readonly device: string;
  readonly tag: string;
  readonly batchSize: number;
  readonly minBatchSize: number;
  readonly minBatchTimeoutMs: number;
  /** Names in the order in which the model takes and gives them. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface RunOptions<O extends Names> {
  /** The longest wait in the queue, in milliseconds. */
  readonly timeoutMs?: number;
  /** Keys in the model's hash slot that outputs are put under as well. */
  readonly persist?: { readonly [N in keyof O]?: Key };
}

/** A model under a key. Nothing is asked of the server before a method is called. */
export class Model<I extends Names = Names, O extends Names = Names> {
  readonly key: Key;
  readonly #connection: Connection;
  readonly #signature: Signature<I, O> | undefined;
  #known: ModelDescription | undefined;

  constructor(connection: Connection, key: Key, signature?: Signature<I, O>) {
    this.#connection = connection;
    this.key = key;
    this.#signature = signature;
  }

  /**
   * Stores a model. Whoever runs the key meanwhile gets its old model.
   * @param blob not copied: it must not change until this has settled.
   */
  async store(backend: Backend, blob: Uint8Array, options: StoreOptions = {}): Promise<void> {
    await this.#store(backend, splitChunks(blob, await this.#chunkBytes()), options);
  }

  /** Stores the model in a file; the backend is told by the file's name where it is not said. */
  async storeFile(file: string, options: StoreOptions & { readonly backend?: Backend } = {}): Promise<void> {
    const { backend = backendOfFile(file) } = options;
    await this.#store(backend, await readChunks(file, await this.#chunkBytes()), options);
  }

  /**
   * Runs the model on tensors, or on what lies under keys, in one round trip and without a trace on the server: it is a DAG.
   * The model's names are asked for first, and once. Where their order matters it is looked at after each run, in the same
   * round trip: after another model was stored under the key, the run is done again with the names of that one.
   * @throws TypeError when the names or dtypes are not the model's; AiError for what the server says.
   */
  async run(inputs: Inputs<I>, options: RunOptions<O> = {}): Promise<Outputs<O>> {
    for (;;) {
      const known = await this.#namesFor(inputs, options);
      const isOrdered = known.inputs.length > 1 || known.outputs.length > 1;
      const [outcome, after] = await Promise.allSettled([
        this.#runAs(known, inputs, options),
        isOrdered ? this.describe() : known,
      ]);
      if (after.status === 'fulfilled' && !haveSameNames(known, after.value)) continue;
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    }
  }

  /** Runs the model on the tensors under keys and puts what it gives under keys, in the model's order; all in its hash slot. */
  async execute(
    inputs: readonly Key[],
    outputs: readonly Key[],
    options: { readonly timeoutMs?: number } = {},
  ): Promise<void> {
    const args = ['AI.MODELEXECUTE', this.key, 'INPUTS', String(inputs.length), ...inputs];
    args.push('OUTPUTS', String(outputs.length), ...outputs);
    if (options.timeoutMs !== undefined) args.push('TIMEOUT', String(options.timeoutMs));
    await expectOk(this.#connection, { key: this.key, isReadonly: false, args });
  }

  /** @throws AiError with the code NO_MODEL when none is under the key. */
  async describe(): Promise<ModelDescription> {
    const reply = await this.#connection.send({
      key: this.key,
      isReadonly: true,
      args: ['AI.MODELGET', this.key, 'META'],
    });
    const fields = fieldsOf(reply);
    const text = (name: string) => textOf(fields.get(name));
    const names = (name: string) => itemsOf(fields.get(name)).map(textOf);
    this.#known = {
      ...{ backend: text('backend'), device: text('device'), tag: text('tag') },
      batchSize: Number(fields.get('batchsize')),
      minBatchSize: Number(fields.get('minbatchsize')),
      minBatchTimeoutMs: Number(fields.get('minbatchtimeout')),
      ...{ inputs: names('inputs'), outputs: names('outputs') },
    };
    return this.#known;
  }

  /** The stored bytes, in the chunks in which the server sends them. */
  async blob(): Promise<Buffer[]> {
    const reply = await this.#connection.send({
      key: this.key,
      isReadonly: true,
      args: ['AI.MODELGET', this.key, 'BLOB'],
    });
    return (Array.isArray(reply) ? reply : [reply]) as Buffer[];
  }

  /** What the model has run since it was stored, on the node that has it. */
  info(): Promise<RunInfo> {
    return readRunInfo(this.#connection, this.key);
  }

  /** @throws AiError with the code NO_MODEL when none is under the key. */
  async delete(): Promise<void> {
    this.#known = undefined;
    await expectOk(this.#connection, { key: this.key, isReadonly: false, args: ['AI.MODELDEL', this.key] });
  }

  async #chunkBytes(): Promise<number> {
    const args = ['AI.CONFIG', 'GET', 'MODEL_CHUNK_SIZE'];
    return Number(await this.#connection.send({ key: this.key, isReadonly: false, args }));
  }

  async #store(backend: Backend, chunks: Buffer[], options: StoreOptions): Promise<void> {
    const { device = 'CPU', tag, batchSize, minBatchSize, minBatchTimeoutMs, inputs, outputs } = options;
    const args: Key[] = ['AI.MODELSTORE', this.key, backend, device];
    const words = {
      TAG: tag,
      BATCHSIZE: batchSize,
      MINBATCHSIZE: minBatchSize,
      MINBATCHTIMEOUT: minBatchTimeoutMs,
    };
    for (const [word, value] of Object.entries(words))
      if (value !== undefined) args.push(word, String(value));
    for (const [word, names] of Object.entries({ INPUTS: inputs, OUTPUTS: outputs })) {
      if (names !== undefined) args.push(word, String(names.length), ...names);
    }
    this.#known = undefined;
    await expectOk(this.#connection, {
      key: this.key,
      isReadonly: false,
      args: [...args, 'BLOB', ...chunks],
    });
  }

  /** The model's names: those that are known, if what is given fits them. */
  async #namesFor(inputs: Inputs<I>, options: RunOptions<O>): Promise<ModelDescription> {
    const wanted = [...Object.keys(this.#signature?.outputs ?? {}), ...Object.keys(options.persist ?? {})];
    const misfit = (model: ModelDescription) =>
      misnamed('input', Object.keys(inputs), model.inputs) ??
      missing(Object.keys(inputs), model.inputs) ??
      misnamed('output', wanted, model.outputs);
    if (this.#known !== undefined && misfit(this.#known) === undefined) return this.#known;
    const model = await this.describe();
    const why = misfit(model);
    if (why !== undefined) throw new TypeError(`model "${this.key}": ${why}`);
    return model;
  }

  async #runAs(model: ModelDescription, inputs: Inputs<I>, options: RunOptions<O>): Promise<Outputs<O>> {
    // An input and an output may have the same name: in the DAG they are told apart.
    const [asInput, asOutput] = [(name: string) => `in:${name}`, (name: string) => `out:${name}`];
    const loads = new Map<string, Key>();
    const steps: Step[] = [];
    for (const [name, given] of Object.entries(inputs as Inputs<Names>)) {
      if (isKey(given)) loads.set(asInput(name), given);
      else steps.push({ kind: 'set', name: asInput(name), tensor: given });
    }
    const outputs = model.outputs.map(asOutput);
    steps.push({ kind: 'model', key: this.key, inputs: model.inputs.map(asInput), outputs });
    const dtypes: Readonly<Record<string, Dtype>> | undefined = this.#signature?.outputs;
    const wanted = dtypes === undefined ? model.outputs : Object.keys(dtypes);
    for (const name of wanted) steps.push({ kind: 'get', name: asOutput(name), dtype: dtypes?.[name] });
    const persists = new Map<string, Key>();
    for (const [name, key] of Object.entries<Key | undefined>(options.persist ?? {})) {
      if (key !== undefined) persists.set(asOutput(name), key);
    }
    const plan = { loads, persists, steps, timeoutMs: options.timeoutMs };
    const tensors = await runPlan(this.#connection, plan);
    return Object.fromEntries(wanted.map((name) => [name, tensors.get(asOutput(name))])) as Outputs<O>;
  }
}

function misnamed(kind: string, given: readonly string[], names: readonly string[]): string | undefined {
  const unknown = given.find((name) => !names.includes(name));
  return unknown === undefined ? undefined : `no ${kind} "${unknown}", there are ${names.join(', ')}`;
}

function missing(given: readonly string[], names: readonly string[]): string | undefined {
  const absent = names.find((name) => !given.includes(name));
  return absent === undefined ? undefined : `the input "${absent}" is missing`;
}

function haveSameNames(a: ModelDescription, b: ModelDescription): boolean {
  return isDeepStrictEqual([a.inputs, a.outputs], [b.inputs, b.outputs]);
}
