import { type Connection, fieldsOf, isKey, itemsOf, type Key, textOf } from './connection.ts';
import { runPlan, type Step } from './dag-plan.ts';
import { expectOk, type RunInfo, readRunInfo } from './requests.ts';
import type { Dtype, Tensor } from './tensor.ts';

export interface ScriptOptions {
  /** `CPU` when left out. */
  readonly device?: string;
  readonly tag?: string;
}

export interface CallOptions<D extends readonly Dtype[]> {
  /** Tensors, or keys of tensors that lie in the script's hash slot. */
  readonly inputs?: readonly (Tensor | Key)[];
  /** Keys that the function may reach, in the script's hash slot. */
  readonly keys?: readonly Key[];
  readonly args?: readonly Key[];
  /** The dtypes of the tensors that the function gives. */
  readonly outputs?: D;
  /** The longest wait in the queue, in milliseconds. */
  readonly timeoutMs?: number;
}

export type Called<D extends readonly Dtype[]> = { -readonly [I in keyof D]: Tensor<D[I]> };

export interface ScriptDescription {
  readonly device: string;
  readonly tag: string;
  readonly entryPoints: readonly string[];
  readonly source: string;
}

/** Functions in TorchScript under a key. Nothing is asked of the server before a method is called. */
export class Script {
  readonly key: Key;
  readonly #connection: Connection;

  constructor(connection: Connection, key: Key) {
    this.#connection = connection;
    this.key = key;
  }

  /** @param entryPoints the functions that may be called. */
  async store(source: string, entryPoints: readonly string[], options: ScriptOptions = {}): Promise<void> {
    const { device = 'CPU', tag } = options;
    const args: Key[] = ['AI.SCRIPTSTORE', this.key, device];
    if (tag !== undefined) args.push('TAG', tag);
    args.push('ENTRY_POINTS', String(entryPoints.length), ...entryPoints, 'SOURCE', source);
    await expectOk(this.#connection, { key: this.key, isReadonly: false, args });
  }

  /**
   * Calls a function, in one round trip and without a trace of its inputs and outputs on the server: it is a DAG.
   * @throws TypeError when an output has another dtype; AiError for what the server says.
   */
  async call<const D extends readonly Dtype[] = []>(
    entryPoint: string,
    options: CallOptions<D> = {},
  ): Promise<Called<D>> {
    const { inputs = [], keys = [], args = [], outputs = [], timeoutMs } = options;
    const loads = new Map<string, Key>();
    const steps: Step[] = [];
    inputs.forEach((given, i) => {
      if (isKey(given)) loads.set(`in:${i}`, given);
      else steps.push({ kind: 'set', name: `in:${i}`, tensor: given });
    });
    const names = outputs.map((_, i) => `out:${i}`);
    const inputNames = inputs.map((_, i) => `in:${i}`);
    steps.push({ kind: 'script', key: this.key, entryPoint, inputs: inputNames, keys, args, outputs: names });
    outputs.forEach((dtype, i) => {
      steps.push({ kind: 'get', name: `out:${i}`, dtype });
    });
    const tensors = await runPlan(this.#connection, { loads, persists: new Map(), steps, timeoutMs });
    return names.map((name) => tensors.get(name)) as Called<D>;
  }

  /** @throws AiError with the code NO_SCRIPT when none is under the key. */
  async describe(): Promise<ScriptDescription> {
    const args = ['AI.SCRIPTGET', this.key, 'META', 'SOURCE'];
    const fields = fieldsOf(await this.#connection.send({ key: this.key, isReadonly: true, args }));
    const text = (name: string) => textOf(fields.get(name));
    const entryPoints = itemsOf(fields.get('Entry Points')).map(textOf);
    return { device: text('device'), tag: text('tag'), entryPoints, source: text('source') };
  }

  /** What was called since the script was stored, on the node that has it. */
  info(): Promise<RunInfo> {
    return readRunInfo(this.#connection, this.key);
  }

  /** @throws AiError with the code NO_SCRIPT when none is under the key. */
  async delete(): Promise<void> {
    await expectOk(this.#connection, { key: this.key, isReadonly: false, args: ['AI.SCRIPTDEL', this.key] });
  }
}
