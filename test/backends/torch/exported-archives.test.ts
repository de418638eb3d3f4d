import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServerError } from '../../../src/errors.ts';
import {
  exported,
  exportedOf,
  GENERATIONS,
  node,
  open,
  type Program,
  programJson,
  refusal,
  runArchive,
  tensor,
} from '../../support/exported-programs.ts';
import { tensor as values } from '../../support/tensorflow-graphs.ts';
import { savedTensors, zip } from '../../support/torch-archives.ts';

const SCALE: Program = {
  inputs: { x: { shape: [2] } },
  parameters: { p_w: { shape: [2], elements: [3, 4] } },
  nodes: [node('mul', 'mul.Tensor', { self: tensor('x'), other: tensor('p_w') })],
  outputs: ['mul'],
};
const JSON_TEXT = JSON.stringify(programJson(SCALE));
const weight = (changes: object = {}, payload: object = {}) =>
  JSON.stringify({
    config: {
      w: {
        path_name: 'weight_0',
        is_param: true,
        use_pickle: false,
        tensor_meta: {
          dtype: 7,
          sizes: [{ as_int: 2 }],
          strides: [{ as_int: 1 }],
          storage_offset: { as_int: 0 },
          ...changes,
        },
        ...payload,
      },
    },
  });
const FILES = {
  archive_format: 'pt2',
  'models/model.json': JSON_TEXT,
  'data/weights/model_weights_config.json': weight(),
  'data/weights/weight_0': Buffer.from(Float32Array.of(3, 4).buffer),
  'data/constants/model_constants_config.json': '{"config": {}}',
};
type Files = Record<string, string | Uint8Array>;
const archive = (changes: Files = {}, without: readonly string[] = []) =>
  zip(
    Object.fromEntries(Object.entries({ ...FILES, ...changes }).filter(([name]) => !without.includes(name))),
    'net/',
  );
const outputOf = async (bytes: Uint8Array) =>
  (await runArchive(bytes, [values('FLOAT', [2], [1, 10])]))[0]?.[0]?.values;
const cannot = (reason: string) => `ERR TORCH archive cannot be read: ${reason}`;

describe('a package of torch 2.8', () => {
  test('is read', async () => {
    expect(await outputOf(archive())).toEqual([3, 40]);
  });

  test('may have its tensors in an archive of torch.save, or one of them', async () => {
    const saved = savedTensors({ w: { shape: [2], elements: [5, 6] } });
    expect(await outputOf(archive({ 'data/weights/model.pt': saved }))).toEqual([5, 60]);
    const one = savedTensors({ w: { shape: [2], elements: [5, 6] } }, true);
    const pickled = { 'data/weights/model_weights_config.json': weight({}, { use_pickle: true }) };
    expect(await outputOf(archive({ ...pickled, 'data/weights/weight_0': one }))).toEqual([5, 60]);
  });

  test('may hold several programs, of which the one called model is meant', async () => {
    const other = JSON_TEXT.replace('mul.Tensor', 'nothing.Tensor');
    expect(await outputOf(archive({ 'models/first.json': other }))).toEqual([3, 40]);
    const renamed = archive({ 'models/a.json': other, 'models/b.json': other }, ['models/model.json']);
    expect(await refusal(renamed)).toBe(
      cannot('it holds several programs, of which none is called model: a, b'),
    );
  });

  test.each<[string, Files, readonly string[], string]>([
    ['an unknown format', { archive_format: 'pt3' }, [], "its format is 'pt3', not pt2"],
    ['big-endian numbers', { byteorder: 'big' }, [], 'its numbers are not little-endian'],
    ['no program', {}, ['models/model.json'], 'it holds no exported program'],
    [
      'compiled code only',
      { 'data/aotinductor/model/a.so': '' },
      ['models/model.json'],
      'it holds compiled code of AOTInductor, and no exported program',
    ],
    [
      'no list of weights',
      {},
      ['data/weights/model_weights_config.json'],
      'file not found: data/weights/model_weights_config.json',
    ],
    ['no weights', {}, ['data/weights/weight_0'], 'file not found: data/weights/weight_0'],
    [
      'a list without the weight',
      { 'data/weights/model_weights_config.json': '{"config":{}}' },
      [],
      "the tensor 'w' is missing",
    ],
    [
      'a weight past the end of its file',
      { 'data/weights/model_weights_config.json': weight({ storage_offset: { as_int: 1 } }) },
      [],
      "'w': a tensor of the archive goes past the end of its storage",
    ],
    [
      'a weight of more than there is in memory',
      {
        'data/weights/model_weights_config.json': weight({
          sizes: [{ as_int: 2 ** 45 }],
          strides: [{ as_int: 0 }],
        }),
      },
      [],
      "'w': a tensor of the archive is much larger than its storage",
    ],
    [
      'a weight of a negative size',
      { 'data/weights/model_weights_config.json': weight({ sizes: [{ as_int: -2 }] }) },
      [],
      'data/weights/model_weights_config.json: config.w has a size that is no number',
    ],
    [
      'a weight of an unknown dtype',
      { 'data/weights/model_weights_config.json': weight({ dtype: 30 }) },
      [],
      "'w': tensors of float8_e5m2 are not supported",
    ],
    [
      'a weight that is pickled as something else',
      {
        'data/weights/model_weights_config.json': weight({}, { use_pickle: true }),
        'data/weights/weight_0': savedTensors({}),
      },
      [],
      'data/weights/weight_0 holds no tensor',
    ],
    [
      'a pickle that calls a function',
      {
        'data/weights/model.pt': zip({
          'data.pkl': Buffer.from('\x80\x02cos\nsystem\n(X\x04\x00\x00\x00exittR.', 'latin1'),
        }),
      },
      [],
      'data/weights/model.pt: a pickle calls os.system, which is not known here',
    ],
  ])('is refused with %s', async (_, changes, without, reason) => {
    expect(await refusal(archive(changes, without))).toBe(cannot(reason));
  });
});

/** What the tests change of a program's JSON. */
interface Whole {
  readonly graph_module: {
    readonly graph: Record<string, unknown> & { readonly inputs: object[]; readonly outputs: object[] };
    readonly signature: { readonly input_specs: object[]; readonly output_specs: object[] };
  };
}

describe('the JSON of a program', () => {
  const changed = (change: (module: Whole['graph_module']) => void) => {
    const whole = JSON.parse(JSON_TEXT) as Whole;
    change(whole.graph_module);
    return JSON.stringify(whole);
  };
  const spec = (kind: 'input_specs' | 'output_specs', value: object) =>
    changed(({ signature }) => {
      signature[kind].splice(0, 1, value);
    });
  const P = 'models/model.json: graph_module.';

  test.each<[string, string, string]>([
    ['that is none', '{', 'models/model.json is no JSON: '],
    ['that is a list', '[]', 'models/model.json:  is no object'],
    ['without a graph', '{"graph_module": {}}', `${P.slice(0, -1)} lacks 'graph'`],
    [
      'of a later schema',
      JSON_TEXT.replace('"major":8', '"major":9'),
      'schema_version.major is 9, and up to 8 is known here',
    ],
    [
      'with a wrong list',
      changed(({ graph }) => Object.assign(graph, { nodes: 3 })),
      `${P}graph.nodes is no list`,
    ],
    [
      'with a wrong target',
      JSON_TEXT.replace('"torch.ops.aten.mul.Tensor"', '7'),
      `${P}graph.nodes[0].target is no text`,
    ],
    [
      'with an unknown kind',
      JSON_TEXT.replace('"as_tensor"', '"as_tensr"'),
      `${P}graph.inputs[0] is of the unknown kind 'as_tensr'`,
    ],
    [
      'with a union of two',
      JSON_TEXT.replace('{"as_tensor"', '{"as_int":1,"as_tensor"'),
      `${P}graph.inputs[0] is no union of one member`,
    ],
    [
      'with an output that nothing makes',
      JSON_TEXT.replace(
        '"outputs":[{"as_tensor":{"name":"mul"}}],"nodes"',
        '"outputs":[{"as_tensor":{"name":"sum"}}],"nodes"',
      ),
      "there is no value 'sum'",
    ],
    ['with a fraction as a size', JSON_TEXT.replace('"as_int":2', '"as_int":2.5'), 'is no integer'],
    [
      'nested without end',
      changed(({ graph }) => Object.assign(graph, { outputs: [deep(300)] })),
      'models/model.json is nested too deeply',
    ],
    [
      'whose signature has other inputs',
      changed(({ graph }) => Object.assign(graph, { inputs: [] })),
      'models/model.json: graph_module.signature.input_specs has 2 inputs, and the graph has 0',
    ],
    [
      'with an input that nothing is said of',
      JSON_TEXT.replaceAll('"x":{', '"y":{'),
      "nothing is said of the input 'x'",
    ],
    [
      'with an object of a class',
      spec('input_specs', { custom_obj: { arg: { name: 'o', class_fqn: 'C' }, custom_obj_name: 'obj' } }),
      'the object obj, which is not supported',
    ],
    [
      'that writes to a buffer',
      spec('output_specs', { buffer_mutation: { arg: { name: 'mul' }, buffer_name: 'count' } }),
      "the program writes to its buffer 'count', and a model keeps nothing from run to run, which is not supported",
    ],
    [
      'that writes to a parameter',
      spec('output_specs', { parameter_mutation: { arg: { name: 'mul' }, parameter_name: 'w' } }),
      "the program writes to its parameter 'w'",
    ],
    [
      'that trains',
      spec('output_specs', { gradient_to_parameter: { arg: { name: 'mul' }, parameter_name: 'w' } }),
      'the program trains: it has gradients',
    ],
    ['with an unknown output', spec('output_specs', { other: {} }), "is of the unknown kind 'other'"],
  ])('%s is refused', async (_, json, reason) => {
    const text = await refusal(archive({ 'models/model.json': json }));
    expect(text).toContain(cannot(''));
    expect(text).toContain(reason);
  });

  test('may order effects, and say that an input is written to', async () => {
    const json = changed(({ graph, signature }) => {
      graph.inputs.push({ as_none: true });
      signature.input_specs.push({ token: { arg: { name: 'token' } } });
      graph.outputs.unshift({ as_tensor: { name: 'mul' } }, { as_none: true });
      signature.output_specs.unshift(
        { user_input_mutation: { arg: { name: 'mul' }, user_input_name: 'x' } },
        { token: { arg: { name: 'token' } } },
      );
    });
    expect(await outputOf(archive({ 'models/model.json': json }))).toEqual([3, 40]);
  });
});

function deep(levels: number): object {
  return levels === 0
    ? { as_none: true }
    : { as_graph: { graph: { inputs: [], nodes: [], outputs: [deep(levels - 1)] } } };
}

describe('a damaged archive of torch.export.save', () => {
  test.each(GENERATIONS)(
    'is read or refused with an error for the client: %s',
    { timeout: 60_000 },
    async (generation) => {
      const bytes = exported(SCALE, generation);
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
          const damaged = Buffer.from(bytes);
          damaged[at] = byte;
          const error = await open(damaged).then(
            (session) =>
              session.run([values('FLOAT', [2], [1, 2])]).then(
                () => session.close(),
                () => session.close(),
              ),
            (reason: unknown) => reason,
          );
          expect(error === undefined || error instanceof ServerError).toBe(true);
        }),
        { numRuns: 150, seed: 12 },
      );
    },
  );

  test('is read or refused, whatever is put in the place of a part of its JSON', {
    timeout: 60_000,
  }, async () => {
    const places = [...JSON_TEXT.matchAll(/"[^"]*"|\d+|true|false|null|[[{]/g)].map((found) => found.index);
    await fc.assert(
      fc.asyncProperty(fc.nat(places.length - 1), fc.json({ maxDepth: 2 }), async (which, json) => {
        const at = places[which] as number;
        const rest = JSON_TEXT.slice(at).replace(/^("[^"]*"|\d+|true|false|null|\[\]|\{\}|[[{])/, json);
        const text = JSON_TEXT.slice(0, at) + rest;
        const error = await open(exportedOf(text, SCALE)).then(
          (session) => session.close(),
          (reason: unknown) => reason,
        );
        expect(error === undefined || error instanceof ServerError).toBe(true);
      }),
      { numRuns: 300, seed: 12 },
    );
  });
});
