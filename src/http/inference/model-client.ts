import { type Dtype, parseDtype } from '../../tensors/dtype.ts';
import type { Caller } from './client-pool.ts';
import type { ClusterClient } from './cluster-client.ts';
import type { NamedTensor } from './infer-request.ts';
import { fromNodeError, InferenceError } from './inference-error.ts';
import type { NodeReply, Request } from './node-client.ts';

/** An input or output, as far as it is known. */
export interface TensorMetadata {
  readonly name: string;
  /** Undefined where it is not known before a run, or there is no name for it here. */
  readonly dtype: Dtype | undefined;
  /** -1 for a size that may vary; undefined where it is not known before a run. */
  readonly shape: readonly number[] | undefined;
}

/** A stored model as its clients see it. */
export interface ModelInfo {
  readonly name: string;
  /** Its tag; empty where it has none. */
  readonly version: string;
  /** RedisAI's name, such as ONNX. */
  readonly backend: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Asks for models and runs them, in the name of callers. */
export class ModelClient {
  readonly #cluster: ClusterClient;

  constructor(cluster: ClusterClient) {
    this.#cluster = cluster;
  }

  /**
   * @param version undefined: whichever there is.
   * @throws InferenceError where the caller may not see the model, or there is none.
   */
  async info(caller: Caller, name: string, version: string | undefined): Promise<ModelInfo> {
    const reply = await this.#send(caller, name, ['AI.MODELGET', name, 'META']);
    const fields = new Map<string, NodeReply>();
    const list = reply as readonly NodeReply[];
    for (let i = 0; i + 1 < list.length; i += 2) fields.set(String(list[i]), list[i + 1] as NodeReply);
    const names = (field: string) => (fields.get(field) as readonly Buffer[]).map(String);
    const tag = String(fields.get('tag'));
    if (version !== undefined && version !== tag) {
      const text = `the model ${JSON.stringify(name)} has no version ${JSON.stringify(version)}`;
      throw new InferenceError(
        404,
        tag === '' ? `${text}: it has none` : `${text}: it is ${JSON.stringify(tag)}`,
      );
    }
    return {
      name,
      version: tag,
      backend: String(fields.get('backend')),
      inputs: names('inputs'),
      outputs: names('outputs'),
    };
  }

  /** What the model takes and gives. @throws InferenceError where it cannot be loaded. */
  async signature(
    caller: Caller,
    name: string,
  ): Promise<{ readonly inputs: readonly TensorMetadata[]; readonly outputs: readonly TensorMetadata[] }> {
    const reply = await this.#send(caller, name, ['AI.MODELSIGNATURE', name]);
    const [, inputs, , outputs] = reply as readonly (readonly NodeReply[])[];
    const list = (tensors: readonly NodeReply[] = []) =>
      tensors.map((tensor) => {
        const [own, dtype, shape] = tensor as readonly NodeReply[];
        return {
          name: String(own),
          dtype: dtype === null ? undefined : parseDtype(String(dtype)),
          shape: shape === null ? undefined : (shape as readonly number[]),
        };
      });
    return { inputs: list(inputs), outputs: list(outputs) };
  }

  /**
   * Runs a model; nothing is stored.
   * @param inputs in the model's order.
   * @param wanted positions of outputs of the model.
   * @returns the outputs that are wanted, in that order.
   * @throws InferenceError where it cannot be run, with the runtime's text where that says why.
   */
  async run(
    caller: Caller,
    { name, outputs }: ModelInfo,
    inputs: readonly NamedTensor[],
    wanted: readonly number[],
  ): Promise<NamedTensor[]> {
    const inputNames = inputs.map((_, i) => `i${i}`);
    const outputNames = outputs.map((_, i) => `o${i}`);
    const operations: Request[] = [
      ...inputs.map((input, i) => tensorset(`i${i}`, input)),
      [
        ...['AI.MODELEXECUTE', name, 'INPUTS', String(inputNames.length), ...inputNames],
        ...['OUTPUTS', String(outputNames.length), ...outputNames],
      ],
      ...wanted.map((at) => ['AI.TENSORGET', `o${at}`, 'META', 'BLOB']),
    ];
    const dag = operations.flatMap((operation) => ['|>', ...operation]);
    const replies = await this.#send(caller, name, ['AI.DAGEXECUTE_RO', 'ROUTING', name, ...dag]);
    const answers = replies as readonly NodeReply[];
    const failure = answers.find((answer) => answer instanceof Error);
    if (failure !== undefined) throw fromNodeError(failure, name);
    return wanted.map((at, i) => {
      const [, dtype, , shape, , bytes] = answers[inputs.length + 1 + i] as NodeReply[];
      const known = parseDtype(String(dtype));
      if (known === undefined) throw new Error(`AI.TENSORGET tells of a dtype ${String(dtype)}`);
      return { name: outputs[at] as string, dtype: known, shape: shape as number[], bytes: bytes as Buffer };
    });
  }

  async #send(caller: Caller, model: string, request: Request): Promise<NodeReply> {
    try {
      const reply = await this.#cluster.send(caller, request);
      if (reply instanceof Error) throw reply;
      return reply;
    } catch (error) {
      throw error instanceof InferenceError ? error : fromNodeError(error as Error, model);
    }
  }
}

/** Two bytes that a DAG takes for the sign between its operations. */
const SEPARATOR = Buffer.from('|>');

function tensorset(name: string, { dtype, shape, bytes }: NamedTensor): Request {
  const start = ['AI.TENSORSET', name, dtype, ...shape.map(String)];
  if (!bytes.equals(SEPARATOR)) return [...start, 'BLOB', bytes];
  const values = dtype === 'INT16' || dtype === 'UINT16' ? [bytes.readUInt16LE()] : [...bytes];
  return [...start, 'VALUES', ...values.map(String)];
}
