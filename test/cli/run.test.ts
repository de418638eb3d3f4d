import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { readNpy, writeNpy } from '../../src/cli/tensors/npy.ts';
import { nested, tensorOf } from '../../src/cli/tensors/tensor-value.ts';
import { model } from '../support/node.ts';
import { run } from '../support/run.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { LAUNCHER, newFolder, on } from './tessera.ts';

const shared = useSharedNode();
const here = (...args: string[]) => on(shared.node.port)(...args);
const ROW = '[[5.1, 3.5, 1.4, 0.2]]';

async function store(key: string, name = key): Promise<void> {
  const client = await shared.connect();
  expect(await client.send('AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB', model(name))).toBe('OK');
}

beforeEach(() => store('iris'));

test('JSON goes in, and what comes out is printed; no keys are left', async () => {
  expect(await here('run', 'iris', ROW)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^probabilities FLOAT \[1, 3\]\n\[\[0\.99998\d*, 0\.00001027\d*, 9\.06\d*e-8\]\]\n$/,
    ),
  });
  const [output] = JSON.parse((await here('run', 'iris', ROW, '--json')).stdout) as { values: number[][] }[];
  expect(output).toMatchObject({ name: 'probabilities', dtype: 'FLOAT', shape: [1, 3] });
  expect(output?.values[0]?.[0]).toBeCloseTo(0.99999, 4);
  expect(shared.node.context.keyspace.size).toBe(1);
});

test('files of NumPy go in and out', async () => {
  const folder = newFolder();
  const [input, output] = [path.join(folder, 'in.npy'), path.join(folder, 'out.npy')];
  writeFileSync(input, writeNpy(tensorOf('FLOAT', [1, 4], [5.1, 3.5, 1.4, 0.2])));
  expect(await here('run', 'iris', input, '-o', output)).toEqual({
    code: 0,
    stdout: '',
    stderr: `wrote probabilities to ${output}\n`,
  });
  const written = readNpy(readFileSync(output));
  expect(written).toMatchObject({ dtype: 'FLOAT', shape: [1, 3] });
  expect((nested(written) as number[][])[0]?.[0]).toBeCloseTo(0.99999, 4);
});

test('inputs and outputs go by their order or by name', async () => {
  await store('mul');
  const { stdout } = await here('model', 'info', 'mul', '--json');
  const { inputs } = JSON.parse(stdout) as { inputs: [string, string] };
  const product = (...args: string[]) => here('run', 'mul', ...args, '--json');
  const [ones, twos] = ['[[1, 1], [1, 1]]', '[[2, 3], [4, 5]]'];
  const values = [
    [2, 3],
    [4, 5],
  ];
  expect(JSON.parse((await product(ones, twos)).stdout)).toMatchObject([{ values }]);
  expect(JSON.parse((await product(`${inputs[1]}=${ones}`, twos)).stdout)).toMatchObject([{ values }]);
  await store('two_outputs');
  const folder = newFolder();
  const described = JSON.parse((await here('model', 'info', 'two_outputs', '--json')).stdout) as {
    inputs: string[];
    outputs: [string, string];
  };
  const second = path.join(folder, 'second.json');
  const inputsOfTwo = described.inputs.map(() => '[[1, 2], [3, 4]]');
  const ended = await here('run', 'two_outputs', ...inputsOfTwo, '-o', `${described.outputs[1]}=${second}`);
  expect(ended).toMatchObject({ code: 0, stderr: `wrote ${described.outputs[1]} to ${second}\n` });
  expect(JSON.parse(readFileSync(second, 'utf8'))).toHaveLength(2);
});

test('standard input and dtypes other than FLOAT', async () => {
  await store('add', 'add_int64');
  const args = [LAUNCHER, 'run', 'add', '-', '[9007199254740993]', '--dtype', 'INT64', '--json'];
  const ended = await run(process.execPath, [...args, '-u', `127.0.0.1:${shared.node.port}`], {
    input: '[1]',
  });
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('9007199254740994') });
});

test('an image is a tensor', async () => {
  await store('relu', 'relu_1x4');
  const { default: sharp } = await import('sharp');
  const file = path.join(newFolder(), 'gray.png');
  await sharp(Buffer.from([0, 51, 102, 255]), { raw: { width: 4, height: 1, channels: 1 } })
    .png()
    .toFile(file);
  const ended = await here('run', 'relu', file, '--gray', '--size', '4x1', '--json');
  // The model wants two dimensions, and says which it got.
  expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^tessera: .*rank.*: 4 .*: 2/) });
});

test.each([
  [['iris', ROW, ROW], 2, 'the model has 1 inputs (measurements), not 2'],
  [['iris', '[[1, 2]]'], 1, 'Got invalid dimensions for input: measurements'],
  [['iris', '[[1, 2], [3]]'], 1, '[[1, 2], [3]]: rows of different lengths'],
  [['iris', '/no/file.npy'], 1, 'there is no file /no/file.npy'],
  [['iris', LAUNCHER], 1, 'unsupported image format'],
  [['iris', ROW, '-o', 'out.txt'], 2, 'out.txt: tensors are written as .npy or .json'],
  [['iris', ROW, '--outputs', '2'], 2, 'the model has 1 outputs (probabilities), not 2'],
  [['iris', ROW, '--dtype', 'HALF'], 2, 'One of FLOAT, DOUBLE'],
  [['iris', ROW, '--range', '0..2'], 2, 'Allowed choices are'],
  [['gone', ROW], 1, 'ERR model key is empty'],
])('run %j tells in a line what is wrong', async (args, code, reason) => {
  const ended = await here('run', ...args);
  expect(ended.stderr).toContain(reason);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).not.toMatch(/^\s+at /m);
});

test('a load is measured, and its errors are counted', async () => {
  const { stdout } = await here('bench', 'iris', ROW, '-c', '4', '-t', '0.2', '-w', '0', '--json');
  const result = JSON.parse(stdout) as Record<string, number> & { latencyUs: Record<string, number> };
  expect(result).toMatchObject({ model: 'iris', clients: 4, errors: 0, firstError: null });
  expect(result.requests).toBeGreaterThan(0);
  expect(result.latencyUs.p50).toBeLessThanOrEqual(result.latencyUs.max as number);
  const failing = await here('bench', 'iris', '[[1, 2]]', '-n', '10', '-w', '0');
  expect(failing).toMatchObject({ code: 1, stdout: expect.stringContaining('0 requests in') });
  expect(failing.stdout).toContain('10 failed');
  expect(failing.stdout).toContain('first error: Got invalid dimensions');
});
