import type { ScriptValue } from '../interpreter/values.ts';
import { Float } from '../interpreter/values.ts';
import { readArgument } from './graph-reader.ts';
import type { JsonPlace } from './json-place.ts';
import type { Argument, Graph, InputSpec, OutputSpec, TensorSpec } from './program.ts';

interface Signature {
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly OutputSpec[];
}

/** What the inputs and outputs of a graph are. @throws Error that says what is wrong. */
export function readSignature(place: JsonPlace, graph: Graph): Signature {
  const specs = place.optional('input_specs');
  if (specs === undefined) return readNames(place, graph);
  const inputs = specs.list().map(readInputSpec);
  const outputs = place.field('output_specs').list().map(readOutputSpec);
  if (inputs.length !== graph.inputs.length) {
    specs.fail(`has ${inputs.length} inputs, and the graph has ${graph.inputs.length}`);
  }
  return { inputs, outputs };
}

function readInputSpec(place: JsonPlace): InputSpec {
  const [kind, spec] = place.union();
  const tensor = (role: TensorSpec['role'], key: string, isConstant: boolean): InputSpec => ({
    kind: 'tensor',
    role,
    name: spec.field('arg').field('name').text(),
    key: spec.field(key).text(),
    isConstant,
  });
  switch (kind) {
    case 'user_input':
      return { kind: 'user', argument: readArgument(spec.field('arg')) };
    case 'parameter':
      return tensor('parameter', 'parameter_name', false);
    case 'buffer':
      // Those that are not persistent are not in the state dict, but among the constants.
      return tensor('buffer', 'buffer_name', spec.optional('persistent')?.bool() === false);
    case 'tensor_constant':
      return tensor('constant', 'tensor_constant_name', true);
    case 'constant_input':
      return { kind: 'literal', name: spec.field('name').text(), value: readConstant(spec.field('value')) };
    case 'token':
      return { kind: 'token' };
    case 'custom_obj':
      return { kind: 'unsupported', what: `the object ${spec.field('custom_obj_name').text()}` };
    default:
      return place.fail(`is of the unknown kind '${kind}'`);
  }
}

function readConstant(place: JsonPlace): ScriptValue {
  const [kind, value] = place.union();
  switch (kind) {
    case 'as_none':
      return null;
    case 'as_int':
      return value.int();
    case 'as_float':
      return new Float(value.float());
    case 'as_string':
      return value.text();
    case 'as_bool':
      return value.bool();
    default:
      return place.fail(`is of the unknown kind '${kind}'`);
  }
}

function readOutputSpec(place: JsonPlace): OutputSpec {
  const [kind, spec] = place.union();
  switch (kind) {
    case 'user_output':
      return { kind: 'user', argument: readArgument(spec.field('arg')) };
    // What a program writes into its input only its caller's memory would show.
    case 'user_input_mutation':
    case 'token':
      return { kind: 'ignored' };
    case 'buffer_mutation':
      return writes('buffer', spec.field('buffer_name').text());
    case 'parameter_mutation':
      return writes('parameter', spec.field('parameter_name').text());
    case 'loss_output':
    case 'gradient_to_parameter':
    case 'gradient_to_user_input':
      return { kind: 'unsupported', what: 'the program trains: it has gradients' };
    default:
      return place.fail(`is of the unknown kind '${kind}'`);
  }
}

/** Why a program that writes to what it was exported with is refused: a model is the same for all of its runs, in all of its workers. */
export function writingTo(role: TensorSpec['role'], name: string): string {
  return `the program writes to its ${role} '${name}', and a model keeps nothing from run to run`;
}

function writes(role: TensorSpec['role'], name: string): OutputSpec {
  return { kind: 'unsupported', what: writingTo(role, name) };
}

/** torch 2.1 has lists of names instead. */
function readNames(place: JsonPlace, graph: Graph): Signature {
  const names = (field: string) =>
    new Map((place.optional(field)?.entries() ?? []).map(([name, key]) => [name, key.text()]));
  const parameters = names('inputs_to_parameters');
  const tensors = new Map([...parameters, ...names('inputs_to_buffers')]);
  const written = names('buffers_to_mutate');
  if (place.optional('backward_signature') !== undefined) {
    place.fail('has gradients: the program trains');
  }
  return {
    inputs: graph.inputs.map((argument): InputSpec => {
      const key = argument.kind === 'value' ? tensors.get(argument.name) : undefined;
      return argument.kind !== 'value' || key === undefined
        ? { kind: 'user', argument }
        : {
            kind: 'tensor',
            role: parameters.has(argument.name) ? 'parameter' : 'buffer',
            name: argument.name,
            key,
            isConstant: false,
          };
    }),
    outputs: graph.outputs.map((argument) => outputOf(argument, written)),
  };
}

function outputOf(argument: Argument, written: ReadonlyMap<string, string>): OutputSpec {
  const buffer = argument.kind === 'value' ? written.get(argument.name) : undefined;
  return buffer === undefined ? { kind: 'user', argument } : writes('buffer', buffer);
}
