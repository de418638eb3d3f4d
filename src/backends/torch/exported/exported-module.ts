import { errors } from '../../../errors.ts';
import type { DataType } from '../../onnx-graph/data-types.ts';
import type { PickledTensor } from '../archive/pickle.ts';
import { ScriptError, type ScriptValue, type TensorValue, Tuple } from '../interpreter/values.ts';
import type { Signature } from '../signature.ts';
import type { TorchModule } from '../torch-session.ts';
import { dtypeByNumber } from '../tracing/dtypes.ts';
import type { InputKind } from '../tracing/traceable.ts';
import { TracedTensor } from '../tracing/traced-tensor.ts';
import type { Tracer } from '../tracing/tracer.ts';
import type { ExportedArchive } from './archive.ts';
import { GraphRunner } from './graph-runner.ts';
import { InputGuards } from './input-guards.ts';
import { InputShapes } from './input-shapes.ts';
import type { Argument, InputSpec, TensorMeta } from './program.ts';
import { dtypeNumber, storageType } from './scalar-types.ts';
import { writingTo } from './signature-reader.ts';
import { checkTargets } from './supported-targets.ts';

/** Dtypes that a client's tensor has; half is computed as such, but given as FLOAT. */
const DTYPES: Partial<Record<DataType, InputKind['dtype']>> = {
  ...{ float: 'FLOAT', float16: 'FLOAT', double: 'DOUBLE', int8: 'INT8', int16: 'INT16', int32: 'INT32' },
  ...{ int64: 'INT64', uint8: 'UINT8', bool: 'BOOL' },
};

/** An input that the caller gives. */
interface UserInput {
  readonly name: string;
  readonly dtype: DataType;
  /** A number of the program, given as a vector of one element. */
  readonly isNumber: boolean;
}

/** A program of torch.export.save. */
export class ExportedModule implements TorchModule {
  readonly signature: Signature;
  /** Inputs like those that it was exported with; null where it does not say what they measured. */
  readonly example: readonly InputKind[] | null;
  readonly #archive: ExportedArchive;
  readonly #inputs: readonly UserInput[];
  readonly #shapes: InputShapes;
  readonly #guards: InputGuards;

  /** @throws ServerError when the program takes, gives or does what is not supported. */
  constructor(archive: ExportedArchive) {
    this.#archive = archive;
    const { graph, inputs, outputs, ranges, guards } = archive.program;
    const users = inputs.flatMap((spec) =>
      spec.kind === 'user' && spec.argument.kind !== 'literal' ? [spec.argument] : [],
    );
    const metas = users.map((argument) => metaOf(argument, graph.tensors, graph.ints.keys()));
    this.#inputs = users.map((argument, i) => userInput(argument, metas[i]));
    for (const spec of [...inputs, ...outputs]) {
      if (spec.kind === 'unsupported') throw errors.torchArchive(`${spec.what}, which is not supported`);
    }
    this.#shapes = new InputShapes(
      this.#inputs.map(({ name }) => name),
      metas.map((meta) => meta?.sizes ?? [1]),
      ranges,
    );
    this.#guards = new InputGuards(guards);
    const given = outputs.filter(
      (spec) => spec.kind === 'user' && !(spec.argument.kind === 'literal' && spec.argument.value === null),
    );
    this.signature = { inputs: this.#inputs.map(({ name }) => name), outputs: given.length };
    const shapes = this.#shapes.example;
    this.example =
      shapes?.map((shape, i) => {
        const { dtype } = this.#inputs[i] as UserInput;
        return { dtype: DTYPES[dtype] as InputKind['dtype'], shape };
      }) ?? null;
    checkTargets(graph);
  }

  check(inputs: readonly InputKind[]): void {
    for (const [i, { dtype }] of inputs.entries()) {
      const { name, dtype: declared } = this.#inputs[i] as UserInput;
      const expected = DTYPES[declared] as string;
      if (dtype !== expected) throw errors.torchInputDtype(name, expected, dtype);
    }
    this.#shapes.check(inputs.map(({ shape }) => shape));
    this.#guards.check(new Map(inputs.map(({ shape }, i) => [this.signature.inputs[i] as string, shape])));
  }

  dim(input: number, axis: number): string | null {
    return this.#shapes.dim(input, axis);
  }

  run(tracer: Tracer, args: readonly TensorValue[]): ScriptValue {
    try {
      return this.#run(tracer, args);
    } catch (error) {
      // What is wrong with a node says where it is.
      throw error instanceof ScriptError ? errors.torchArchive(error.message) : error;
    }
  }

  #run(tracer: Tracer, args: readonly TensorValue[]): ScriptValue {
    const { graph, inputs, outputs } = this.#archive.program;
    const users = args.map((arg, i) =>
      this.#given(tracer, arg as TracedTensor, this.#inputs[i] as UserInput),
    );
    const values = inputs.map((spec) => this.#input(tracer, spec, users));
    const results = new GraphRunner(tracer).run(graph, values);
    for (const [i, spec] of inputs.entries()) checkUntouched(spec, values[i] as ScriptValue);
    const given = outputs.flatMap((spec, i) => (spec.kind === 'user' ? [results[i] as ScriptValue] : []));
    // A number is a tensor without dimensions for the client.
    return new Tuple(
      given.map((value) =>
        value === null || value instanceof TracedTensor ? value : new TracedTensor(tracer.tensorOf(value)),
      ),
    );
  }

  #given(tracer: Tracer, { value }: TracedTensor, { dtype, isNumber }: UserInput): ScriptValue {
    return isNumber ? tracer.item(value) : new TracedTensor(tracer.cast(value, dtype));
  }

  #input(tracer: Tracer, spec: InputSpec, users: ScriptValue[]): ScriptValue {
    switch (spec.kind) {
      case 'user':
        return spec.argument.kind === 'literal' ? spec.argument.value : (users.shift() as ScriptValue);
      case 'literal':
        return spec.value;
      case 'tensor':
        return this.#tensor(tracer, spec.key, spec.isConstant);
      default:
        return null;
    }
  }

  #tensor(tracer: Tracer, key: string, isConstant: boolean): TracedTensor {
    const { weights, constants } = this.#archive;
    const found: PickledTensor | undefined = (isConstant ? constants : weights).get(key);
    if (found === undefined) throw errors.torchArchive(`the tensor '${key}' is missing`);
    try {
      return tracer.constant(found);
    } catch (error) {
      throw error instanceof ScriptError ? errors.torchArchive(`'${key}': ${error.message}`) : error;
    }
  }
}

/** A graph that is exported as it is writes to the tensors themselves; @throws ServerError where it does. */
function checkUntouched(spec: InputSpec, value: ScriptValue): void {
  if (spec.kind !== 'tensor' || spec.role === 'constant') return;
  if (value instanceof TracedTensor && value.version > 0) {
    throw errors.torchArchive(`${writingTo(spec.role, spec.key)}, which is not supported`);
  }
}

/** The tensor that is given; undefined for a number. */
function metaOf(
  argument: Argument,
  tensors: ReadonlyMap<string, TensorMeta>,
  numbers: Iterable<string>,
): TensorMeta | undefined {
  if (argument.kind !== 'value') throw errors.torchArchive('an input is neither a tensor nor a number');
  const meta = tensors.get(argument.name);
  if (meta === undefined && ![...numbers].includes(argument.name)) {
    throw errors.torchArchive(`nothing is said of the input '${argument.name}'`);
  }
  return meta;
}

function userInput(argument: Argument, meta: TensorMeta | undefined): UserInput {
  const name = argument.kind === 'value' ? argument.name : '';
  if (meta === undefined) return { name, dtype: 'int64', isNumber: true };
  const dtype = dtypeByNumber(dtypeNumber(meta.scalarType) ?? -1);
  if (dtype === undefined || DTYPES[dtype] === undefined) {
    throw errors.torchArchive(
      `the input '${name}' is of ${storageType(meta.scalarType)}, which is not supported`,
    );
  }
  return { name, dtype, isNumber: false };
}
