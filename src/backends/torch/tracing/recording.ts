import type { Tensor } from '../../../tensors/tensor.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { Interruption } from '../interpreter/interpreter.ts';
import type { TensorValue } from '../interpreter/values.ts';
import { type Branch, type Slot, type Step, slotAfter } from './recorded-steps.ts';
import type { StageSessions } from './stage-sessions.ts';
import { type RunLimits, Stages } from './stages.ts';
import { type Guard, replayFor, type Tracer } from './tracer.ts';
import { dataTypeOf, elementsOfTensor, toWire } from './wire-tensors.ts';

/** A question of a run that went through recorded steps, with its answer. */
export interface Answered {
  readonly branch: Branch;
  readonly asked: string;
  readonly answers: Map<string, Slot>;
  readonly answer: readonly number[];
}

/** The program does not do what it did before. */
export class Diverged extends Interruption {}

/** What has been run of a program before it is interpreted. */
export interface Progress {
  readonly tensors: Map<string, Tensor>;
  readonly answered: readonly Answered[];
}

/** A run that is interpreted, and becomes steps of a recorded program on the way. */
export class Recording extends Stages {
  readonly #inputs: readonly Tensor[];
  readonly #pinned: ReadonlySet<string>;
  readonly #answered: readonly Answered[];
  readonly #known = new Map<string, readonly number[]>();
  #slot: Slot;
  #position = 0;
  /** Steps that were added. */
  steps = 0;
  /** Where the way of this run begins. */
  root: Branch | undefined;

  /**
   * @param slot where the program begins.
   * @param pinned dimensions of the inputs that are numbers.
   */
  constructor(
    sessions: StageSessions,
    limits: RunLimits,
    slot: Slot,
    inputs: readonly Tensor[],
    pinned: ReadonlySet<string>,
    { tensors, answered }: Progress,
  ) {
    super(sessions, limits, tensors);
    this.#slot = slot;
    this.#inputs = inputs;
    this.#pinned = pinned;
    this.#answered = answered;
    this.root = answered[0]?.branch;
  }

  /** The inputs as the program sees them. */
  enter(): TensorValue[] {
    return this.#inputs.map((tensor, i) => {
      const dims = tensor.shape.map((size, d) => (this.#pinned.has(dimName(i, d)) ? size : dimName(i, d)));
      const input = this.tracer.input({ dtype: dataTypeOf(tensor.dtype), shape: tensor.shape }, dims);
      this.give(input.value, tensor);
      return input;
    });
  }

  override elements(value: Value): readonly number[] {
    const asked = this.readable(value);
    if (asked.constant !== undefined) return elementsOfTensor(toWire(asked.constant));
    const answer = this.#known.get(asked.name) ?? this.#answer(asked);
    this.#known.set(asked.name, answer);
    return answer;
  }

  /** Ends the run with these outputs. */
  finish(values: readonly Value[]): Tensor[] {
    const outputs = values.map((value) => this.tracer.output(this.readable(value)));
    const stage = this.advance(outputs);
    const names = outputs.map(({ name }) => name);
    this.#add({ stage, end: { kind: 'outputs', names } });
    return names.map((name) => this.tensors.get(name) as Tensor);
  }

  /** Ends a run whose answers led to an error. Where there was no question yet the error is left to be found again. */
  fail(error: Error): void {
    if (this.root !== undefined) this.#add({ stage: null, end: { kind: 'failure', error } });
  }

  #answer(asked: Value): readonly number[] {
    const before = this.#answered[this.#position++];
    if (before !== undefined) {
      this.pause();
      if (before.asked !== asked.name) throw new Diverged('the program went another way');
      this.tracer.guards.length = 0;
      this.#slot = slotAfter(before.answers, before.answer);
      return before.answer;
    }
    const stage = this.advance([asked]);
    const answer = elementsOfTensor(this.tensors.get(asked.name) as Tensor);
    const answers = new Map<string, Slot>();
    this.#add({ stage, end: { kind: 'question', asked: asked.name, answers } });
    this.#slot = slotAfter(answers, answer);
    return answer;
  }

  #add(step: Step): void {
    const isRoot = this.root === undefined;
    const guarded = guardsFit(this.tracer.guards.splice(0), this.tracer);
    const likeThese = fitsLike(this.#inputs, this.#pinned);
    const branch: Branch = {
      step,
      inputs: this.tracer.inputs.slice(0, this.#inputs.length).map(({ name }) => name),
      pinned: this.#pinned,
      fits: isRoot ? (inputs) => likeThese(inputs) && guarded(inputs) : guarded,
    };
    this.root ??= branch;
    this.#slot.add(branch);
    this.steps++;
  }
}

function dimName(input: number, axis: number): string {
  return `in${input}_${axis}`;
}

/** Whether inputs are of the same dtypes, ranks and pinned dimensions. */
function fitsLike(inputs: readonly Tensor[], pinned: ReadonlySet<string>): Branch['fits'] {
  const kinds = inputs.map(({ dtype, shape }, i) => ({
    dtype,
    sizes: shape.map((size, d) => (pinned.has(dimName(i, d)) ? size : null)),
  }));
  return (others) =>
    others.length === kinds.length &&
    kinds.every(({ dtype, sizes }, i) => {
      const other = others[i];
      if (other?.dtype !== dtype || other.shape.length !== sizes.length) return false;
      return sizes.every((size, d) => size === null || size === other.shape[d]);
    });
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
