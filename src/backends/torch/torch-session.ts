import { errors } from '../../errors.ts';
import type { Tensor } from '../../tensors/tensor.ts';
import type { Session, SessionOptions } from '../backend.ts';
import { openOnnxSession } from '../onnx/onnx-backend.ts';
import type { DataType } from '../onnx-graph/data-types.ts';
import type { Archive } from './archive/archive.ts';
import type { Program } from './interpreter/program.ts';
import { type Signature, signatureOf } from './signature.ts';
import { type Trace, traceForward } from './tracing/trace.ts';

/** Sessions of one model; with more signatures than this the oldest has to go. */
const MAX_SESSIONS = 16;
/** Shapes whose session is remembered. */
const MAX_SHAPES = 1024;

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
  readonly #archive: Archive;
  readonly #program: Program;
  readonly #options: SessionOptions;
  readonly #signature: Signature;
  readonly #traced: TracedSession[] = [];
  readonly #byShapes = new Map<string, TracedSession>();

  constructor(archive: Archive, program: Program, options: SessionOptions) {
    this.#archive = archive;
    this.#program = program;
    this.#options = options;
    this.#signature = signatureOf(archive, program);
    this.inputs = this.#signature.inputs;
    // The type of what comes back says how many tensors there are, but not what they are called.
    this.outputs = new Array<string>(this.#signature.outputs).fill('');
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const shapes = inputs.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join(';');
    const known = this.#byShapes.get(shapes);
    const { session } = known ?? (await this.#find(inputs, shapes));
    if (session.outputs.length !== this.outputs.length) {
      throw errors.torchOutputs(this.outputs.length, session.outputs.length);
    }
    return session.run(inputs);
  }

  async close(): Promise<void> {
    this.#byShapes.clear();
    await Promise.all(this.#traced.splice(0).map(({ session }) => session.close()));
  }

  async #find(inputs: readonly Tensor[], shapes: string): Promise<TracedSession> {
    const kind = inputs.map(({ dtype, shape }) => `${dtype}${shape.length}`).join(';');
    const sizes = inputs.map(({ shape }) => shape);
    const found = this.#traced.find((one) => one.kind === kind && one.trace.fits(sizes));
    const session = found ?? (await this.#trace(inputs, kind));
    if (this.#byShapes.size >= MAX_SHAPES) this.#byShapes.clear();
    this.#byShapes.set(shapes, session);
    return session;
  }

  async #trace(inputs: readonly Tensor[], kind: string): Promise<TracedSession> {
    const traceInputs = inputs.map(({ dtype, shape }) => {
      const known = DTYPES[dtype];
      if (known === undefined) throw errors.torchInputType(dtype);
      return { dtype: known, shape };
    });
    const trace = traceForward(this.#archive, this.#program, traceInputs);
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
