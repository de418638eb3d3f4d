import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../scripts/onnx-builder.ts';
import { changeModel } from '../support/models.ts';
import { model } from '../support/node.ts';
import { floats, type RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

const shared = useSharedNode();
const UNPARSED = 'Failed to load model because protobuf parsing failed.';
const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
const NO_TENSOR = 'ERR tensor key is empty or in a different shard';
const FIX_IT = 'Please fix either the inputs/outputs or the model.';

function randomBytes(count: number): Uint8Array {
  const random = seededRandom(count);
  return Uint8Array.from({ length: count }, () => random() * 256);
}

const withoutGraph = changeModel(model('mul'), (message) => {
  delete (message as { graph?: object }).graph;
});
const unknownOperator = changeModel(model('mul'), ({ graph }) => {
  for (const node of graph.node) node.opType = 'Frobnicate';
});
const missingInput = changeModel(model('mul'), ({ graph }) => {
  for (const node of graph.node) node.input = ['a', 'absent'];
});
const opset = (version: number) =>
  changeModel(model('mul'), (message) => {
    message.opsetImport = [{ domain: '', version }];
  });

const IN_MUL =
  'This is an invalid model. In Node, ("", {op}, "", -1) : ("a": tensor(float),"b": tensor(float),) -> ';
const notRegistered = (op: string, version: number) =>
  `${IN_MUL.replace('{op}', op)}("c": tensor(float),) , Error No Op registered for ${op} with domain_version of ${version}`;

async function store(client: RespClient, name: string): Promise<void> {
  expect(await client.send('AI.MODELSTORE', name, 'ONNX', 'CPU', 'BLOB', model(name))).toBe('OK');
}

/** The node is well: it runs a model and gets it right. */
async function expectService(client: RespClient): Promise<void> {
  await store(client, 'mul');
  await client.send('AI.TENSORSET', 'well', 'FLOAT', 1, 2, 'BLOB', floats(3, 4));
  const run = ['AI.MODELEXECUTE', 'mul', 'INPUTS', 2, 'well', 'well', 'OUTPUTS', 1, 'done'];
  expect(await client.send(...run)).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'done', 'VALUES')).toEqual(['9', '16']);
}

describe('AI.MODELSTORE', () => {
  test.each<[string, Uint8Array, string]>([
    ['random bytes', randomBytes(1000), UNPARSED],
    ['half a model', model('mlp_dyn').subarray(0, 170_000), UNPARSED],
    ['no bytes', new Uint8Array(0), 'No graph was found in the protobuf.'],
    ['no graph', withoutGraph, 'No graph was found in the protobuf.'],
    ['an unknown operator', unknownOperator, notRegistered('Frobnicate', 17)],
    ['an opset of no operators', opset(0), notRegistered('Mul', 0)],
    ['an opset too old to run', opset(1), "Could not find an implementation for Mul(1) node with name ''"],
    [
      'an input from nowhere',
      missingInput,
      "Invalid model. Node input 'absent' is not a graph input, initializer, or output of a previous node.",
    ],
  ])('refuses %s with the reason, keeps nothing, and the node serves on', async (_, blob, reason) => {
    const client = await shared.connect();
    const { keyspace, devices } = shared.node.context;
    const before = [keyspace.usedBytes, devices.sessions, devices.counters().workersReplaced];
    expect(await client.error('AI.MODELSTORE', 'bad', 'ONNX', 'CPU', 'BLOB', blob)).toBe(reason);
    expect(await client.send('EXISTS', 'bad')).toBe(0);
    expect([keyspace.usedBytes, devices.sessions, devices.counters().workersReplaced]).toEqual(before);
    await expectService(client);
  });

  test('refuses an opset of the future, on one line', async () => {
    const client = await shared.connect();
    const reply = await client.error('AI.MODELSTORE', 'bad', 'ONNX', 'CPU', 'BLOB', opset(99));
    expect(reply).toMatch(/ONNX Runtime only \*guarantees\* support for models stamped with official/);
    expect(reply).not.toMatch(/[\r\n]/);
    await expectService(client);
  });

  test('leaves the model under the key as it was when the new one is bad', async () => {
    const client = await shared.connect();
    await store(client, 'mul');
    const before = await client.send('AI.MODELGET', 'mul');
    expect(await client.error('AI.MODELSTORE', 'mul', 'ONNX', 'CPU', 'BLOB', randomBytes(64))).toBe(UNPARSED);
    expect(await client.send('AI.MODELGET', 'mul')).toEqual(before);
    await expectService(client);
  });
});

describe('AI.MODELEXECUTE', () => {
  test.each<[string, (string | number)[], string]>([
    [
      'too few inputs',
      ['INPUTS', 1, 'a', 'OUTPUTS', 1, 'c'],
      'Number of keys given as INPUTS here does not match model definition',
    ],
    [
      'too many outputs',
      ['INPUTS', 2, 'a', 'a', 'OUTPUTS', 2, 'c', 'd'],
      'Number of keys given as OUTPUTS here does not match model definition',
    ],
    [
      'another dtype',
      ['INPUTS', 2, 'a', 'int', 'OUTPUTS', 1, 'c'],
      'Unexpected input data type. Actual: (tensor(int32)) , expected: (tensor(float))',
    ],
    [
      'another shape',
      ['INPUTS', 2, 'a', 'wide', 'OUTPUTS', 1, 'c'],
      `Got invalid dimensions for input: b for the following indices  index: 1 Got: 3 Expected: 2  ${FIX_IT}`,
    ],
    [
      'another number of dimensions',
      ['INPUTS', 2, 'a', 'flat', 'OUTPUTS', 1, 'c'],
      `Invalid rank for input: b Got: 1 Expected: 2 ${FIX_IT}`,
    ],
    ['a missing input', ['INPUTS', 2, 'a', 'absent', 'OUTPUTS', 1, 'c'], NO_TENSOR],
    ['an input that is no tensor', ['INPUTS', 2, 'a', 'text', 'OUTPUTS', 1, 'c'], WRONG_TYPE],
    ['a model as input', ['INPUTS', 2, 'a', 'mul', 'OUTPUTS', 1, 'c'], WRONG_TYPE],
    ['an output key that holds text', ['INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'text'], WRONG_TYPE],
    ['an output key that holds the model', ['INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'mul'], WRONG_TYPE],
  ])('refuses %s and changes nothing', async (_, args, reason) => {
    const client = await shared.connect();
    await store(client, 'mul');
    await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
    await client.send('AI.TENSORSET', 'int', 'INT32', 2, 2);
    await client.send('AI.TENSORSET', 'wide', 'FLOAT', 2, 3);
    await client.send('AI.TENSORSET', 'flat', 'FLOAT', 2);
    await client.send('SET', 'text', 'v');
    const { keyspace } = shared.node.context;
    const before = [keyspace.usedBytes, keyspace.size];
    expect(await client.error('AI.MODELEXECUTE', 'mul', ...args)).toBe(reason);
    expect([keyspace.usedBytes, keyspace.size]).toEqual(before);
    expect(await client.send('GET', 'text')).toBe('v');
    await expectService(client);
  });
});
