import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { RespClient } from '../support/resp-client.ts';
import { startServe } from '../support/serve.ts';
import { useSharedNode } from '../support/shared-node.ts';
import {
  type FunctionSpec,
  functionNamed,
  graphWithFunctions,
  node,
} from '../support/tensorflow-control-flow.ts';
import { attr, constant, graphDef, placeholder } from '../support/tensorflow-graphs.ts';

const LOAD = ['AI.CONFIG', 'LOADBACKEND', 'TF', '@tensorflow/tfjs'];
const shared = useSharedNode();

async function connect(): Promise<RespClient> {
  const client = await shared.connect();
  expect(await client.send(...LOAD)).toBe('OK');
  return client;
}

const store = (blob: Uint8Array, inputs: readonly string[], outputs: readonly string[]) => [
  ...['AI.MODELSTORE', 'm', 'TF', 'CPU', 'INPUTS', inputs.length, ...inputs],
  ...['OUTPUTS', outputs.length, ...outputs, 'BLOB', blob],
];
const run = (inputs: readonly string[], outputs: readonly string[]) => [
  ...['AI.MODELEXECUTE', 'm', 'INPUTS', inputs.length, ...inputs],
  ...['OUTPUTS', outputs.length, ...outputs],
];
const shown = (client: RespClient, key: string) => client.send('AI.TENSORGET', key, 'META', 'VALUES');
const tensor = (dtype: string, shape: readonly number[], ...values: (string | number)[]) => [
  ...['dtype', dtype, 'shape', shape, 'values', values],
];

test.each([
  ['FLOAT', 'float', [1.5, -2], ['3', '-4']],
  ['DOUBLE', 'double', [1.5, -2], ['3', '-4']],
  ['INT32', 'int32', [7, -2], [14, -4]],
  ['INT64', 'int64', [7, -2], [14, -4]],
  ['INT16', 'int16', [7, -2], [14, -4]],
  ['UINT16', 'uint16', [7, 30000], [14, 60000]],
  ['INT8', 'int8', [7, -2], [14, -4]],
  ['UINT8', 'uint8', [7, 100], [14, 200]],
] as const)('%s comes and goes as the graph declares it', async (dtype, type, values, sums) => {
  const client = await connect();
  const T = attr.type(type);
  const graph = graphDef(placeholder('x', type, [-1]), {
    name: 'y',
    op: 'AddV2',
    input: ['x', 'x'],
    attr: { T },
  });
  expect(await client.send(...store(graph, ['x'], ['y']))).toBe('OK');
  await client.send('AI.TENSORSET', 'x', dtype, 2, 'VALUES', ...values);
  expect(await client.send(...run(['x'], ['y']))).toBe('OK');
  expect(await shown(client, 'y')).toEqual(tensor(dtype, [2], ...sums));
});

test('half comes as FLOAT, truth as BOOL, strings as they were', async () => {
  const client = await connect();
  const graph = graphDef(
    constant('half', 'half', [2], [0x3c00, 0xc100]),
    placeholder('s', 'string', [-1]),
    node('Less', 'less', ['half', 'zero'], { T: attr.type('half') }),
    constant('zero', 'half', [], [0]),
    node('Identity', 'same', ['s'], { T: attr.type('string') }),
  );
  expect(await client.send(...store(graph, ['s'], ['half', 'less', 'same']))).toBe('OK');
  await client.send('AI.TENSORSET', 's', 'STRING', 2, 'VALUES', 'a', 'Zürich');
  expect(await client.send(...run(['s'], ['h', 'l', 't']))).toBe('OK');
  expect(await shown(client, 'h')).toEqual(tensor('FLOAT', [2], '1', '-2.5'));
  expect(await shown(client, 'l')).toEqual(tensor('BOOL', [2], 0, 1));
  expect(await shown(client, 't')).toEqual(tensor('STRING', [2], 'a', 'Zürich'));
});

test('an INT64 that int32 cannot hold is an error of that run, as a constant it is the end of a slice', async () => {
  const client = await connect();
  const int64 = attr.type('int64');
  const graph = graphDef(
    placeholder('x', 'int64', [-1]),
    constant('begin', 'int64', [1], [1]),
    constant('end', 'int64', [1], ['9223372036854775807']),
    constant('step', 'int64', [1], [1]),
    node('StridedSlice', 'y', ['x', 'begin', 'end', 'step'], { T: int64, Index: int64 }),
  );
  expect(await client.send(...store(graph, ['x'], ['y']))).toBe('OK');
  await client.send('AI.TENSORSET', 'x', 'INT64', 3, 'VALUES', 1, 2, 3);
  expect(await client.send(...run(['x'], ['y']))).toBe('OK');
  expect(await shown(client, 'y')).toEqual(tensor('INT64', [2], 2, 3));
  await client.send('AI.TENSORSET', 'x', 'INT64', 1, 'VALUES', 2 ** 31);
  expect(await client.error(...run(['x'], ['y']))).toBe(
    "ERR TF input 'x' has 2147483648, which is no int32, the only integers of TensorFlow.js",
  );
});

test('any node can be fed, and what the outputs do not need is not looked at', async () => {
  const client = await connect();
  const T = attr.type('float');
  const graph = graphDef(
    node('Frobnicate', 'unknown', [], { T }),
    node('Neg', 'fed', ['unknown'], { T }),
    node('Square', 'y', ['fed'], { T }),
  );
  expect(await client.send(...store(graph, ['fed'], ['y', 'fed']))).toBe('OK');
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 2, 'VALUES', 2, 3);
  expect(await client.send(...run(['x'], ['y', 'z']))).toBe('OK');
  expect(await shown(client, 'y')).toEqual(tensor('FLOAT', [2], '4', '9'));
  expect(await shown(client, 'z')).toEqual(tensor('FLOAT', [2], '2', '3'));
});

test('a While calls functions with constants of the same name', async () => {
  const client = await connect();
  const int = attr.type('int32');
  const cond: FunctionSpec = {
    name: 'cond',
    arguments: { i: 'int32' },
    results: { r: ['less:z:0', 'bool'] },
    nodes: [constant('c', 'int32', [], [100]), node('Less', 'less', ['i', 'c:output:0'], { T: int })],
  };
  const body: FunctionSpec = {
    name: 'body',
    arguments: { i: 'int32' },
    results: { r: ['mul:z:0', 'int32'] },
    nodes: [constant('c', 'int32', [], [3]), node('Mul', 'mul', ['i', 'c:output:0'], { T: int })],
  };
  const nodes = [
    placeholder('i', 'int32', []),
    node('StatelessWhile', 'y', ['i'], {
      ...{ cond: functionNamed('cond'), body: functionNamed('body') },
      T: { list: { type: [3] } },
    }),
  ];
  expect(await client.send(...store(graphWithFunctions(nodes, [cond, body]), ['i'], ['y']))).toBe('OK');
  await client.send('AI.TENSORSET', 'i', 'INT32', 1, 'VALUES', 2);
  expect(await client.send(...run(['i'], ['y']))).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual([162]);
});

describe('a graph is refused', () => {
  const x = placeholder('x', 'float', [-1]);
  const T = attr.type('float');
  test.each<[string, Uint8Array, string]>([
    [
      'for ops that are not known',
      graphDef(x, node('Foo', 'a', ['x'], { T }), node('Bar', 'y', ['a'], { T })),
      "ERR TF op 'Foo' (node 'a'), op 'Bar' (node 'y') are not supported",
    ],
    ['for want of an output', graphDef(x), 'ERR Output node named "y" not found in TF graph'],
    [
      'for want of an input',
      graphDef(node('Neg', 'y', [], { T })),
      'ERR Input node named "x" not found in TF graph.',
    ],
    [
      'for a variable',
      graphDef(x, node('VariableV2', 'y', [])),
      "ERR TF variable 'y' has no value: freeze the graph first",
    ],
  ])('%s', async (_, graph, text) => {
    const client = await connect();
    expect(await client.error(...store(graph, ['x'], ['y']))).toBe(text);
    expect(await client.send('EXISTS', 'm')).toBe(0);
  });
});

test('INFO shows the package, and the server writes nothing of what it says', async () => {
  const served = await startServe();
  const client = await RespClient.connect(served.port);
  expect(await client.send(...LOAD)).toBe('OK');
  const T = attr.type('float');
  const graph = graphDef(placeholder('x', 'float', [-1]), node('Neg', 'y', ['x'], { T }));
  expect(await client.send(...store(graph, ['x'], ['y']))).toBe('OK');
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 2);
  expect(await client.send(...run(['x'], ['y']))).toBe('OK');
  const info = String(await client.send('INFO', 'ai_backends_info'));
  expect(info).toMatch(/ai_backend_TF:module=\S+,runtime=@tensorflow\/tfjs,version=4\.22\.0,sessions=\d+/);
  client.close();
  await served.stop();
  expect(served.log()).not.toMatch(/tensorflow|kernel|backend|====/i);
});

/** Real graphs are not part of the repository; where they lie can be said in TESSERA_TEST_MODELS. */
const folder = path.resolve(
  process.env.TESSERA_TEST_MODELS ?? path.join(import.meta.dirname, '../../../shared/models'),
  'tf',
);
const isThere = existsSync(folder);
if (!isThere) console.warn(`skipped: a real TensorFlow graph in TensorFlow.js, for want of ${folder}`);

test.skipIf(!isThere)('a real convolutional network gives what its reference says', async () => {
  const file = (name: string) => readFileSync(path.join(folder, `keras_cnn_signlang.${name}`));
  const client = await connect();
  const { inputs, outputs } = JSON.parse(file('json').toString());
  expect(await client.send(...store(file('pb'), [inputs[0].name], [outputs[0].name]))).toBe('OK');
  await client.send('AI.TENSORSET', 'x', 'FLOAT', ...inputs[0].shape, 'BLOB', file('in0.bin'));
  expect(await client.send(...run(['x'], ['y']))).toBe('OK');
  const bytes = Uint8Array.from(Buffer.from((await client.send('AI.TENSORGET', 'y', 'BLOB')) as string));
  const [actual, expected] = [bytes, Uint8Array.from(file('out0.bin'))].map(
    (b) => new Float32Array(b.buffer),
  );
  expect(actual?.length).toBe(expected?.length);
  const far = expected?.reduce((most, value, i) => Math.max(most, Math.abs(value - (actual?.[i] ?? NaN))), 0);
  expect(far).toBeLessThan(1e-4);
});
