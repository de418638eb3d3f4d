import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { tryModel } from '../../src/backends/tflite/trial/trial.ts';
import { startNode, tfliteModel } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServe } from '../support/serve.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { crashingModel, endlessModel } from '../support/tflite-models.ts';

const shared = useSharedNode();

const store = (client: RespClient, name: string) =>
  client.send('AI.MODELSTORE', name, 'TFLITE', 'CPU', 'BLOB', tfliteModel(name));
const show = (client: RespClient, key: string) => client.send('AI.TENSORGET', key, 'META', 'VALUES');

describe('a TFLITE model', () => {
  const TENSORS = [
    ['FLOAT', ['1.5', '-2']],
    ['INT32', [-5, 2147483647]],
    ['UINT8', [0, 255]],
    ['INT64', [-9, 9007199254740991]],
    ['STRING', ['first', 'zweites']],
    ['BOOL', [0, 1]],
    ['INT16', [-32768, 7]],
    ['INT8', [-128, 127]],
  ] as const;

  test('takes and gives tensors of all its types', async () => {
    const client = await shared.connect();
    expect(await store(client, 'copies')).toBe('OK');
    for (const [dtype, values] of TENSORS) {
      await client.send('AI.TENSORSET', dtype, dtype, 1, 2, 'VALUES', ...values);
    }
    const names = TENSORS.map(([dtype]) => dtype);
    const outputs = names.map((name) => `out:${name}`);
    // A second run has other tensors than the first one left in the session.
    for (let round = 0; round < 2; round++) {
      expect(
        await client.send('AI.MODELEXECUTE', 'copies', 'INPUTS', 8, ...names, 'OUTPUTS', 8, ...outputs),
      ).toBe('OK');
      for (const [dtype, values] of TENSORS) {
        expect(await show(client, `out:${dtype}`)).toEqual([
          'dtype',
          dtype,
          'shape',
          [1, 2],
          'values',
          [...values],
        ]);
      }
    }
  });

  test('gives outputs whose shape it finds while it runs', async () => {
    const client = await shared.connect();
    await store(client, 'where');
    for (const [condition, places] of [
      [
        [0, 1, 0, 1],
        [1, 3],
      ],
      [[0, 0, 1, 0], [2]],
      [
        [1, 1, 1, 1],
        [0, 1, 2, 3],
      ],
    ] as const) {
      await client.send('AI.TENSORSET', 'condition', 'BOOL', 4, 'VALUES', ...condition);
      await client.send('AI.MODELEXECUTE', 'where', 'INPUTS', 1, 'condition', 'OUTPUTS', 1, 'places');
      expect(await show(client, 'places')).toEqual([
        'dtype',
        'INT64',
        'shape',
        [places.length, 1],
        'values',
        [...places],
      ]);
    }
  });

  test('with several signatures runs the first of them', async () => {
    const client = await shared.connect();
    await store(client, 'two_signatures');
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 3, 5);
    await client.send('AI.MODELEXECUTE', 'two_signatures', 'INPUTS', 2, 'x', 'x', 'OUTPUTS', 1, 'y');
    expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['9', '25']);
  });

  test('does not remember the run before', async () => {
    const client = await shared.connect();
    await store(client, 'running');
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 1, 'VALUES', 1);
    for (let round = 0; round < 3; round++) {
      await client.send('AI.MODELEXECUTE', 'running', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y');
      expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['1']);
    }
  });

  test('of unsigned 8-bit operators takes one row and several', async () => {
    const client = await shared.connect();
    await store(client, 'unsigned');
    for (const [rows, values, sums] of [
      [1, [10, 20], [15]],
      [2, [10, 20, 100, 50], [15, 75]],
      [1, [200, 200], [200]],
    ] as const) {
      await client.send('AI.TENSORSET', 'x', 'UINT8', rows, 2, 'VALUES', ...values);
      expect(await client.send('AI.MODELEXECUTE', 'unsigned', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y')).toBe(
        'OK',
      );
      expect(await show(client, 'y')).toEqual(['dtype', 'UINT8', 'shape', [rows, 1], 'values', [...sums]]);
    }
  });

  test('refuses tensors that it would read beyond, and tells what it wants', async () => {
    const client = await shared.connect();
    await store(client, 'add');
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 1, 2);
    await client.send('AI.TENSORSET', 'wide', 'FLOAT', 1, 3);
    await client.send('AI.TENSORSET', 'int', 'INT32', 1, 2);
    const run = (a: string, b: string) =>
      client.error('AI.MODELEXECUTE', 'add', 'INPUTS', 2, a, b, 'OUTPUTS', 1, 'y');
    expect(await run('x', 'wide')).toBe("ERR TFLITE input 'b' has the shape [-1,2], got [1,3]");
    expect(await run('int', 'x')).toBe("ERR TFLITE input 'a' is FLOAT, got INT32");
    expect(await client.send('EXISTS', 'y')).toBe(0);
  });

  test('that cannot have other shapes says why, and goes on with its own', async () => {
    const client = await shared.connect();
    await store(client, 'fixed');
    await client.send('AI.TENSORSET', 'two', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
    await client.send('AI.TENSORSET', 'one', 'FLOAT', 1, 2, 'VALUES', 1, 2);
    const run = (x: string) => client.send('AI.MODELEXECUTE', 'fixed', 'INPUTS', 1, x, 'OUTPUTS', 1, 'y');
    expect(String(await run('two'))).toMatch(/num_input_elements != num_output_elements \(4 != 2\)/);
    expect(await run('one')).toBe('OK');
    expect(await show(client, 'y')).toEqual(['dtype', 'FLOAT', 'shape', [2, 1], 'values', ['1', '2']]);
  });
});

describe('the first load of a model', () => {
  const folders = () => mkdtempSync(path.join(tmpdir(), 'tessera-'));

  test('is in another process, once for each content and data folder', async () => {
    const dataDirectory = folders();
    const marks = () => readdirSync(path.join(dataDirectory, 'tried-models')).length;
    for (const expected of [1, 1]) {
      const node = await startNode({}, 0, { dataDirectory });
      const client = await RespClient.connect(node.port);
      await store(client, 'add');
      await client.send('AI.MODELSTORE', 'again', 'TFLITE', 'CPU', 'BLOB', tfliteModel('add'));
      expect(marks()).toBe(expected);
      client.close();
      await node.close();
    }
  });

  test('that ends the process is an error, and the node lives', async () => {
    const client = await shared.connect();
    for (let round = 0; round < 2; round++) {
      expect(await client.error('AI.MODELSTORE', 'm', 'TFLITE', 'CPU', 'BLOB', crashingModel())).toBe(
        'ERR TFLITE model ended the process that tried it first',
      );
    }
    expect(await client.send('EXISTS', 'm')).toBe(0);
    expect(await store(client, 'add')).toBe('OK');
  });

  test('that does not come back is an error, and the next one has a process', async () => {
    const options = { dataDirectory: folders(), version: 'of the test', threads: 1 };
    await expect(tryModel(endlessModel(), { ...options, timeoutMs: 500 })).rejects.toThrow(
      'ERR TFLITE model did not come back within 500 ms from the process that tried it first',
    );
    await tryModel(tfliteModel('add'), { ...options, timeoutMs: 30_000 });
    expect(readdirSync(path.join(options.dataDirectory, 'tried-models'))).toHaveLength(1);
  });
});

describe('a node in a process of its own', () => {
  let served: ServedNode | undefined;
  afterEach(async () => {
    await served?.kill();
    delete process.env.TESSERA_TFLITE_RUNTIME;
  });

  test.each(['native', 'wasm'])(
    'runs models in the %s runtime, and the runtime prints nothing',
    async (runtime) => {
      process.env.TESSERA_TFLITE_RUNTIME = runtime;
      served = await startServe();
      const client = await RespClient.connect(served.port);
      expect(await store(client, 'mul')).toBe('OK');
      await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 3, 5);
      await client.send('AI.TENSORSET', 'rows', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
      const run = (x: string) => client.send('AI.MODELEXECUTE', 'mul', 'INPUTS', 2, x, x, 'OUTPUTS', 1, 'y');
      expect(await run('x')).toBe('OK');
      expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['9', '25']);
      expect(String(await run('rows'))).toBe(
        runtime === 'native' ? 'OK' : 'ReplyError: ERR TFLITE inputs have fixed shapes in the WASM runtime',
      );
      expect(await client.error('AI.MODELSTORE', 'no', 'TFLITE', 'CPU', 'BLOB', 'no')).toBe(
        'Failed to load model from buffer',
      );
      client.close();
      await served.stop();
      expect(served.log()).not.toMatch(/XNNPACK|^INFO|ERROR/m);
    },
  );
});
