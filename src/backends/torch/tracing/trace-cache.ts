import { errors } from '../../../errors.ts';
import type { Tensor } from '../../../tensors/tensor.ts';
import type { Session, SessionOptions } from '../../backend.ts';
import { openOnnxSession } from '../../onnx/onnx-backend.ts';
import type { DataType } from '../../onnx-graph/data-types.ts';
import type { Trace } from './trace.ts';
import type { TraceInput } from './tracer.ts';

/** With more traces than this the oldest has to go. */
const MAX_SESSIONS = 16;
/** Shapes whose session is remembered. */
const MAX_SHAPES = 1024;

const DTYPES: Partial<Record<Tensor['dtype'], DataType>> = {
  ...{ FLOAT: 'float', DOUBLE: 'double', INT8: 'int8', INT16: 'int16', INT32: 'int32', INT64: 'int64' },
  ...{ UINT8: 'uint8', BOOL: 'bool' },
};

interface TracedSession {
  /** What was traced, and the dtypes and ranks of the inputs. */
  readonly kind: string;
  readonly trace: Trace;
  readonly session: Session;
}

/** The traces of a program, each loaded in ONNX Runtime: one for each kind of inputs, as far as they go through it the same way. */
export class TraceCache {
  readonly #options: SessionOptions;
  readonly #traced: TracedSession[] = [];
  readonly #byShapes = new Map<string, TracedSession>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * @param way tells apart what is traced otherwise than by its inputs.
   * @throws ServerError from the trace.
   */
  async find(
    way: string,
    inputs: readonly Tensor[],
    make: (inputs: readonly TraceInput[]) => Trace,
  ): Promise<Session> {
    const shapes = way + inputs.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join(';');
    const known = this.#byShapes.get(shapes);
    if (known !== undefined) return known.session;
    const kind = way + inputs.map(({ dtype, shape }) => `${dtype}${shape.length}`).join(';');
    const sizes = inputs.map(({ shape }) => shape);
    const found = this.#traced.find((one) => one.kind === kind && one.trace.fits(sizes));
    const traced = found ?? (await this.#trace(kind, inputs, make));
    if (this.#byShapes.size >= MAX_SHAPES) this.#byShapes.clear();
    this.#byShapes.set(shapes, traced);
    return traced.session;
  }

  async close(): Promise<void> {
    this.#byShapes.clear();
    await Promise.all(this.#traced.splice(0).map(({ session }) => session.close()));
  }

  async #trace(
    kind: string,
    inputs: readonly Tensor[],
    make: (inputs: readonly TraceInput[]) => Trace,
  ): Promise<TracedSession> {
    const trace = make(
      inputs.map(({ dtype, shape }) => {
        const known = DTYPES[dtype];
        if (known === undefined) throw errors.torchInputType(dtype);
        return { dtype: known, shape };
      }),
    );
    const session = await openOnnxSession(trace.model, this.#options);
    const made = { kind, trace, session };
    if (this.#traced.length >= MAX_SESSIONS) await this.#forgetOldest();
    this.#traced.push(made);
    return made;
  }

  async #forgetOldest(): Promise<void> {
    const oldest = this.#traced.shift();
    for (const [shapes, traced] of this.#byShapes) if (traced === oldest) this.#byShapes.delete(shapes);
    await oldest?.session.close();
  }
}
