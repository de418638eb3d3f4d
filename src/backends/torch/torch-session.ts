import { setImmediate } from 'node:timers/promises';
import { errors } from '../../errors.ts';
import type { Tensor } from '../../tensors/tensor.ts';
import type { Session, SessionOptions } from '../backend.ts';
import type { Signature } from './signature.ts';
import { RecordedProgram } from './tracing/recorded-program.ts';
import { StageSessions } from './tracing/stage-sessions.ts';
import type { InputKind, Traceable } from './tracing/traceable.ts';

/** What a session runs. */
export interface TorchModule extends Traceable {
  readonly signature: Signature;
}

/** Of the time that a run may take, what a program may take of its own accord: it ends before its thread is given up. */
const OWN_SHARE = 0.9;

/** A module, traced and loaded in ONNX Runtime for each kind of inputs that it gets, and for each way that it goes. */
export class TorchSession implements Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #recorded: RecordedProgram;
  readonly #sessions: StageSessions;
  readonly #timeoutMs: number;

  constructor(module: TorchModule, options: SessionOptions) {
    const { signature } = module;
    this.inputs = signature.inputs;
    // The type of what comes back says how many tensors there are, but not what they are called.
    this.outputs = new Array<string>(signature.outputs).fill('');
    this.#timeoutMs = (options.runTimeoutMs ?? Number.POSITIVE_INFINITY) * OWN_SHARE;
    this.#sessions = new StageSessions(options);
    this.#recorded = new RecordedProgram(module, this.#sessions);
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    // What waits in this thread meanwhile, such as the collection of garbage, has its turn before each run.
    await setImmediate();
    const deadline = performance.now() + this.#timeoutMs;
    const outputs = this.#recorded.run(inputs, { deadline, memoryBytes: Number.POSITIVE_INFINITY });
    if (outputs.length !== this.outputs.length) {
      throw errors.torchOutputs(this.outputs.length, outputs.length);
    }
    return outputs;
  }

  /** Makes ready for such inputs ahead of the first run, so that what is wrong with the program shows at once. */
  prepare(inputs: readonly InputKind[]): void {
    this.#recorded.prepare(inputs);
  }

  async close(): Promise<void> {
    this.#sessions.close();
  }
}
