import { readdirSync, readFileSync } from 'node:fs';
import type { Session } from '../../src/backends/backend.ts';
import { torchBackend } from '../../src/backends/torch/torch-backend.ts';
import { concatShared } from '../../src/tensors/shared-bytes.ts';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { type Seen, seen } from './tensorflow-graphs.ts';
import { savedTensors, type Weight, zip } from './torch-archives.ts';

/** Which torch's format: torch.export.save of 2.1 and 2.2, of 2.3 to 2.7, of 2.8 and later. */
export type Generation = 'first' | 'flat' | 'package';
export const GENERATIONS: readonly Generation[] = ['first', 'flat', 'package'];

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** One member of a union: { as_int: 3 }. */
type Union = Readonly<Record<string, Json>>;

/** Numbers of torch._export.serde.schema.ScalarType. */
export const SCALAR_TYPES = {
  uint8: 1,
  int8: 2,
  int16: 3,
  int32: 4,
  int64: 5,
  half: 6,
  float: 7,
  double: 8,
  bool: 12,
} as const;
type ScalarType = keyof typeof SCALAR_TYPES;

/** A tensor that goes in. A size that is a text is a symbol. */
export interface UserInput {
  readonly dtype?: ScalarType;
  readonly shape: readonly (number | string)[];
}

export interface ProgramNode {
  /** Without `torch.ops.`: aten.add.Tensor. */
  readonly target: string;
  readonly inputs: Readonly<Record<string, Union>>;
  /** A name, or what torch would write. */
  readonly outputs: readonly (string | Union)[];
  readonly stack?: string;
}

/** A program as a test writes it down. */
export interface Program {
  readonly inputs: Readonly<Record<string, UserInput>>;
  /** Parameters by the name of their node, `p_` and what it is called in the module. */
  readonly parameters?: Readonly<Record<string, Weight>>;
  /** Tensors that are in no state dict. */
  readonly constants?: Readonly<Record<string, Weight>>;
  readonly nodes: readonly ProgramNode[];
  readonly outputs: readonly (string | Union)[];
  /** Python expressions that sizes have to fulfil. */
  readonly guards?: readonly string[];
  readonly ranges?: Readonly<Record<string, { readonly min_val: Json; readonly max_val: Json }>>;
}

export const tensor = (name: string): Union => ({ as_tensor: { name } });
export const tensors = (...names: readonly string[]): Union => ({
  as_tensors: names.map((name) => ({ name })),
});
export const int = (value: number): Union => ({ as_int: value });
export const ints = (...values: readonly number[]): Union => ({ as_ints: values });
export const float = (value: number): Union => ({ as_float: value });
export const bool = (value: boolean): Union => ({ as_bool: value });
export const symInt = (name: string): Union => ({ as_sym_int: { as_name: name } });
export const symInts = (...values: readonly (string | number)[]): Union => ({
  as_sym_ints: values.map((value) => (typeof value === 'number' ? { as_int: value } : { as_name: value })),
});
export const none: Union = { as_none: true };
export const symbolicOutput = symInt;

/** A node of the aten namespace; its output has the node's name. */
export function node(
  name: string | readonly string[],
  op: string,
  inputs: Readonly<Record<string, Union>>,
): ProgramNode {
  return { target: `aten.${op}`, inputs, outputs: typeof name === 'string' ? [name] : name };
}

function asOutput(output: string | Union): Union {
  return typeof output === 'string' ? tensor(output) : output;
}

function size(dim: number | string): Union {
  return typeof dim === 'number' ? int(dim) : { as_expr: { expr_str: dim, hint: null } };
}

function meta(
  dtype: ScalarType,
  shape: readonly (number | string)[],
  strides: readonly number[] = [],
  offset = 0,
): Json {
  return {
    dtype: SCALAR_TYPES[dtype],
    sizes: shape.map(size),
    requires_grad: false,
    device: { type: 'cpu', index: null },
    strides: (strides.length > 0 ? strides : rowMajor(shape)).map(size),
    storage_offset: int(offset),
    layout: 7,
  };
}

function rowMajor(shape: readonly (number | string)[]): (number | string)[] {
  return shape.map((_, d) =>
    shape.slice(d + 1).reduce<number>((a, b) => a * (typeof b === 'number' ? b : 1), 1),
  );
}

/** The JSON of a program, as torch of this time writes it. */
export function programJson(program: Program, generation: Generation = 'package'): Record<string, Json> {
  const { inputs, parameters = {}, constants = {}, nodes, outputs, ranges = {}, guards = [] } = program;
  const lifted = [...Object.keys(parameters), ...Object.keys(constants)];
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype = 'float', shape }]) => [name, meta(dtype, shape)]),
  );
  const weights = Object.fromEntries(
    Object.entries({ ...parameters, ...constants }).map(([name, weight]) => [
      name,
      meta('float', weight.shape, weight.strides, weight.offset),
    ]),
  );
  const specs = [
    ...Object.keys(parameters).map((name) => ({
      parameter: { arg: { name }, parameter_name: moduleName(name) },
    })),
    ...Object.keys(constants).map((name) => ({
      buffer: { arg: { name }, buffer_name: moduleName(name), persistent: false },
    })),
    ...Object.keys(inputs).map((name) => ({ user_input: { arg: tensor(name) } })),
  ];
  const graph = {
    inputs: [...lifted, ...Object.keys(inputs)].map(tensor),
    outputs: outputs.map(asOutput),
    nodes: nodes.map(({ target, inputs: given, outputs: made, stack }) => ({
      target: /^(_operator|math|torch)\b/.test(target) ? target : `torch.ops.${target}`,
      inputs: Object.entries(given).map(([name, arg]) => ({
        name,
        arg,
        ...(generation === 'package' && { kind: 1 }),
      })),
      outputs: made.map(asOutput),
      metadata: stack === undefined ? {} : { stack_trace: stack },
    })),
    tensor_values: { ...weights, ...values },
    sym_int_values: {},
    sym_bool_values: {},
    is_single_tensor_return: false,
    custom_obj_values: {},
  };
  const whole = {
    graph_module: {
      graph,
      signature: {
        input_specs: specs,
        output_specs: outputs.map((output) => ({ user_output: { arg: asOutput(output) } })),
      },
      module_call_graph: [],
    },
    opset_version: { aten: 10 },
    range_constraints: ranges,
    guards_code: guards,
    schema_version:
      generation === 'package' ? { major: 8, minor: 8 } : { major: generation === 'flat' ? 7 : 3, minor: 0 },
    torch_version: '2.8.0',
  };
  return (generation === 'first' ? typed(whole) : whole) as Record<string, Json>;
}

function moduleName(name: string): string {
  return name.replace(/^[pbc]_/, '');
}

const UNION =
  /^(as_\w+|user_input|parameter|buffer|tensor_constant|constant_input|user_output|buffer_mutation)$/;

/** Unions as torch 2.1 and 2.2 wrote them. */
function typed(value: Json): Json {
  if (Array.isArray(value)) return value.map(typed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, typed(item as Json)] as const);
  const [only] = entries;
  if (only !== undefined && entries.length === 1 && UNION.test(only[0]))
    return { $type: only[0], $value: only[1] };
  return Object.fromEntries(entries);
}

/** The bytes of a program's archive. */
export function exported(program: Program, generation: Generation = 'package'): Buffer {
  return exportedOf(JSON.stringify(programJson(program, generation)), program, generation);
}

/** With JSON of the test's own. */
export function exportedOf(json: string, program: Program, generation: Generation = 'package'): Buffer {
  const { parameters = {}, constants = {} } = program;
  const named = (weights: Readonly<Record<string, Weight>>) =>
    Object.fromEntries(Object.entries(weights).map(([name, weight]) => [moduleName(name), weight]));
  if (generation !== 'package') {
    return zip(
      {
        version: '7.0',
        'serialized_exported_program.json': json,
        'serialized_state_dict.pt': savedTensors(named(parameters)),
        'serialized_constants.pt': savedTensors(named(constants)),
      },
      '',
    );
  }
  return zip(
    {
      archive_format: 'pt2',
      archive_version: '0',
      'models/model.json': json,
      ...payloads('data/weights/', 'weight_', 'weights_config', named(parameters)),
      ...payloads('data/constants/', 'tensor_', 'constants_config', named(constants)),
      byteorder: 'little',
    },
    'model/',
  );
}

function payloads(
  folder: string,
  prefix: string,
  config: string,
  weights: Readonly<Record<string, Weight>>,
): Record<string, Uint8Array | string> {
  const entries = Object.entries(weights);
  const listed = entries.map(([name, { shape, strides, offset }], i) => [
    name,
    {
      path_name: `${prefix}${i}`,
      is_param: true,
      use_pickle: false,
      tensor_meta: meta('float', shape, strides, offset),
    },
  ]);
  const files = entries.map(([, { elements }], i) => [
    `${folder}${prefix}${i}`,
    new Uint8Array(Float32Array.from(elements).buffer),
  ]);
  return {
    ...Object.fromEntries(files),
    [`${folder}model_${config}.json`]: JSON.stringify({ config: Object.fromEntries(listed) }),
  };
}

export function open(bytes: Uint8Array): Promise<Session> {
  return torchBackend.load(concatShared([bytes]), { intraOpParallelism: 1, interOpParallelism: 1 }, null);
}

/** The outputs of one run after the other, in one session. */
export async function runArchive(
  bytes: Uint8Array,
  ...runs: readonly (readonly Tensor[])[]
): Promise<Seen[][]> {
  const session = await open(bytes);
  try {
    const results: Seen[][] = [];
    for (const inputs of runs) results.push((await session.run(inputs)).map(seen));
    return results;
  } finally {
    await session.close();
  }
}

/** Why the archive is refused; null where it is not. */
export function refusal(bytes: Uint8Array): Promise<string | null> {
  return open(bytes).then(
    async (session) => {
      await session.close();
      return null;
    },
    (error: Error) => error.message,
  );
}

const FIXTURES = new URL('../fixtures/torch-exported/', import.meta.url);

/** The ops in the programs of test/fixtures/torch-exported, which are compared with torch's own results: aten::add. */
export function exportedOps(): Set<string> {
  const archives = readdirSync(FIXTURES).filter((file) => file.endsWith('.pt2'));
  const texts = archives.map((file) => readFileSync(new URL(file, FIXTURES), 'latin1'));
  const targets = texts.flatMap((text) => [...text.matchAll(/"torch\.ops\.(\w+)\.(\w+)\./g)]);
  return new Set(targets.map(([, namespace, name]) => `${namespace}::${name}`));
}
