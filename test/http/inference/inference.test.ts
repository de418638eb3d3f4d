import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../../src/node.ts';
import { parseUpstream } from '../../../src/upstream/upstream-address.ts';
import { TESSERA_VERSION } from '../../../src/version.ts';
import { model, tfliteModel } from '../../support/node.ts';
import { noRedis, type RedisServer, startRedis } from '../../support/redis-server.ts';
import { floats, RespClient } from '../../support/resp-client.ts';
import { startHttpNode } from '../http-node.ts';
import { ask, counted, infer, inferBinary, refusal } from './v2-client.ts';

const http = { host: '127.0.0.1', port: 0, inference: true };
const A = { name: 'a', shape: [1, 2], datatype: 'FP32', data: [1, 2] };
const B = { name: 'b', shape: [1, 2], datatype: 'FP32', data: [3, 4] };

describe.each(['embedded', 'redis'])('the Open Inference Protocol, keys: %s', (engine) => {
  if (engine === 'redis' && noRedis !== undefined) {
    test.skip(noRedis, () => {});
    return;
  }
  let redis: RedisServer | undefined;
  let node: TesseraNode;
  let client: RespClient;

  beforeAll(async () => {
    if (engine === 'redis') redis = await startRedis();
    const address = redis && parseUpstream(`127.0.0.1:${redis.port}`);
    node = await startHttpNode({ http, ...(address && { redis: { address } }) });
    client = await RespClient.connect(node.port);
    await client.send('AI.MODELSTORE', 'mul', 'ONNX', 'CPU', 'TAG', 'v1', 'BLOB', model('mul'));
    for (const name of ['two_outputs', 'string_identity', 'add_int64']) {
      await client.send('AI.MODELSTORE', name, 'ONNX', 'CPU', 'BLOB', model(name));
    }
    await client.send('AI.MODELSTORE', 'a/b {ü}', 'TFLITE', 'CPU', 'BLOB', tfliteModel('add'));
    await client.send('SET', 'text', 'x');
  });
  afterAll(async () => {
    client.close();
    await node.close();
    await redis?.stop();
  });

  test('the server and its health', async () => {
    expect((await ask(node, '')).json).toEqual({
      name: 'tessera',
      version: TESSERA_VERSION,
      extensions: ['binary_tensor_data'],
    });
    expect((await ask(node, '/health/live')).json).toEqual({ live: true });
    expect((await ask(node, '/health/ready')).json).toEqual({ ready: true });
  });

  test('a model tells what it takes and gives', async () => {
    const shape = [-1, 2];
    expect((await ask(node, '/models/mul')).json).toEqual({
      name: 'mul',
      versions: ['v1'],
      platform: 'onnx_onnxv1',
      inputs: [
        { name: 'a', datatype: 'FP32', shape },
        { name: 'b', datatype: 'FP32', shape },
      ],
      outputs: [{ name: 'c', datatype: 'FP32', shape }],
    });
    expect((await ask(node, '/models/mul/versions/v1/ready')).json).toEqual({ name: 'mul', ready: true });
    expect(await refusal(ask(node, '/models/mul/versions/v2'))).toBe(
      '404 the model "mul" has no version "v2": it is "v1"',
    );
    expect(await refusal(ask(node, '/models/nope'))).toBe('404 there is no model "nope"');
    expect(await refusal(ask(node, '/models/text/ready'))).toBe('404 there is no model "text"');
  });

  test('the key of a model is URL-encoded', async () => {
    const { json } = await ask(node, `/models/${encodeURIComponent('a/b {ü}')}`);
    expect(json).toMatchObject({ name: 'a/b {ü}', platform: 'tensorflow_tflite' });
    const { inputs } = json as { inputs: { datatype: string; shape: number[] }[] };
    expect(inputs.map(({ datatype, shape }) => [datatype, shape[0]])).toEqual(inputs.map(() => ['FP32', -1]));
  });

  test('an experiment is served as its primary is', async () => {
    await client.send('AI.MODELSTORE', 'mul2', 'ONNX', 'CPU', 'BLOB', model('mul'));
    const set = ['AI.EXPERIMENT', 'SET', 'live', 'PRIMARY', 'mul', 'CANDIDATES', '1', 'mul2'];
    expect(await client.send(...set)).toBe('OK');
    const { json } = await ask(node, '/models/live');
    expect(json).toMatchObject({ name: 'live', inputs: [{ name: 'a', shape: [-1, 2] }, { name: 'b' }] });
    expect(json).not.toHaveProperty('versions');
    expect((await infer(node, 'live', { inputs: [A, B] })).json).toMatchObject({
      model_name: 'live',
      outputs: [{ data: [3, 8] }],
    });
  });

  test('JSON in, JSON out', async () => {
    const { status, headers, text } = await infer(node, 'mul', { id: 'x1', inputs: [B, A] });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(text).toBe(
      '{"model_name":"mul","model_version":"v1","id":"x1","outputs":[{"name":"c","datatype":"FP32","shape":[1,2],"data":[3,8]}]}',
    );
    const nested = {
      ...A,
      shape: [2, 2],
      data: [
        [1, -1],
        [0.1, 1e-7],
      ],
    };
    const ones = { ...B, shape: [2, 2], data: [1, 0, 1, 1] };
    const [output] = (
      (await infer(node, 'mul', { inputs: [nested, ones] })).json as { outputs: { data: number[] }[] }
    ).outputs;
    expect(output?.data).toEqual([1, -0, Math.fround(0.1), Math.fround(1e-7)]);
  });

  test('binary data in and out, byte by byte', async () => {
    const binary = (name: string) => ({
      ...{ name, shape: [1, 2], datatype: 'FP32' },
      parameters: { binary_data_size: 8 },
    });
    const request = { parameters: { binary_data_output: true }, inputs: [binary('b'), binary('a')] };
    const reply = await inferBinary(node, 'mul', request, floats(2, 3), floats(Number.NaN, 0.5));
    expect(reply.headers.get('content-type')).toBe('application/octet-stream');
    expect(reply.json).toEqual({
      model_name: 'mul',
      model_version: 'v1',
      outputs: [{ name: 'c', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
    });
    expect(reply.binary).toEqual(Buffer.from(floats(Number.NaN, 1.5)));
    expect(
      await refusal(inferBinary(node, 'mul', { inputs: request.inputs }, floats(2, 3), floats(NaN, 1))),
    ).toBe('400 element 0 of output "c" is NaN, which JSON has not: ask for binary data');
    const mixed = await inferBinary(node, 'mul', { inputs: [A, binary('b')] }, floats(2, 3));
    expect(mixed.json).toMatchObject({ outputs: [{ data: [2, 6] }] });
  });

  test('only the outputs that are asked for, as they are asked for', async () => {
    const { json } = await ask(node, '/models/two_outputs');
    const { inputs, outputs } = json as Record<
      'inputs' | 'outputs',
      { name: string; datatype: string; shape: number[] }[]
    >;
    const given = inputs.map(({ name, datatype, shape }) => {
      const sizes = shape.map((size) => Math.abs(size));
      return { name, datatype, shape: sizes, data: new Array(sizes.reduce((a, b) => a * b, 1)).fill(1) };
    });
    const [first, second] = outputs.map(({ name }) => name);
    const all = (await infer(node, 'two_outputs', { inputs: given })).json as { outputs: object[] };
    expect(all.outputs).toMatchObject([{ name: first }, { name: second }]);
    const one = await infer(node, 'two_outputs', { inputs: given, outputs: [{ name: second }] });
    expect((one.json as { outputs: object[] }).outputs).toEqual([all.outputs[1]]);
    const both = await infer(node, 'two_outputs', {
      inputs: given,
      outputs: [{ name: second, parameters: { binary_data: true } }, { name: first }],
    });
    expect((both.json as { outputs: object[] }).outputs).toEqual([
      { ...all.outputs[1], data: undefined, parameters: { binary_data_size: both.binary.length } },
      all.outputs[0],
    ]);
  });

  test('strings are BYTES', async () => {
    const { json } = await ask(node, '/models/string_identity');
    const [{ name }] = (json as { inputs: [{ name: string }] }).inputs;
    const input = { name, shape: [1, 3], datatype: 'BYTES' };
    const data = ['größe', '', '|>'];
    const reply = await infer(node, 'string_identity', { inputs: [{ ...input, data }] });
    expect(reply.json).toMatchObject({ outputs: [{ datatype: 'BYTES', shape: [1, 3], data }] });
    const bytes = Buffer.concat(data.map(counted));
    const binary = { ...input, parameters: { binary_data_size: bytes.length } };
    const request = { parameters: { binary_data_output: true }, inputs: [binary] };
    expect((await inferBinary(node, 'string_identity', request, bytes)).binary).toEqual(bytes);
    expect(
      await refusal(infer(node, 'string_identity', { inputs: [{ ...input, data: ['a', 'b\0', 'c'] }] })),
    ).toBe(`400 element 1 of input "${name}" has a NUL byte in it`);
    const cut = { ...binary, parameters: { binary_data_size: bytes.length - 1 } };
    expect(
      await refusal(inferBinary(node, 'string_identity', { inputs: [cut] }, bytes.subarray(0, -1))),
    ).toBe(`400 the binary data of input "${name}" ends inside an element`);
  });

  test('64-bit numbers are exact', async () => {
    const { json } = await ask(node, '/models/add_int64');
    const { inputs } = json as { inputs: { name: string; shape: number[] }[] };
    const shape = inputs[0]?.shape.map(() => 1) as number[];
    const parameters = { binary_data_size: 8 };
    const given = inputs.map(({ name }) => ({ name, shape, datatype: 'INT64', parameters }));
    const int64 = (value: bigint) => new Uint8Array(BigInt64Array.of(value).buffer);
    const values = inputs.map((_, i) => int64(i === 0 ? 2n ** 62n : 1n));
    const { text } = await inferBinary(node, 'add_int64', { inputs: given }, ...values);
    expect(text).toContain(`"data":[${2n ** 62n + 1n}]`);
    const large = inputs.map(({ name }) => ({ name, shape, datatype: 'INT64', data: [2 ** 60] }));
    expect(await refusal(infer(node, 'add_int64', { inputs: large }))).toBe(
      `400 element 0 of input "${inputs[0]?.name}" is not a whole number from -9007199254740991 to 9007199254740991`,
    );
  });

  test('what is wrong is said', async () => {
    const wrong = async (request: object | string) => refusal(infer(node, 'mul', request));
    expect(await wrong('{')).toMatch(/^400 the body is no JSON: /);
    expect(await wrong('')).toMatch(/^400 the body is no JSON: /);
    expect(await refusal(ask(node, '/models/mul/infer', { method: 'POST' }))).toMatch(
      /^400 the body is no JSON/,
    );
    const gzip = { 'content-encoding': 'gzip' };
    expect(await refusal(infer(node, 'mul', { inputs: [A, B] }, gzip))).toBe(
      '415 a body with Content-Encoding gzip is not supported',
    );
    expect(await wrong({})).toMatch(/^400 inputs: /);
    expect(await wrong({ inputs: [{ ...A, shape: [0, 2] }] })).toMatch(/^400 inputs\[0\]\.shape\[0\]: /);
    expect(await wrong({ inputs: [A] })).toBe('400 input "b" of the model "mul" is missing');
    expect(await wrong({ inputs: [A, A] })).toBe('400 input "a" is given twice');
    expect(await wrong({ inputs: [A, { ...B, name: 'q' }] })).toBe(
      '400 the model "mul" has no input "q", only "a", "b"',
    );
    expect(await wrong({ inputs: [A, B], outputs: [{ name: 'q' }] })).toBe(
      '400 the model "mul" has no output "q", only "c"',
    );
    expect(await wrong({ inputs: [A, B], outputs: [{ name: 'c' }, { name: 'c' }] })).toBe(
      '400 output "c" is asked for twice',
    );
    for (const datatype of ['FP16', 'UINT32', 'UINT64', 'nope']) {
      expect(await wrong({ inputs: [{ ...A, datatype }, B] })).toBe(
        `400 input "a": the datatype ${datatype} is not supported`,
      );
    }
    expect(await wrong({ inputs: [{ ...A, data: [1] }, B] })).toBe(
      '400 input "a" has 1 elements, its shape has 2',
    );
    expect(await wrong({ inputs: [{ ...A, data: [1, '2'] }, B] })).toBe(
      '400 element 1 of input "a" is not a number that FP32 has room for',
    );
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(await wrong(JSON.stringify({ inputs: [{ ...A, data: 'x' }, B] }).replace('"x"', deep))).toBe(
      '400 input "a" has 1 elements, its shape has 2',
    );
    expect(await wrong({ inputs: [{ ...A, data: [[[1, 2]]] }, B] })).toBe(
      '400 input "a" has 1 elements, its shape has 2',
    );
    expect(await wrong({ inputs: [{ ...A, data: undefined }, B] })).toBe('400 input "a" has no list of data');
    expect(await wrong({ inputs: [A, { ...B, shape: [1, 2, 1] }] })).toMatch(/^400 .*rank/i);
    expect(await wrong({ inputs: [A, { ...B, parameters: { binary_data_size: 8 }, data: undefined }] })).toBe(
      '400 input "b" ends 8 bytes behind the binary data of the body',
    );
    expect(await refusal(inferBinary(node, 'mul', { inputs: [A, B] }, floats(1)))).toBe(
      '400 4 bytes of binary data belong to no input',
    );
    const headers = { 'inference-header-content-length': '100000' };
    expect(await refusal(infer(node, 'mul', { inputs: [A, B] }, headers))).toMatch(
      /^400 the JSON is to have 100000 bytes, the body has \d+$/,
    );
    expect(await refusal(infer(node, 'nope', '{'))).toBe('404 there is no model "nope"');
    expect(await refusal(infer(node, 'mul', `"${'x'.repeat(16 * 1024 * 1024)}"`))).toBe(
      '413 the JSON has 16777218 bytes, more than 16777216: send tensors as binary data',
    );
    const anyType = { 'content-type': 'text/anything' };
    expect((await infer(node, 'mul', { inputs: [A, B] }, anyType)).status).toBe(200);
  });

  test('many requests at once each get their own answer, and share clients of the node', async () => {
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        infer(node, 'mul', { id: String(i), inputs: [{ ...A, data: [i, 1] }, B] }),
      ),
    );
    results.forEach(({ json }, i) => {
      expect(json).toMatchObject({ id: String(i), outputs: [{ data: [3 * i, 4] }] });
    });
    const before = node.context.statistics.connections;
    await infer(node, 'mul', { inputs: [A, B] });
    expect(node.context.statistics.connections).toBe(before);
    expect(node.context.clients.size).toBeLessThanOrEqual(65);
  });

  test('a body that is as large as may be goes through', async () => {
    const rows = 1_000_000;
    const shape = [rows, 2];
    const values = new Float32Array(rows * 2).map((_, i) => i);
    const parameters = { binary_data_size: values.byteLength };
    const inputs = ['a', 'b'].map((name) => ({ name, shape, datatype: 'FP32', parameters }));
    const bytes = new Uint8Array(values.buffer);
    const request = { inputs, parameters: { binary_data_output: true } };
    const { binary } = await inferBinary(node, 'mul', request, bytes, bytes);
    expect(binary.equals(Buffer.from(values.map((value) => value * value).buffer))).toBe(true);
  });
});
