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

/** What runs under a key, as its clients see it. */
export interface ModelInfo {
  readonly name: string;
  /** Its tag; empty where it has none. */
  readonly version: string;
  /** RedisAI's name, such as ONNX. */
  readonly backend: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** Asks for models and runs them, in the name of callers. */
export class ModelClient {
  readonly #cluster: ClusterClient;

  constructor(cluster: ClusterClient) {
    this.#cluster = cluster;
  }

  /**
   * What is known of a model, or of an experiment by its primary.
   * @param version undefined: whichever there is.
   * @throws InferenceError where the caller may not see the model, there is none, or it cannot be loaded.
   */
  async info(caller: Caller, name: string, version: string | undefined): Promise<ModelInfo> {
    const reply = await this.#send(caller, name, ['AI.MODELSIGNATURE', name]);
    const [, backend, , tag, , inputs, , outputs] = (reply as readonly NodeReply[]).map(
      (field) => field as Buffer & readonly (readonly NodeReply[])[],
    );
    const found = String(tag);
    if (version !== undefined && version !== found) {
      const text = `the model ${JSON.stringify(name)} has no version ${JSON.stringify(version)}`;
      const other = found === '' ? 'it has none' : `it is ${JSON.stringify(found)}`;
      throw new InferenceError(404, `${text}: ${other}`);
    }
    return {
      ...{ name, version: found, backend: String(backend) },
      inputs: (inputs ?? []).map(metadataOf),
      outputs: (outputs ?? []).map(metadataOf),
    };
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
      return {
        name: (outputs[at] as TensorMetadata).name,
        dtype: known,
        shape: shape as number[],
        bytes: bytes as Buffer,
      };
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

function metadataOf([name, dtype, shape]: readonly NodeReply[]): TensorMetadata {
  return {
    name: String(name),
    dtype: dtype === null ? undefined : parseDtype(String(dtype)),
    shape: shape === null ? undefined : (shape as readonly number[]),
  };
}

/** Two bytes that a DAG takes for the sign between its operations. */
const SEPARATOR = Buffer.from('|>');

function tensorset(name: string, { dtype, shape, bytes }: NamedTensor): Request {
  const start = ['AI.TENSORSET', name, dtype, ...shape.map(String)];
  if (!bytes.equals(SEPARATOR)) return [...start, 'BLOB', bytes];
  const values = dtype === 'INT16' || dtype === 'UINT16' ? [bytes.readUInt16LE()] : [...bytes];
  return [...start, 'VALUES', ...values.map(String)];
}
