import { errors } from '../../errors.ts';
import type { Tensor } from '../../tensors/tensor.ts';
import type { Session, SessionOptions } from '../backend.ts';
import { openOnnxSession } from '../onnx/onnx-backend.ts';
import type { DataType } from '../onnx-graph/data-types.ts';
import type { Signature } from './signature.ts';
import type { Trace } from './tracing/trace.ts';
import type { TraceInput } from './tracing/tracer.ts';

/** Sessions of one model; with more signatures than this the oldest has to go. */
const MAX_SESSIONS = 16;
/** Shapes whose session is remembered. */
const MAX_SHAPES = 1024;

/** A tensor that goes in, as far as a trace depends on it. */
export type InputKind = Pick<Tensor, 'dtype' | 'shape'>;

/** What a session runs: a program that becomes a graph for inputs of a kind. */
export interface TorchModule {
  readonly signature: Signature;
  /** @throws ServerError when it takes no such inputs. */
  check(inputs: readonly InputKind[]): void;
  /** @throws ServerError with the place in the program. */
  trace(inputs: readonly TraceInput[]): Trace;
}

const DTYPES: Partial<Record<Tensor['dtype'], DataType>> = {
  ...{ FLOAT: 'float', DOUBLE: 'double', INT8: 'int8', INT16: 'int16', INT32: 'int32', INT64: 'int64' },
  ...{ UINT8: 'uint8', BOOL: 'bool' },
};

interface TracedSession {
  /** Dtypes and ranks of the inputs. */
  readonly kind: string;
  readonly trace: Trace;
  readonly session: Session;
}

/** A module, traced and loaded in ONNX Runtime for each kind of inputs that it gets. */
export class TorchSession implements Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #module: TorchModule;
  readonly #options: SessionOptions;
  readonly #traced: TracedSession[] = [];
  readonly #byShapes = new Map<string, TracedSession>();

  constructor(module: TorchModule, options: SessionOptions) {
    this.#module = module;
    this.#options = options;
    this.inputs = module.signature.inputs;
    // The type of what comes back says how many tensors there are, but not what they are called.
    this.outputs = new Array<string>(module.signature.outputs).fill('');
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const { session } = await this.#sessionFor(inputs);
    if (session.outputs.length !== this.outputs.length) {
      throw errors.torchOutputs(this.outputs.length, session.outputs.length);
    }
    return session.run(inputs);
  }

  /** Makes the session for such inputs ahead of the first run, so that what is wrong with the program shows at once. */
  async prepare(inputs: readonly InputKind[]): Promise<void> {
    await this.#sessionFor(inputs);
  }

  async close(): Promise<void> {
    this.#byShapes.clear();
    await Promise.all(this.#traced.splice(0).map(({ session }) => session.close()));
  }

  async #sessionFor(inputs: readonly InputKind[]): Promise<TracedSession> {
    const shapes = inputs.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join(';');
    return this.#byShapes.get(shapes) ?? (await this.#find(inputs, shapes));
  }

  async #find(inputs: readonly InputKind[], shapes: string): Promise<TracedSession> {
    this.#module.check(inputs);
    const kind = inputs.map(({ dtype, shape }) => `${dtype}${shape.length}`).join(';');
    const sizes = inputs.map(({ shape }) => shape);
    const found = this.#traced.find((one) => one.kind === kind && one.trace.fits(sizes));
    const session = found ?? (await this.#trace(inputs, kind));
    if (this.#byShapes.size >= MAX_SHAPES) this.#byShapes.clear();
    this.#byShapes.set(shapes, session);
    return session;
  }

  async #trace(inputs: readonly InputKind[], kind: string): Promise<TracedSession> {
    const traceInputs = inputs.map(({ dtype, shape }) => {
      const known = DTYPES[dtype];
      if (known === undefined) throw errors.torchInputType(dtype);
      return { dtype: known, shape };
    });
    const trace = this.#module.trace(traceInputs);
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
