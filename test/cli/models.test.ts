import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildLargeModel } from '../../scripts/onnx-builder.ts';
import { type ClusterHere, startClusterHere } from '../support/cluster-here.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { attr, graphDef, placeholder } from '../support/tensorflow-graphs.ts';
import { modelFile, newFolder, on, tessera } from './tessera.ts';

describe('on one node', () => {
  const shared = useSharedNode();
  const here = (...args: string[]) => on(shared.node.port)(...args);

  test('a model is pushed, listed, looked at and deleted', async () => {
    expect(
      await here('model', 'push', modelFile('iris.onnx'), 'iris', '--tag', 'v2', '--batch-size', '8'),
    ).toEqual({
      code: 0,
      stdout: 'stored iris: ONNX on CPU, 801 B\ninputs   measurements\noutputs  probabilities\n',
      stderr: '',
    });
    const list = await here('model', 'list');
    expect(list.stdout).toMatch(/^MODEL +BACKEND +DEVICE +TAG +BATCH/);
    expect(list.stdout).toMatch(/^iris +ONNX +CPU +v2 +8 /m);
    const info = JSON.parse((await here('model', 'info', 'iris', '--json')).stdout) as unknown;
    expect(info).toMatchObject({ key: 'iris', tag: 'v2', batchSize: 8, inputs: ['measurements'], calls: 0 });
    expect((await here('model', 'info', 'iris')).stdout).toContain('batches  up to 8 rows');
    expect(await here('model', 'rm', 'iris')).toEqual({ code: 0, stdout: 'deleted iris\n', stderr: '' });
    expect((await here('model', 'list')).stdout).toBe('no models\n');
    expect((await here('model', 'list', '--json')).stdout).toBe('[]\n');
  });

  test('the backend is told by the name, the content or the user', async () => {
    const folder = newFolder();
    const pushed = async (from: string, name: string, ...args: string[]) => {
      copyFileSync(from, path.join(folder, name));
      const { stdout, stderr } = await here('model', 'push', path.join(folder, name), 'm', '--json', ...args);
      return stderr || (JSON.parse(stdout) as { backend: string }).backend;
    };
    expect(await pushed(modelFile('mul.tflite'), 'a.tflite')).toBe('TFLITE');
    expect(await pushed(modelFile('mul.tflite'), 'a.bin')).toBe('TFLITE');
    const program = path.join(import.meta.dirname, '../fixtures/torch-exported/mlp.pt2');
    expect(await pushed(program, 'a.zip')).toBe('TORCH');
    expect(await pushed(modelFile('iris.onnx'), 'b.bin', '--backend', 'onnx')).toBe('ONNX');
    expect(await pushed(modelFile('iris.onnx'), 'b.bin')).toContain('nothing tells what kind of model');
  });

  test('a SavedModel is its folder', async () => {
    const folder = path.join(newFolder(), 'saved');
    mkdirSync(folder);
    expect(await here('model', 'push', folder, 'm')).toMatchObject({
      code: 1,
      stderr: `tessera: ${folder} is a folder without saved_model.pb, so no SavedModel\n`,
    });
    const graph = graphDef(placeholder('x', 'float', [1, 4]), {
      name: 'y',
      op: 'Relu',
      input: ['x'],
      attr: { T: attr.type('float') },
    });
    writeFileSync(path.join(folder, 'saved_model.pb'), graph);
    expect(await here('model', 'push', folder, 'm')).toMatchObject({
      code: 2,
      stderr: 'tessera: a TF graph needs --inputs and --outputs: the names of its nodes\n',
    });
    const pushed = await here('model', 'push', folder, 'm', '--inputs', 'x', '--outputs', 'y');
    expect(pushed).toMatchObject({ code: 0, stdout: expect.stringContaining('inputs   x\noutputs  y\n') });
  });

  test('a large file goes in chunks of the size that the node wants', async () => {
    const client = await shared.connect();
    await client.send('AI.CONFIG', 'MODEL_CHUNK_SIZE', 1_000_000);
    const file = path.join(newFolder(), 'large.onnx');
    const bytes = buildLargeModel(8);
    writeFileSync(file, bytes);
    const pushed = await here('model', 'push', file, 'large');
    expect(pushed).toMatchObject({ code: 0, stderr: 'sent 8.0 MiB, the node loads the model\n' });
    const chunks = (await client.send('AI.MODELGET', 'large', 'BLOB')) as unknown as (Buffer | string)[];
    expect(chunks).toHaveLength(Math.ceil(bytes.length / 1_000_000));
    const stored = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as string, 'latin1')));
    expect(stored.equals(Buffer.from(bytes))).toBe(true);
  });

  test('a script is pushed with the functions that can be called, listed and deleted', async () => {
    const file = path.join(newFolder(), 'sum.py');
    writeFileSync(
      file,
      `def helper(a, b):
    return a + b
def add(tensors: List[Tensor], keys: List[str], args: List[str]):
    return helper(tensors[0], tensors[1])
`,
    );
    expect(await here('script', 'push', file, 's')).toEqual({
      code: 0,
      stdout: 'stored s on CPU\nfunctions add\n',
      stderr: '',
    });
    expect((await here('script', 'list')).stdout).toMatch(/^s +CPU +add /m);
    expect(await here('script', 'rm', 's', 'gone')).toEqual({
      code: 1,
      stdout: 'deleted s\n',
      stderr: 'tessera: gone: ERR script key is empty\n',
    });
    writeFileSync(file, 'def helper(a, b):\n    return a + b\n');
    expect(await here('script', 'push', file, 's')).toMatchObject({ code: 2 });
  });

  test.each([
    [['model', 'info', 'gone'], 1, /^tessera: 127\.0\.0\.1:\d+: ERR model key is empty\n$/],
    [['model', 'push', '/no/file.onnx', 'm'], 1, /^tessera: there is no file \/no\/file.onnx\n$/],
    [
      ['model', 'push', modelFile('iris.json'), 'm', '-b', 'ONNX'],
      1,
      /^tessera: 127\.0\.0\.1:\d+: .*Protobuf.*\n$/i,
    ],
    [
      ['model', 'push', modelFile('iris.onnx'), 'm', '-b', 'CAFFE'],
      2,
      /^tessera: --backend must be one of TF, /,
    ],
    [
      ['model', 'push', modelFile('iris.onnx'), 'm', '--batch-size', '0'],
      2,
      /A whole number from 1 up is needed/,
    ],
    [['model', 'push', modelFile('iris.onnx')], 2, /missing required argument 'key'/],
    [['modle'], 2, /unknown command 'modle'\n\(Did you mean model\?\)/],
  ] as const)('%j tells in a line what is wrong', async (args, code, reason) => {
    const ended = await here(...args);
    expect(ended.stderr).toMatch(reason);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('on a cluster', () => {
  let cluster: ClusterHere;
  beforeAll(async () => {
    cluster = await startClusterHere();
  });
  afterAll(() => cluster.stop());

  test('models go to the node that has their slot, and are found on all', async () => {
    const [first = 0] = cluster.ports;
    const keys = ['a', 'b', 'c'];
    const homes: string[] = [];
    for (const key of keys) {
      const pushed = await on(first)('model', 'push', modelFile('iris.onnx'), key, '--json');
      homes.push((JSON.parse(pushed.stdout) as { node: string }).node);
    }
    expect(new Set(homes).size).toBe(3);
    const list = JSON.parse((await on(first)('model', 'list', '--json')).stdout) as { key: string }[];
    expect(list.map(({ key }) => key).sort()).toEqual(keys);
    for (const key of keys) {
      expect((await on(first)('run', key, '[[5.1, 3.5, 1.4, 0.2]]')).stdout).toContain('[[0.99998');
    }
    const bench = await on(first)('bench', 'a', '[[5.1, 3.5, 1.4, 0.2]]', '-n', '50', '-w', '0', '--json');
    expect(JSON.parse(bench.stdout)).toMatchObject({
      requests: 50,
      errors: 0,
      clients: 16,
      requestsPerRun: expect.any(Number),
    });
    expect(await on(first)('model', 'rm', ...keys)).toMatchObject({ code: 0 });
  });

  test('the status tells of each node, and which is down', async () => {
    const [first = 0, second] = cluster.ports;
    const status = await on(first)('cluster', 'status');
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(new RegExp(`^node-2 +127.0.0.1:${second} +up +5461-10922 +0 `, 'm'));
    await cluster.stopNode(1);
    const without = await on(first)('cluster', 'status', '--json');
    expect(without.code).toBe(1);
    const nodes = JSON.parse(without.stdout) as { state: string }[];
    expect(nodes.filter(({ state }) => state === 'down')).toMatchObject([
      { address: `127.0.0.1:${second}`, reason: expect.stringContaining('ECONNREFUSED') },
    ]);
  });
});

test('a node may be named by the cluster file, whose errors are told', async () => {
  const ended = await tessera('model', 'list', '--config', '/none.json', '-u', 'node-1');
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^tessera: \/none.json: ENOENT/) });
});

test('where there is no node it says so', async () => {
  expect(await tessera('model', 'list', '-u', '127.0.0.1:1')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'tessera: cannot connect to 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\n',
  });
});
