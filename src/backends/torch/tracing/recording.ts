import type { Tensor } from '../../../tensors/tensor.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { Interruption } from '../interpreter/interpreter.ts';
import type { TensorValue } from '../interpreter/values.ts';
import { type Branch, type Slot, type Step, slotAfter } from './recorded-steps.ts';
import type { StageSessions } from './stage-sessions.ts';
import { type RunLimits, Stages } from './stages.ts';
import type { InputKind, Traceable } from './traceable.ts';
import { type Guard, replayFor, type Tracer } from './tracer.ts';
import { dataTypeOf, elementsOfTensor, toWire } from './wire-tensors.ts';

/**
 * Steps that a run may add; a longer one is not recorded to its end. Numbers that are answered count, too, and so do the operators of a graph
 * that guards are computed with.
 */
export const MAX_STEPS = 20_000;
const NUMBERS_A_STEP = 16;
const OPERATORS_A_STEP = 4;
/** A graph counts as no more steps, however large it is. */
const MOST_OF_A_GRAPH = 1000;

/** A question of a run that went through recorded steps, with its answer. */
export interface Answered {
  readonly branch: Branch;
  readonly asked: string;
  readonly answers: Map<string, Slot>;
  readonly answer: readonly number[];
}

/** The program does not do what it did before. */
export class Diverged extends Interruption {}

/** What comes next depends on tensors that are not there. */
export class Unanswered extends Interruption {}

/** The program and the run that is recorded. */
export interface Recorded {
  readonly program: Traceable;
  readonly inputs: readonly InputKind[];
  /** The inputs themselves; null where nothing is run, but all made ready up to the first question. */
  readonly tensors: readonly Tensor[] | null;
  /** Dimensions of the inputs that are numbers. */
  readonly pinned: ReadonlySet<string>;
}

/** What has been run of a program before it is interpreted. */
export interface Progress {
  readonly tensors: Map<string, Tensor>;
  readonly answered: readonly Answered[];
}

/** A run that is interpreted, and becomes steps of a recorded program on the way. */
export class Recording extends Stages {
  readonly #run: Recorded;
  readonly #answered: readonly Answered[];
  readonly #known = new Map<string, readonly number[]>();
  #slot: Slot;
  #position = 0;
  /** Steps that were added. */
  steps = 0;
  /** Where the way of this run begins. */
  root: Branch | undefined;

  /** @param slot where the program begins. */
  constructor(
    sessions: StageSessions,
    limits: RunLimits,
    slot: Slot,
    run: Recorded,
    { tensors, answered }: Progress,
  ) {
    super(sessions, limits, tensors);
    this.#slot = slot;
    this.#run = run;
    this.#answered = answered;
    this.root = answered[0]?.branch;
  }

  /** The inputs as the program sees them. */
  enter(): TensorValue[] {
    const { inputs, tensors } = this.#run;
    const dims = dimsOf(this.#run);
    return inputs.map(({ dtype, shape }, i) => {
      const input = this.tracer.input({ dtype: dataTypeOf(dtype), shape }, dims[i] as (string | number)[]);
      const tensor = tensors?.[i];
      if (tensor === undefined) this.expect(input.value);
      else this.give(input.value, tensor);
      return input;
    });
  }

  override elements(value: Value): readonly number[] {
    const asked = this.readable(value);
    if (asked.constant !== undefined) return elementsOfTensor(toWire(asked.constant));
    const known = this.#known.get(asked.name);
    if (known !== undefined) return known;
    const answer = this.tracer.varies(asked) ? this.#answer(asked) : elementsOfTensor(this.fixed(asked));
    this.#known.set(asked.name, answer);
    return answer;
  }

  /** Ends the run with these outputs. */
  finish(values: readonly Value[]): Tensor[] {
    const outputs = values.map((value) => this.tracer.output(this.readable(value)));
    const stage = this.#run.tensors === null ? this.plan(outputs, true) : this.advance(outputs, true);
    const names = outputs.map(({ name }) => name);
    this.#add({ stage, end: { kind: 'outputs', names } });
    return names.map((name) => this.tensors.get(name) as Tensor);
  }

  /** Ends a run whose answers led to an error. Where there was no question yet the error is left to be found again. */
  fail(error: Error): void {
    if (this.root !== undefined && !this.isCut) this.#add({ stage: null, end: { kind: 'failure', error } });
  }

  #answer(asked: Value): readonly number[] {
    const before = this.#answered[this.#position++];
    if (before !== undefined) {
      this.pause();
      this.endStage();
      this.isFirst = false;
      if (before.asked !== asked.name) throw new Diverged('the program went another way');
      this.tracer.guards.length = 0;
      this.#slot = slotAfter(before.answers, before.answer);
      return before.answer;
    }
    if (this.#run.tensors === null) throw new Unanswered('the program asks what is in a tensor');
    const stage = this.advance([asked]);
    const answer = elementsOfTensor(this.tensors.get(asked.name) as Tensor);
    const answers = new Map<string, Slot>();
    this.#add({ stage, end: { kind: 'question', asked: asked.name, answers } });
    this.#slot = slotAfter(answers, answer);
    this.steps += answer.length / NUMBERS_A_STEP;
    return answer;
  }

  #add(step: Step): void {
    if (this.steps > MAX_STEPS) return;
    const isRoot = this.root === undefined;
    const guards = this.tracer.guards.splice(0);
    if (guards.length > 0) {
      this.steps += Math.min(this.tracer.emissions.size / OPERATORS_A_STEP, MOST_OF_A_GRAPH);
    }
    const guarded = guardsFit(guards, this.tracer);
    const likeThese = fitsLike(this.#run);
    const hasRoom = this.roomFor(step.stage === null ? [] : this.stageValues);
    const goes: Branch['fits'] = (inputs) => guarded(inputs) && hasRoom(inputs.map(({ shape }) => shape));
    const branch: Branch = {
      step,
      inputs: this.tracer.inputs.slice(0, this.#run.inputs.length).map(({ name }) => name),
      pinned: this.#run.pinned,
      fits: isRoot ? (inputs) => likeThese(inputs) && goes(inputs) : goes,
    };
    this.root ??= branch;
    this.#slot.add(branch);
    this.steps++;
  }
}

/** The dimensions of the inputs: names of those that may differ from run to run. */
function dimsOf({ program, inputs, pinned }: Recorded): (string | number)[][] {
  return inputs.map(({ shape }, i) =>
    shape.map((size, d) => {
      const name = program.dim(i, d);
      return name === null || pinned.has(name) ? size : name;
    }),
  );
}

/** Whether inputs are of the same dtypes and ranks, and of the same sizes where these are numbers. */
function fitsLike(run: Recorded): Branch['fits'] {
  const dims = dimsOf(run);
  const dtypes = run.inputs.map(({ dtype }) => dtype);
  return (others) => {
    run.program.check(others);
    return (
      others.length === dtypes.length &&
      others.every(({ dtype, shape }, i) => {
        const sizes = dims[i] as (string | number)[];
        if (dtype !== dtypes[i] || shape.length !== sizes.length) return false;
        return sizes.every((size, d) => typeof size === 'string' || size === shape[d]);
      })
    );
  };
}

/** Whether what was taken for granted holds. Without guards nothing of the trace is kept. */
function guardsFit(guards: readonly Guard[], { emissions, inputs }: Tracer): Branch['fits'] {
  if (guards.length === 0) return () => true;
  return (tensors) => {
    const replay = replayFor(
      emissions,
      inputs,
      tensors.map(({ shape }) => shape),
    );
    return guards.every(({ value, is }) => replay.numbers(value)?.[0] === is);
  };
}
