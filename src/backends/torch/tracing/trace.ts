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

/** What is traced. */
export interface Traceable {
  /** What a dimension of an input is called, where it may differ from run to run; one name may stand for several. */
  dim(input: number, axis: number): string | null;
  /** Goes through the program once. */
  run(tracer: Tracer, inputs: readonly TracedTensor[]): ScriptValue;
}

/**
 * Goes through a module's forward with inputs like these. All of their dimensions may differ in later runs, but for those that the program
 * needs as numbers.
 * @throws ServerError with the place in the source.
 */
export function traceForward(archive: Archive, program: Program, inputs: readonly TraceInput[]): Trace {
  return traceProgram(inputs, {
    dim: (input, axis) => `in${input}_${axis}`,
    run(tracer, args) {
      const interpreter = new Interpreter(program, archive.constants, tracer);
      const root = interpreter.convert(archive.root);
      return interpreter.callMethod(root as Instance, 'forward', args, new Map());
    },
  });
}

/** @throws ServerError as the program does. */
export function traceProgram(inputs: readonly TraceInput[], program: Traceable): Trace {
  const pinned = new Set<string>();
  for (;;) {
    try {
      return attempt(program, inputs, pinned);
    } catch (error) {
      if (!(error instanceof PinnedDimension)) throw error;
      pinned.add(error.dim);
    }
  }
}

function attempt(program: Traceable, inputs: readonly TraceInput[], pinned: ReadonlySet<string>): Trace {
  const tracer = new Tracer();
  const dims = inputs.map(({ shape }, i) =>
    shape.map((size, d) => {
      const name = program.dim(i, d);
      return name === null || pinned.has(name) ? size : name;
    }),
  );
  const args = inputs.map((input, i) => tracer.input(input, dims[i] as (string | number)[]));
  const result = program.run(tracer, args);
  for (const value of outputsOf(result)) tracer.output(onTheWire(tracer, value));
  const { emissions, guards } = tracer;
  const values = tracer.inputs;
  return {
    model: tracer.bytes(),
    fits(shapes) {
      const same = dims.every((sizes, i) =>
        sizes.every((size, d) => typeof size === 'string' || shapes[i]?.[d] === size),
      );
      if (!same || guards.length === 0) return same;
      const replay = replayFor(emissions, values, shapes);
      return guards.every(({ value, is }) => replay.numbers(value)?.[0] === is);
    },
  };
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
