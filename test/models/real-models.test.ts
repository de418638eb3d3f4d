import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { onnxMessage } from '../support/models.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

/** Real models are not part of the repository; where they lie can be said in TESSERA_TEST_MODELS. */
const folder = path.resolve(
  process.env.TESSERA_TEST_MODELS ?? path.join(import.meta.dirname, '../../../shared/models'),
  'onnx',
);
const missing = ['mnist.onnx', 'one.raw', 'light_squeezenet.onnx', 'light_resnet50.onnx'].filter(
  (name) => !existsSync(path.join(folder, name)),
);
if (missing.length > 0)
  console.warn(`skipped: real ONNX models, for want of ${missing.join(', ')} in ${folder}`);

const file = (name: string): Buffer => readFileSync(path.join(folder, name));

/** Dimensions and floats of a TensorProto file. */
function expectedOutput(name: string): { dims: number[]; data: number[] } {
  const tensor = onnxMessage('TensorProto').decode(file(name)) as unknown as {
    dims: unknown[];
    floatData: number[];
    rawData: Uint8Array;
  };
  const raw = Uint8Array.from(tensor.rawData);
  const data = raw.length > 0 ? [...new Float32Array(raw.buffer)] : [...tensor.floatData];
  return { dims: tensor.dims.map(Number), data };
}

async function run(client: RespClient, name: string, shape: number[], blob?: Buffer) {
  expect(await client.send('AI.MODELSTORE', name, 'ONNX', 'CPU', 'BLOB', file(name))).toBe('OK');
  const input = blob === undefined ? [] : ['BLOB', blob];
  expect(await client.send('AI.TENSORSET', 'in', 'FLOAT', ...shape, ...input)).toBe('OK');
  expect(await client.send('AI.MODELEXECUTE', name, 'INPUTS', 1, 'in', 'OUTPUTS', 1, 'out')).toBe('OK');
  const reply = (await client.send('AI.TENSORGET', 'out', 'META', 'VALUES')) as unknown[];
  return { dims: reply[3] as number[], data: (reply[5] as string[]).map(Number) };
}

describe.skipIf(missing.length > 0)('real models', () => {
  const shared = useSharedNode();

  test('MNIST sees the digit 1', async () => {
    const { dims, data } = await run(await shared.connect(), 'mnist.onnx', [1, 1, 28, 28], file('one.raw'));
    expect(dims).toEqual([1, 10]);
    expect(data.indexOf(Math.max(...data))).toBe(1);
  });

  test('MNIST with a batch dimension sees it in every row of a batch', async () => {
    const client = await shared.connect();
    const image = file('one.raw');
    const batch = Buffer.concat([image, Buffer.alloc(image.length), image]);
    const { dims, data } = await run(client, 'mnist_batched.onnx', [3, 1, 28, 28], batch);
    expect(dims).toEqual([3, 10]);
    const rows = [0, 1, 2].map((row) => data.slice(row * 10, row * 10 + 10));
    expect(rows.map((row) => row.indexOf(Math.max(...row))).filter((_, row) => row !== 1)).toEqual([1, 1]);
    rows[0]?.forEach((value, i) => {
      expect(rows[2]?.[i]).toBeCloseTo(value, 4);
    });
  });

  test.each(['squeezenet', 'resnet50'])('%s gives its published output', async (name) => {
    const client = await shared.connect();
    const want = expectedOutput(`light_${name}_output_0.pb`);
    const got = await run(client, `light_${name}.onnx`, [1, 3, 224, 224]);
    expect(got.dims).toEqual(want.dims);
    expect(got.data).toHaveLength(want.data.length);
    const worst = Math.max(...got.data.map((value, i) => Math.abs(value - (want.data[i] as number))));
    expect(worst).toBeLessThan(1e-5 * Math.max(1, ...want.data.map(Math.abs)));
  });
});
