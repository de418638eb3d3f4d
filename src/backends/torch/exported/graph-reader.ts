import { Device, Float } from '../interpreter/values.ts';
import type { JsonPlace } from './json-place.ts';
import type { Argument, Graph, Node, NodeInput, Size, TensorMeta } from './program.ts';
import { dtypeNumber } from './scalar-types.ts';

const KEYWORD = 2;

/** A graph of torch/_export/serde/schema.py. @throws Error that says what is wrong, and where in the file. */
export function readGraph(graph: JsonPlace): Graph {
  const named = <T>(name: string, read: (place: JsonPlace) => T): Map<string, T> =>
    new Map((graph.optional(name)?.entries() ?? []).map(([key, place]) => [key, read(place)]));
  return {
    inputs: graph.field('inputs').list().map(readArgument),
    outputs: graph.field('outputs').list().map(readArgument),
    nodes: graph.field('nodes').list().map(readNode),
    tensors: named('tensor_values', readTensorMeta),
    ints: named('sym_int_values', readSize),
  };
}

/** Of a value of a graph, or of a weight. */
export function readTensorMeta(place: JsonPlace): TensorMeta {
  // torch 2.1 has it one level down.
  const meta = place.optional('meta') ?? place;
  const strides = meta.optional('strides')?.list().map(readSize);
  const offset = meta.optional('storage_offset');
  return {
    scalarType: meta.field('dtype').int(),
    sizes: meta.field('sizes').list().map(readSize),
    ...(strides && { strides }),
    ...(offset && { offset: readSize(offset) }),
  };
}

function readSize(place: JsonPlace): Size {
  const [kind, value] = place.union();
  if (kind === 'as_int') return value.int();
  if (kind !== 'as_expr') return place.fail(`is of the unknown kind '${kind}'`);
  // The hint is a union of its own, but a plain number in old versions.
  const hint = value.optional('hint');
  return { expression: value.field('expr_str').text(), hint: hint && readHint(hint) };
}

function readHint(place: JsonPlace): number | undefined {
  if (place.isNumber) return place.int();
  const [kind, value] = place.union();
  return kind === 'as_int' ? value.int() : undefined;
}

function readNode(place: JsonPlace): Node {
  const outputs = place.field('outputs').list().map(readArgument);
  const trace = place.optional('metadata')?.optional('stack_trace')?.text();
  return {
    target: place.field('target').text(),
    inputs: place.field('inputs').list().map(readInput),
    outputs,
    place: placeOf(trace, outputs),
  };
}

/** Where Python keeps what is not the model's own: torch itself. */
const INSTALLED = /[/\\](site|dist)-packages[/\\]/;

/** `File "model.py", line 12, in forward`, of the innermost call in the model's own source; without one the node's own name. */
function placeOf(trace: string | undefined, outputs: readonly Argument[]): string {
  const frames = [...(trace ?? '').matchAll(/File "([^"\n]*)", line (\d+), in (\S+)/g)];
  const frame = frames.findLast(([, file]) => !INSTALLED.test(file ?? '')) ?? frames.at(-1);
  if (frame !== undefined) return `${frame[1]}:${frame[2]} in ${frame[3]}`;
  const names = outputs.flatMap((output) => (output.kind === 'list' ? output.items : [output]));
  const first = names.find((output) => output.kind === 'value');
  return first === undefined ? 'a node without results' : `node ${first.name}`;
}

function readInput(place: JsonPlace): NodeInput {
  const kind = place.optional('kind')?.int();
  return {
    name: place.field('name').text(),
    argument: readArgument(place.field('arg')),
    isKeyword: kind === undefined ? undefined : kind === KEYWORD,
  };
}

type Reader = (value: JsonPlace) => Argument;

const literal = (value: Extract<Argument, { kind: 'literal' }>['value']): Argument => ({
  kind: 'literal',
  value,
});
const named: Reader = (value) => ({ kind: 'value', name: value.field('name').text() });
const list =
  (read: Reader): Reader =>
  (value) => ({ kind: 'list', items: value.list().map(read) });
const int: Reader = (value) => literal(value.int());
const float: Reader = (value) => literal(new Float(value.float()));
const bool: Reader = (value) => literal(value.bool());
const text: Reader = (value) => literal(value.text());
/** A symbolic number by its name, or one that is known. */
const symbolic =
  (kind: string, known: Reader): Reader =>
  (place) => {
    const [type, value] = place.union();
    if (type === 'as_name') return { kind: 'value', name: value.text() };
    return type === kind ? known(value) : place.fail(`is of the unknown kind '${type}'`);
  };
const optionalTensor: Reader = (place) => {
  const [type, value] = place.union();
  if (type === 'as_none') return literal(null);
  return type === 'as_tensor' ? named(value) : place.fail(`is of the unknown kind '${type}'`);
};
const symInt = symbolic('as_int', int);
const symFloat = symbolic('as_float', float);
const symBool = symbolic('as_bool', bool);

const READERS: Readonly<Record<string, Reader>> = {
  as_none: () => literal(null),
  as_tensor: named,
  as_tensors: list(named),
  as_nested_tensors: list(list(named)),
  as_optional_tensor: optionalTensor,
  as_optional_tensors: list(optionalTensor),
  as_int: int,
  as_ints: list(int),
  as_int_lists: list(list(int)),
  as_float: float,
  as_floats: list(float),
  as_bool: bool,
  as_bools: list(bool),
  as_string: text,
  as_strings: list(text),
  as_sym_int: symInt,
  as_sym_ints: list(symInt),
  as_sym_float: symFloat,
  as_sym_floats: list(symFloat),
  as_sym_bool: symBool,
  as_sym_bools: list(symBool),
  as_memory_format: int,
  as_layout: int,
  as_device: (value) => literal(new Device(value.field('type').text())),
  as_scalar_type: (value) => {
    const dtype = dtypeNumber(value.int());
    return dtype === undefined
      ? { kind: 'unsupported', what: `the dtype of scalar type ${value.int()}` }
      : literal(dtype);
  },
  as_graph: (value) => ({ kind: 'graph', graph: readGraph(value.field('graph')) }),
  as_custom_obj: (value) => ({
    kind: 'unsupported',
    what: `an object of ${value.optional('class_fqn')?.text() ?? 'a custom class'}`,
  }),
  as_operator: (value) => ({ kind: 'unsupported', what: `the operator ${value.text()} as a value` }),
  as_complex: () => ({ kind: 'unsupported', what: 'a complex number' }),
  as_string_to_argument: () => ({ kind: 'unsupported', what: 'a dict' }),
};

/** One of torch._export's unions of arguments. */
export function readArgument(place: JsonPlace): Argument {
  const [kind, value] = place.union();
  const read = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
  return read === undefined ? place.fail(`is of the unknown kind '${kind}'`) : read(value);
}
