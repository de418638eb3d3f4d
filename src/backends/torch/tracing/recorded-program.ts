import { ServerError } from '../../../errors.ts';
import type { Tensor } from '../../../tensors/tensor.ts';
import type { Value } from '../../onnx-graph/value.ts';
import {
  ScriptDict,
  ScriptError,
  type ScriptValue,
  TensorValue,
  Tuple,
  typeName,
} from '../interpreter/values.ts';
import { Slot, slotAfter } from './recorded-steps.ts';
import { type Answered, Diverged, MAX_STEPS, type Progress, Recording, Unanswered } from './recording.ts';
import type { StageSessions } from './stage-sessions.ts';
import { checkDeadline, type RunLimits, runStage } from './stages.ts';
import type { InputKind, Traceable } from './traceable.ts';
import type { TracedTensor } from './traced-tensor.ts';
import { PinnedDimension } from './tracer.ts';
import { elementsOfTensor } from './wire-tensors.ts';

const UNLIMITED: RunLimits = {
  deadline: Number.POSITIVE_INFINITY,
  memoryBytes: Number.POSITIVE_INFINITY,
};

/**
 * A program whose runs are recorded: what it does with tensors up to its end, or up to where it asks what is in one, is a graph in ONNX
 * Runtime, and each answer leads to the next. A run that goes a recorded way costs no more than its graphs; where there is none, the program
 * is interpreted.
 */
export class RecordedProgram {
  readonly #program: Traceable;
  readonly #sessions: StageSessions;
  #root = new Slot();
  /** Of all recorded runs; when there are too many, recording begins anew. */
  #steps = 0;
  /** How often the program was interpreted. */
  interpreted = 0;

  constructor(program: Traceable, sessions: StageSessions) {
    this.#program = program;
    this.#sessions = sessions;
  }

  /**
   * @param inputs all of their dimensions may differ from run to run, but for those that the program needs as numbers.
   * @returns the tensors in what the program gives, in order.
   * @throws ServerError with the place in the source, or Error with ONNX Runtime's text.
   */
  run(inputs: readonly Tensor[], limits: RunLimits): Tensor[] {
    const shapes = inputs.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join(';');
    const tensors = new Map<string, Tensor>();
    const answered: Answered[] = [];
    for (let slot = this.#root; ; ) {
      const branch = slot.find(shapes, inputs);
      if (branch === undefined) return this.#record(inputs, limits, { tensors, answered });
      if (slot === this.#root) {
        for (const [i, name] of branch.inputs.entries()) tensors.set(name, inputs[i] as Tensor);
      }
      const { stage, end } = branch.step;
      if (stage !== null) {
        const session = this.#sessions.find(stage.key);
        if (session === undefined) {
          slot.remove(branch);
          return this.#record(inputs, limits, { tensors, answered });
        }
        runStage(stage, session, tensors);
      }
      if (end.kind === 'outputs') return end.names.map((name) => tensors.get(name) as Tensor);
      if (end.kind === 'failure') throw end.error;
      checkDeadline(limits);
      const { asked, answers } = end;
      const answer = elementsOfTensor(tensors.get(asked) as Tensor);
      answered.push({ branch, asked, answers, answer });
      slot = slotAfter(answers, answer);
    }
  }

  /** Makes ready for inputs like these, up to the first question: nothing is run. @throws as run does. */
  prepare(inputs: readonly InputKind[]): void {
    try {
      this.#interpret(inputs, null, UNLIMITED, nothingDone());
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
    }
  }

  /** Interprets the program; what has been answered is not run again. */
  #record(inputs: readonly Tensor[], limits: RunLimits, progress: Progress): Tensor[] {
    return this.#interpret(inputs, inputs, limits, progress);
  }

  #interpret(
    inputs: readonly InputKind[],
    tensors: readonly Tensor[] | null,
    limits: RunLimits,
    progress: Progress,
  ): Tensor[] {
    this.interpreted++;
    this.#program.check(inputs);
    let done = progress;
    let pinned = new Set(done.answered[0]?.branch.pinned);
    if (this.#steps > MAX_STEPS) {
      this.#root = new Slot();
      this.#steps = 0;
      done = nothingDone();
    }
    for (;;) {
      const run = { program: this.#program, inputs, tensors, pinned };
      const recording = new Recording(this.#sessions, limits, this.#root, run, done);
      try {
        return this.#attempt(recording);
      } catch (error) {
        if (!(error instanceof PinnedDimension || error instanceof Diverged)) throw error;
        // What was recorded so far would lead every later run to the same end.
        if (recording.root !== undefined) this.#root.remove(recording.root);
        if (error instanceof PinnedDimension) pinned = new Set(pinned).add(error.dim);
        done = nothingDone();
      } finally {
        this.#steps += recording.steps;
      }
    }
  }

  #attempt(recording: Recording): Tensor[] {
    try {
      return recording.finish(tensorsOf(this.#program.run(recording.tracer, recording.enter())));
    } catch (error) {
      if (error instanceof ServerError) recording.fail(error);
      throw error;
    }
  }
}

function nothingDone(): Progress {
  return { tensors: new Map(), answered: [] };
}

/** Tensors, and lists, tuples and dicts of them, in order; a None counts for nothing. */
function tensorsOf(value: ScriptValue): Value[] {
  if (value === null) return [];
  if (value instanceof TensorValue) return [(value as TracedTensor).value];
  if (Array.isArray(value)) return value.flatMap(tensorsOf);
  if (value instanceof Tuple) return value.items.flatMap(tensorsOf);
  if (value instanceof ScriptDict) return value.values.flatMap(tensorsOf);
  throw new ScriptError(`the model's output is of type ${typeName(value)}, which is no tensor`);
}
