import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DataType } from '../../../src/backends/onnx-graph/data-types.ts';
import { GraphBuilder } from '../../../src/backends/onnx-graph/graph-builder.ts';
import type { TesseraNode } from '../../../src/node.ts';
import { model, tfliteModel } from '../../support/node.ts';
import { RespClient } from '../../support/resp-client.ts';
import { attr, graphDef, placeholder } from '../../support/tensorflow-graphs.ts';
import { archive } from '../../support/torch-archives.ts';
import { startHttpNode } from '../http-node.ts';
import { ask, infer, inferBinary } from './v2-client.ts';

let node: TesseraNode;
let client: RespClient;
beforeEach(async () => {
  node = await startHttpNode({ http: { host: '127.0.0.1', port: 0, inference: true } });
  client = await RespClient.connect(node.port);
});
afterEach(async () => {
  client.close();
  await node.close();
});

async function storeIdentity(dtype: DataType): Promise<void> {
  const builder = GraphBuilder.create();
  builder.output(builder.emit('Identity', [builder.input(dtype, ['n'])]));
  expect(await client.send('AI.MODELSTORE', 'same', 'ONNX', 'CPU', 'BLOB', builder.bytes())).toBe('OK');
}

async function inputsOf(name: string) {
  const { json } = await ask(node, `/models/${name}`);
  return (json as { inputs: { name: string; datatype?: string; shape?: number[] }[] }).inputs;
}

test.each([
  ['float', 'FP32', [1.5, -0.25], Float32Array.of(1.5, -0.25)],
  ['double', 'FP64', [0.1, -1e300], Float64Array.of(0.1, -1e300)],
  ['int8', 'INT8', [-128, 127], Int8Array.of(-128, 127)],
  ['int16', 'INT16', [-32768, 32767], Int16Array.of(-32768, 32767)],
  ['int32', 'INT32', [-(2 ** 31), 2 ** 31 - 1], Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
  ['int64', 'INT64', [-1, 2 ** 53 - 1], BigInt64Array.of(-1n, 2n ** 53n - 1n)],
  ['uint8', 'UINT8', [0, 255], Uint8Array.of(0, 255)],
  ['uint16', 'UINT16', [0, 65535], Uint16Array.of(0, 65535)],
  ['bool', 'BOOL', [true, false], Uint8Array.of(1, 0)],
] as const)('%s is %s, in JSON and in bytes', async (dtype, datatype, data, array) => {
  await storeIdentity(dtype);
  const [{ name = '' } = {}] = await inputsOf('same');
  expect(await inputsOf('same')).toEqual([{ name, datatype, shape: [-1] }]);
  const input = { name, shape: [2], datatype };
  const asJson = await infer(node, 'same', { inputs: [{ ...input, data }] });
  expect(asJson.json).toMatchObject({ outputs: [{ datatype, shape: [2], data }] });
  const bytes = new Uint8Array(array.buffer);
  const asBytes = await inferBinary(
    node,
    'same',
    {
      parameters: { binary_data_output: true },
      inputs: [{ ...input, parameters: { binary_data_size: bytes.length } }],
    },
    bytes,
  );
  expect(asBytes.binary).toEqual(Buffer.from(bytes));
});

test.each([
  ['uint8', 'UINT8', [124, 62]],
  ['int8', 'INT8', [124, 62]],
  ['uint16', 'UINT16', [15_996]],
  ['int16', 'INT16', [15_996]],
] as const)('values whose bytes are |> are values all the same: %s', async (dtype, datatype, data) => {
  await storeIdentity(dtype);
  const [{ name = '' } = {}] = await inputsOf('same');
  const { json } = await infer(node, 'same', { inputs: [{ name, shape: [data.length], datatype, data }] });
  expect(json).toMatchObject({ outputs: [{ data }] });
});

test('what a model takes is known again after a restart of its session, to many at once', async () => {
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  // As a node has it that starts with its models in the data folder: under a key, in no thread.
  const stored = node.context.keyspace.get('m');
  if (stored?.type !== 'model') throw new Error('no model');
  node.context.devices.get('CPU', 'ONNX');
  node.context.keyspace.set('copy', {
    type: 'model',
    model: { ...stored.model, id: 1_000_000 },
  });
  const { sessionsMade } = node.context.devices.counters();
  const all = await Promise.all(Array.from({ length: 10 }, () => inputsOf('copy')));
  for (const inputs of all) expect(inputs).toMatchObject([{ name: 'a', datatype: 'FP32' }, { name: 'b' }]);
  expect(node.context.devices.counters().sessionsMade).toBe(sessionsMade + 1);
});

test('AI.MODELSIGNATURE tells the same', async () => {
  await client.send('AI.MODELSTORE', 'm', 'TFLITE', 'CPU', 'BLOB', tfliteModel('add'));
  const [{ name, shape } = { name: '' }] = await inputsOf('m');
  const reply = (await client.send('AI.MODELSIGNATURE', 'm')) as unknown[];
  expect(reply.slice(0, 5)).toEqual(['backend', 'TFLITE', 'tag', '', 'inputs']);
  expect((reply[5] as unknown[])[0]).toEqual([name, 'FLOAT', shape]);
  expect(await client.error('AI.MODELSIGNATURE', 'none')).toBe('ERR model key is empty');
  await client.send('MULTI');
  await client.send('AI.MODELSIGNATURE', 'm');
  const [inMulti] = (await client.send('EXEC')) as Error[];
  expect(inMulti?.message).toBe('ERR Cannot run RedisAI command within a transaction or a LUA script');
});

test('of a graph of TensorFlow what its placeholders declare is known', async () => {
  const nodes = [
    placeholder('x', 'int64', [-1, 3]),
    { name: 'y', op: 'Neg', input: ['x'], attr: { T: attr.type('int64') } },
  ];
  const names = ['INPUTS', '1', 'x', 'OUTPUTS', '1', 'y'];
  await client.send('AI.MODELSTORE', 'm', 'TF', 'CPU', ...names, 'BLOB', graphDef(...nodes));
  expect((await ask(node, '/models/m')).json).toEqual({
    name: 'm',
    platform: 'tensorflow_graphdef',
    inputs: [{ name: 'x', datatype: 'INT64', shape: [-1, 3] }],
    outputs: [{ name: 'y', datatype: 'INT64', shape: [-1, 3] }],
  });
});

test('of TorchScript nothing is said that is not known', async () => {
  const source = 'def forward(self, x: Tensor) -> Tensor:\n  return torch.neg(x)';
  expect(await client.send('AI.MODELSTORE', 'm', 'TORCH', 'CPU', 'BLOB', archive(source))).toBe('OK');
  const { json } = await ask(node, '/models/m');
  const { inputs, outputs } = json as { inputs: [{ name: string }]; outputs: [{ name: string }] };
  expect([Object.keys(inputs[0]), Object.keys(outputs[0])]).toEqual([['name'], ['name']]);
  const x = { name: inputs[0].name, shape: [2], datatype: 'INT32', data: [1, -2] };
  expect((await infer(node, 'm', { inputs: [x] })).json).toMatchObject({
    outputs: [{ name: outputs[0].name, datatype: 'INT32', data: [-1, 2] }],
  });
});

test('no body brings the node down', async () => {
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  const tensor = fc.record(
    {
      name: fc.constantFrom('a', 'b', '', '__proto__'),
      shape: fc.oneof(fc.constant([1, 2]), fc.array(fc.oneof(fc.integer(), fc.double()), { maxLength: 4 })),
      datatype: fc.constantFrom('FP32', 'BYTES', 'INT64', 'toString'),
      data: fc.oneof(fc.constant([1, 2]), fc.jsonValue()),
      parameters: fc.oneof(fc.record({ binary_data_size: fc.integer() }), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  const request = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        inputs: fc.array(tensor),
        outputs: fc.oneof(fc.array(tensor), fc.jsonValue()),
        parameters: fc.jsonValue(),
      },
      { requiredKeys: ['inputs'] },
    ),
  );
  await fc.assert(
    fc.asyncProperty(request, fc.uint8Array({ maxLength: 16 }), async (json, binary) => {
      const { status, json: answer } = await inferBinary(node, 'm', json as object, binary);
      expect([200, 400]).toContain(status);
      if (status === 400) expect(answer).toEqual({ error: expect.any(String) });
    }),
    { numRuns: 300 },
  );
  expect(await inputsOf('m')).toHaveLength(2);
});
