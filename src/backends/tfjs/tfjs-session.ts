import type { GraphModel, NamedTensorMap, Tensor as TfjsTensor } from '@tensorflow/tfjs';
import { errors } from '../../errors.ts';
import type { Dtype } from '../../tensors/dtype.ts';
import { elementCount, type Tensor } from '../../tensors/tensor.ts';
import type { Session } from '../backend.ts';
import type { TfjsType } from './dtypes.ts';
import type { TensorFlowJs } from './library.ts';
import { elementsFor, NATURAL, tensorOf } from './tensors.ts';

/** An input as the graph declares it. */
export interface TfjsInput {
  readonly name: string;
  /** The node's, which is what TensorFlow.js calls it. */
  readonly node: string;
  readonly dtype: Dtype;
  readonly type: TfjsType;
  readonly isScalar: boolean;
}

export interface TfjsOutput {
  readonly name: string;
  /** As the graph declares it; undefined where it does not say. */
  readonly dtype: Dtype | undefined;
  readonly type: TfjsType | undefined;
}

/** What `execute` says of a graph whose control flow or shapes only `executeAsync` can follow, before it computes anything. */
const NEEDS_ASYNC = /Please use model\.executeAsync\(\)/;

/** A graph model of TensorFlow.js. */
export class TfjsSession implements Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #library: TensorFlowJs;
  readonly #model: GraphModel;
  readonly #feeds: readonly TfjsInput[];
  readonly #fetches: readonly TfjsOutput[];
  /** Not always: `executeAsync` is slower, and complains on the console of graphs that do not need it. */
  #async = false;

  constructor(
    library: TensorFlowJs,
    model: GraphModel,
    feeds: readonly TfjsInput[],
    fetches: readonly TfjsOutput[],
  ) {
    this.#library = library;
    this.#model = model;
    this.#feeds = feeds;
    this.#fetches = fetches;
    this.inputs = feeds.map(({ name }) => name);
    this.outputs = fetches.map(({ name }) => name);
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const engine = this.#library.engine();
    // A thread runs one model at a time and loads none meanwhile: all tensors of this scope are of this run.
    engine.startScope('run');
    try {
      const feeds: NamedTensorMap = {};
      for (const [i, feed] of this.#feeds.entries()) feeds[feed.node] = this.#feed(feed, inputs[i] as Tensor);
      const results = await this.#execute(feeds);
      return await Promise.all(this.#fetches.map((fetch, i) => collect(fetch, results[i] as TfjsTensor)));
    } finally {
      engine.endScope();
    }
  }

  async close(): Promise<void> {
    this.#model.dispose();
  }

  #feed({ name, dtype, type, isScalar }: TfjsInput, tensor: Tensor): TfjsTensor {
    if (tensor.dtype !== dtype) throw errors.tfInputType(name, dtype, tensor.dtype);
    // No client can send a scalar: AI.TENSORSET asks for at least one dimension.
    const shape = isScalar && elementCount(tensor.shape) === 1 ? [] : [...tensor.shape];
    return this.#library.tensor(elementsFor(name, tensor), shape, type);
  }

  async #execute(feeds: NamedTensorMap): Promise<TfjsTensor[]> {
    const names = [...this.outputs];
    if (!this.#async) {
      try {
        return listed(this.#model.execute(feeds, names));
      } catch (error) {
        if (!NEEDS_ASYNC.test((error as Error).message)) throw error;
        this.#async = true;
      }
    }
    return listed(await this.#model.executeAsync(feeds, names));
  }
}

function listed(result: TfjsTensor | TfjsTensor[]): TfjsTensor[] {
  return Array.isArray(result) ? result : [result];
}

async function collect({ dtype, type }: TfjsOutput, result: TfjsTensor): Promise<Tensor> {
  const found = result.dtype as TfjsType;
  const natural = NATURAL[found];
  if (natural === undefined) throw errors.tfjsOutputType(result.dtype);
  // `data` would read strings as UTF-8.
  const elements = found === 'string' ? ((await result.bytes()) as Uint8Array[]) : await result.data();
  return tensorOf(dtype !== undefined && type === found ? dtype : natural, result.shape, elements);
}
