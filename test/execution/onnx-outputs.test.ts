import { type Binding, binding } from 'onnxruntime-node/dist/binding.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { buildModel, type Dimension, type Graph } from '../../scripts/onnx-builder.ts';
import { onnxBackend } from '../../src/backends/onnx/onnx-backend.ts';
import { concatShared } from '../../src/tensors/shared-bytes.ts';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import { floats, type RespClient } from '../support/resp-client.ts';

const fixture = nodeFixture();
const options = { intraOpParallelism: 1, interOpParallelism: 1 };

afterEach(() => {
  vi.restoreAllMocks();
});

const float = (name: string, shape: Dimension[]) => ({ name, type: 'float' as const, shape });

/** Removes dimensions of size 1: ONNX Runtime cannot tell the output's shape before the run, so the declared one stands. */
function squeeze(declared: Dimension[]): Graph {
  return {
    name: 'squeeze',
    inputs: [float('x', ['N', 1])],
    outputs: [float('y', declared)],
    operators: [{ type: 'Squeeze', inputs: ['x'], outputs: ['y'] }],
  };
}

const gather: Graph = {
  name: 'gather',
  inputs: [float('x', ['N']), { name: 'at', type: 'int64', shape: ['K'] }],
  outputs: [float('y', ['K'])],
  operators: [{ type: 'Gather', inputs: ['x', 'at'], outputs: ['y'] }],
};
const OUT_OF_BOUNDS =
  "Non-zero status code returned while running Gather node. Name:'' Status Message: " +
  'indices element out of data bounds, idx=9 must be within the inclusive range [-2,1]';

/** Counts the runs of the sessions that are made from now on; they go on as they are. */
function spyOnRuns() {
  const runs = vi.fn();
  const { InferenceSession } = binding;
  vi.spyOn(binding, 'InferenceSession').mockImplementation(
    class extends InferenceSession {
      override run(...args: Parameters<Binding.InferenceSession['run']>) {
        runs();
        return super.run(...args);
      }
    },
  );
  return runs;
}

async function store(client: RespClient, graph: Graph): Promise<void> {
  expect(await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', buildModel(graph))).toBe('OK');
}

function tensor(dtype: 'FLOAT' | 'INT64', shape: number[], bytes: Uint8Array): Tensor {
  const { buffer } = concatShared([bytes]);
  return { dtype, shape, buffer, byteOffset: 0, byteLength: buffer.byteLength };
}

describe('outputs of an ONNX model', () => {
  test.each([
    ['another size', [1, 2]],
    ['another number of dimensions', ['N', 1, 1]],
    ['no shape that the inputs tell', ['M']],
  ])('come back with their real shape where the model declares %s', async (_, declared) => {
    const client = await fixture.start();
    await store(client, squeeze(declared));
    for (const values of [
      [1, 2, 3],
      [4, 5, 6, 7],
    ]) {
      await client.send('AI.TENSORSET', 'x', 'FLOAT', values.length, 1, 'BLOB', floats(...values));
      expect(await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y')).toBe('OK');
      const reply = ['dtype', 'FLOAT', 'shape', [values.length], 'values', values.map(String)];
      expect(await client.send('AI.TENSORGET', 'y', 'META', 'VALUES')).toEqual(reply);
    }
    const info = (await client.send('AI.INFO', 'm')) as unknown[];
    expect(info.slice(-4)).toEqual(['calls', 2, 'errors', 0]);
  });

  test('come back where they are inputs, too', async () => {
    const client = await fixture.start();
    await store(client, {
      name: 'through',
      inputs: [float('x', ['N'])],
      outputs: [float('x', ['N']), float('y', ['N'])],
      operators: [{ type: 'Neg', inputs: ['x'], outputs: ['y'] }],
    });
    await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 'VALUES', 1, 2);
    expect(await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'a', 'OUTPUTS', 2, 'b', 'c')).toBe('OK');
    expect(await client.send('AI.TENSORGET', 'b', 'VALUES')).toEqual(['1', '2']);
    expect(await client.send('AI.TENSORGET', 'c', 'VALUES')).toEqual(['-1', '-2']);
  });
});

describe('a run that fails inside the model', () => {
  test('is answered with the text of ONNX Runtime', async () => {
    const client = await fixture.start();
    await store(client, gather);
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 2, 'VALUES', 1, 2);
    await client.send('AI.TENSORSET', 'at', 'INT64', 1, 'VALUES', 9);
    const run = ['AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'x', 'at', 'OUTPUTS', 1, 'y'] as const;
    expect(await client.error(...run)).toBe(OUT_OF_BOUNDS);
    await client.send('AI.TENSORSET', 'at', 'INT64', 1, 'VALUES', 1);
    expect(await client.send(...run)).toBe('OK');
    expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['2']);
  });

  test('is run once, not again without prepared outputs', async () => {
    const runs = spyOnRuns();
    const session = await onnxBackend.load(concatShared([buildModel(gather)]), options, null);
    const x = tensor('FLOAT', [2], floats(1, 2));
    const at = tensor('INT64', [1], new Uint8Array(BigInt64Array.of(9n).buffer));
    await expect(session.run([x, at])).rejects.toThrow(new Error(OUT_OF_BOUNDS));
    expect(runs).toHaveBeenCalledTimes(1);
    await session.close();
  });

  test('a wrong declared shape costs a second run once, and none after it', async () => {
    const runs = spyOnRuns();
    const session = await onnxBackend.load(concatShared([buildModel(squeeze([1, 2]))]), options, null);
    const x = tensor('FLOAT', [3, 1], floats(1, 2, 3));
    expect((await session.run([x])).map((t) => t.shape)).toEqual([[3]]);
    expect(runs).toHaveBeenCalledTimes(2);
    await session.run([x]);
    expect(runs).toHaveBeenCalledTimes(3);
    await session.close();
  });
});
