import { getHeapStatistics } from 'node:v8';
import { collectGarbage } from '../../../tensors/shared-memory.ts';
import type { Tensor } from '../../../tensors/tensor.ts';
import type { DirectSession } from '../../onnx/direct-session.ts';
import { DATA_TYPES } from '../../onnx-graph/data-types.ts';
import { GraphParts } from '../../onnx-graph/graph-part.ts';
import { sizeOf } from '../../onnx-graph/host-tensor.ts';
import { staticShape, type Value } from '../../onnx-graph/value.ts';
import { Instance, ScriptDict, ScriptError, type ScriptValue, Tuple } from '../interpreter/values.ts';
import type { StageSessions } from './stage-sessions.ts';
import { TracedNumber, TracedTensor } from './traced-tensor.ts';
import { type ContentReader, replayFor, Tracer } from './tracer.ts';
import { elementsOfTensor, isOnTheWire, toWire } from './wire-tensors.ts';

const TOO_LARGE = 'the run needs too much memory';
/** So many times as much as may be kept may the values of one stage be together: ONNX Runtime frees most of them on its way, but not all. */
const STAGE_FACTOR = 8;

/** How much a run may do. */
export interface RunLimits {
  /** When it has to end, as performance.now() tells the time, in ms. */
  readonly deadline: number;
  /** Bytes of all tensors that it has at one time. */
  readonly memoryBytes: number;
}

const TOO_LONG = 'the run takes too long';

/** @throws ScriptError when it is past. */
export function checkDeadline({ deadline }: RunLimits): void {
  if (performance.now() > deadline) throw new ScriptError(TOO_LONG);
}

/** The part of its heap that a thread may fill: at the end of it V8 ends the thread. */
const HEAP_SHARE = 0.75;

function isHeapFull(): boolean {
  const isFilled = () => {
    const { used_heap_size: used, heap_size_limit: most } = getHeapStatistics();
    return used > most * HEAP_SHARE;
  };
  if (!isFilled()) return false;
  collectGarbage();
  return isFilled();
}

/** One run of ONNX Runtime among those that a run of a program is made of; tensors go by the names of their values. */
export interface Stage {
  /** Of the session. */
  readonly key: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What nobody needs after it. */
  readonly drops: readonly string[];
}

/** What a session made of the tensors that are there. */
export function runStage(
  { inputs, outputs, drops }: Stage,
  session: DirectSession,
  tensors: Map<string, Tensor>,
): void {
  const results = session.run(inputs.map((name) => tensors.get(name) as Tensor));
  for (const [i, name] of outputs.entries()) tensors.set(name, results[i] as Tensor);
  for (const name of drops) tensors.delete(name);
}

/**
 * A run of a program in stages: what it does with tensors is written down as one growing graph, and where it asks for elements, the part of
 * the graph that leads to them is run, together with all that the program may still use. Later parts begin with what is there. What nobody
 * kept is computed again.
 */
export class Stages implements ContentReader {
  readonly tracer: Tracer;
  /** What has been computed, and the inputs, by the names of their values. */
  readonly tensors: Map<string, Tensor>;
  readonly #sessions: StageSessions;
  readonly #limits: RunLimits;
  readonly #parts: GraphParts;
  readonly #given = new Map<string, Value>();
  /** Whether the run was ended by its limits, which is no error of the program. */
  protected isCut = false;
  /** Whether no stage has been run yet. */
  protected isFirst = true;
  /** What operators made since the last stage, where there is a limit. */
  #made: Value[] = [];
  /** The same of the last stage. */
  protected stageValues: readonly Value[] = [];
  #alive: () => Iterable<ScriptValue> = () => [];

  /** @param tensors that are there already, where the same program has been run up to some point. */
  constructor(sessions: StageSessions, limits: RunLimits, tensors = new Map<string, Tensor>()) {
    this.tracer = new Tracer(this);
    this.tensors = tensors;
    this.#sessions = sessions;
    this.#limits = limits;
    this.#parts = new GraphParts(this.tracer.graph);
  }

  /** A tensor that comes from outside; it is kept as long as the run goes on. */
  give(value: Value, tensor: Tensor): void {
    this.expect(value);
    this.tensors.set(value.name, tensor);
  }

  /** The same, where the tensor does not matter yet. */
  protected expect(value: Value): void {
    this.#given.set(value.name, value);
  }

  /** The tensor that a value of the graph is in this run. @throws ScriptError, Error of ONNX Runtime */
  tensor(value: Value): Tensor {
    return this.results([value])[0] as Tensor;
  }

  /** Several at once. */
  results(values: readonly Value[]): Tensor[] {
    const wanted = values.map((value) => this.readable(value));
    this.advance(wanted);
    return wanted.map(({ name, constant }) =>
      constant === undefined ? (this.tensors.get(name) as Tensor) : toWire(constant),
    );
  }

  elements(value: Value): readonly number[] {
    return elementsOfTensor(this.tensor(value));
  }

  /**
   * Runs what leads to these values, if it has not been run.
   * @param isLast whether the program ends with it.
   * @returns the stage, null where nothing had to be run.
   */
  advance(wanted: readonly Value[], isLast = false): Stage | null {
    const stage = this.plan(wanted, isLast);
    if (stage === null) return null;
    runStage(stage, this.#sessions.find(stage.key) as DirectSession, this.tensors);
    this.#checkMemory();
    return stage;
  }

  /** Makes a session of what leads to these values, but does not run it. */
  protected plan(wanted: readonly Value[], isLast = false): Stage | null {
    this.#checkDeadline();
    const alive = isLast ? [] : this.pause();
    const missing = wanted.filter(({ name, constant }) => constant === undefined && !this.tensors.has(name));
    if (missing.length === 0) return null;
    const outputs = new Map([...missing, ...alive].map((value) => [value.name, value]));
    for (const name of this.tensors.keys()) outputs.delete(name);
    const part = this.#parts.take([...outputs.values()], (name) => this.#known(name));
    const kept = new Set([...wanted, ...alive, ...this.#given.values()].map(({ name }) => name));
    const names = [...this.tensors.keys(), ...outputs.keys()];
    this.#checkStage();
    this.#sessions.open(part, isLast && this.isFirst);
    this.isFirst = false;
    return {
      key: part.key,
      inputs: part.inputs.map(({ name }) => name),
      outputs: [...outputs.keys()],
      drops: names.filter((name) => !kept.has(name)),
    };
  }

  /** What a value that is the same in all runs is. */
  protected fixed(value: Value): Tensor {
    return this.#sessions.open(this.#parts.take([value], () => undefined)).run([])[0] as Tensor;
  }

  /** What a client could have of the value. */
  protected readable(value: Value): Value {
    return isOnTheWire(value.dtype) ? value : this.tracer.cast(value, 'float');
  }

  /** Ends a part of the graph. @returns the values that the program may still use, as far as a run can give them back. */
  protected pause(): Value[] {
    this.tracer.forgetSizes();
    const found = new Map(this.tracer.random.map((value) => [value.name, value]));
    const seen = new Set<ScriptValue>();
    const waiting = [...this.#alive()];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (next === null || typeof next !== 'object' || seen.has(next)) continue;
      seen.add(next);
      if (next instanceof TracedTensor || next instanceof TracedNumber)
        found.set(next.value.name, next.value);
      else if (Array.isArray(next)) waiting.push(...next);
      else if (next instanceof Tuple) waiting.push(...next.items);
      else if (next instanceof ScriptDict) waiting.push(...next.values);
      else if (next instanceof Instance) waiting.push(...next.attributes.values());
    }
    return [...found.values()].filter(
      ({ name, dtype, isSequence }) => this.tracer.emissions.has(name) && !isSequence && isOnTheWire(dtype),
    );
  }

  made(values: readonly Value[]): void {
    if (this.#limits.memoryBytes === Number.POSITIVE_INFINITY) return;
    for (const { dtype, shape } of values) {
      const bytes = sizeOf(staticShape(shape) ?? [0]) * DATA_TYPES[dtype].bytes;
      if (bytes > this.#limits.memoryBytes) this.#cut(TOO_LARGE);
    }
    this.#made.push(...values);
  }

  /** Tells whether a stage of these values may be run with inputs of these shapes. Keeps nothing of the run itself. */
  protected roomFor(values: readonly Value[]): (shapes: readonly (readonly number[])[]) => boolean {
    const { emissions, inputs } = this.tracer;
    const most = STAGE_FACTOR * this.#limits.memoryBytes;
    if (values.length === 0 || most === Number.POSITIVE_INFINITY) return () => true;
    return (shapes) => {
      const replay = replayFor(emissions, inputs, shapes);
      let bytes = 0;
      for (const value of values) {
        if (!value.isSequence) bytes += sizeOf(replay.shape(value) ?? [0]) * DATA_TYPES[value.dtype].bytes;
      }
      return bytes <= most;
    };
  }

  /** What comes now is another stage's. */
  protected endStage(): void {
    this.stageValues = this.#made;
    this.#made = [];
  }

  #checkStage(): void {
    this.endStage();
    const shapes = this.tracer.inputs.map(({ name }) => this.tensors.get(name)?.shape ?? []);
    if (!this.roomFor(this.stageValues)(shapes)) this.#cut(TOO_LARGE);
  }

  tick(): void {
    this.#checkDeadline();
    if (isHeapFull()) this.#cut(TOO_LARGE);
  }

  watch(alive: () => Iterable<ScriptValue>): void {
    this.#alive = alive;
  }

  /** Where its tensor is there: the value to begin a part of the graph with. */
  #known(name: string): Value | undefined {
    return (
      this.#given.get(name) ?? (this.tensors.has(name) ? this.tracer.emissions.get(name)?.value : undefined)
    );
  }

  #checkDeadline(): void {
    if (performance.now() > this.#limits.deadline) this.#cut(TOO_LONG);
  }

  #cut(reason: string): never {
    this.isCut = true;
    throw new ScriptError(reason);
  }

  #checkMemory(): void {
    let bytes = 0;
    for (const { byteLength } of this.tensors.values()) bytes += byteLength;
    if (bytes > this.#limits.memoryBytes) this.#cut(TOO_LARGE);
  }
}
