import type { DataType } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { Archive } from '../archive/archive.ts';
import { Interpreter } from '../interpreter/interpreter.ts';
import type { Program } from '../interpreter/program.ts';
import {
  type Instance,
  ScriptDict,
  ScriptError,
  type ScriptValue,
  TensorValue,
  Tuple,
  typeName,
} from '../interpreter/values.ts';
import type { TracedTensor } from './traced-tensor.ts';
import { PinnedDimension, replayFor, type TraceInput, Tracer } from './tracer.ts';

/** Dtypes that no tensor of a client has. */
const ON_THE_WIRE: Partial<Record<DataType, DataType>> = { float16: 'float' };

/** A program as an ONNX graph, good for all inputs that keep to what was taken for granted. */
export interface Trace {
  readonly model: Uint8Array<ArrayBuffer>;
  /** Whether inputs of these shapes, of the same dtypes and ranks, go through the program the same way. */
  fits(shapes: readonly (readonly number[])[]): boolean;
}

/** Goes through a program with the engine, and gives the tensors that come out. */
export type Traceable = (tracer: Tracer, inputs: readonly TracedTensor[]) => readonly ScriptValue[];

/** A module's forward. @throws ServerError with the place in the source. */
export function traceForward(archive: Archive, program: Program, inputs: readonly TraceInput[]): Trace {
  return trace(inputs, (tracer, args) => {
    const interpreter = new Interpreter(program, archive.constants, tracer);
    const root = interpreter.convert(archive.root);
    return [interpreter.callMethod(root as Instance, 'forward', args, new Map())];
  });
}

/**
 * Goes through a program with inputs like these. All of their dimensions may differ in later runs, but for those that the program needs as
 * numbers.
 * @throws ServerError with the place in the source.
 */
export function trace(inputs: readonly TraceInput[], run: Traceable): Trace {
  const pinned = new Set<string>();
  for (;;) {
    try {
      return attempt(inputs, run, pinned);
    } catch (error) {
      if (!(error instanceof PinnedDimension)) throw error;
      pinned.add(error.dim);
    }
  }
}

function attempt(inputs: readonly TraceInput[], run: Traceable, pinned: ReadonlySet<string>): Trace {
  const tracer = new Tracer();
  const args = inputs.map((input, i) =>
    tracer.input(
      input,
      input.shape.map((size, d) => (pinned.has(dimName(i, d)) ? size : dimName(i, d))),
    ),
  );
  for (const value of run(tracer, args).flatMap(outputsOf)) tracer.output(onTheWire(tracer, value));
  const { emissions, guards } = tracer;
  const values = tracer.inputs;
  return {
    model: tracer.bytes(),
    fits(shapes) {
      const same = inputs.every(({ shape }, i) =>
        shape.every((size, d) => !pinned.has(dimName(i, d)) || shapes[i]?.[d] === size),
      );
      if (!same || guards.length === 0) return same;
      const replay = replayFor(emissions, values, shapes);
      return guards.every(({ value, is }) => replay.numbers(value)?.[0] === is);
    },
  };
}

function dimName(input: number, axis: number): string {
  return `in${input}_${axis}`;
}

function onTheWire(tracer: Tracer, value: Value): Value {
  const wire = ON_THE_WIRE[value.dtype];
  return wire === undefined ? value : tracer.cast(value, wire);
}

/** Tensors, and lists, tuples and dicts of them, in order; a None counts for nothing. */
function outputsOf(value: ScriptValue): Value[] {
  if (value === null) return [];
  if (value instanceof TensorValue) return [(value as TracedTensor).value];
  if (Array.isArray(value)) return value.flatMap(outputsOf);
  if (value instanceof Tuple) return value.items.flatMap(outputsOf);
  if (value instanceof ScriptDict) return value.values.flatMap(outputsOf);
  throw new ScriptError(`the model's output is of type ${typeName(value)}, which is no tensor`);
}
