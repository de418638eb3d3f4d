import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openNativeRuntime } from '../../src/backends/tflite/native/native-runtime.ts';
import { openTfliteSession } from '../../src/backends/tflite/tflite-session.ts';
import { openWasmRuntime } from '../../src/backends/tflite/wasm/wasm-runtime.ts';
import type { Dtype } from '../../src/tensors/dtype.ts';
import { ownBytes } from '../../src/tensors/shared-bytes.ts';
import { elementCount, type Tensor } from '../../src/tensors/tensor.ts';
import { startNode } from '../support/node.ts';
import { useSharedNode } from '../support/shared-node.ts';

/** Real models are not part of the repository; where they lie can be said in TESSERA_TEST_MODELS. */
const folder = path.resolve(
  process.env.TESSERA_TEST_MODELS ?? path.join(import.meta.dirname, '../../../shared/models'),
  'tflite',
);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.tflite')) : [];
const present = files.includes('mnist_model_quant.tflite');
if (!present) console.warn(`skipped: real TFLITE models, there are none in ${folder}`);

const native = present ? openNativeRuntime() : (undefined as never);
const wasm = openWasmRuntime();

/**
 * Not those with an int64 output, which the WASM runtime does not give out, nor those whose outputs say where something is: in made-up images
 * there is nothing, and which of many equal scores comes first is chance. The largest two are left out for their time.
 */
const COMPARED = files.filter((name) => !/^(NEG_|mnist_model|coco|movenet|style|deeplab)/.test(name));

/** Numbers that rise along the tensor, from 0 to what its type and an index into a small table bear. */
function madeUp(dtype: Dtype | undefined, shape: readonly number[]): Uint8Array {
  const count = elementCount(shape);
  if (dtype === 'FLOAT')
    return new Uint8Array(Float32Array.from({ length: count }, (_, i) => i / count).buffer);
  if (dtype === 'INT32') return new Uint8Array(Int32Array.from({ length: count }, (_, i) => i % 50).buffer);
  return Uint8Array.from({ length: count }, (_, i) => (i * 127) / count);
}

function numbers({ dtype, buffer }: Tensor): number[] {
  if (dtype === 'FLOAT') return [...new Float32Array(buffer)];
  return [...(dtype === 'INT8' ? new Int8Array(buffer) : new Uint8Array(buffer))];
}

const file = (name: string): Buffer => readFileSync(path.join(folder, name));

describe.skipIf(!present)('real TFLITE models', () => {
  const shared = useSharedNode(() => startNode({ executionTimeoutMs: 60_000 }));

  test.each([
    ['the shape of the model', [1, 28, 28]],
    ['a dimension for its channel', [1, 1, 28, 28]],
  ])('MNIST sees the digit 1 in an image with %s', async (_, shape) => {
    const client = await shared.connect();
    const blob = file('mnist_model_quant.tflite');
    expect(await client.send('AI.MODELSTORE', 'm', 'TFLITE', 'CPU', 'BLOB', blob)).toBe('OK');
    expect(await client.send('AI.TENSORSET', 'in', 'FLOAT', ...shape, 'BLOB', file('one.raw'))).toBe('OK');
    expect(await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'in', 'OUTPUTS', 2, 'digit', 'p')).toBe(
      'OK',
    );
    expect(await client.send('AI.TENSORGET', 'digit', 'META', 'VALUES')).toEqual([
      'dtype',
      'INT64',
      'shape',
      [1],
      'values',
      [1],
    ]);
    expect(((await client.send('AI.TENSORGET', 'p', 'META')) as unknown[])[3]).toEqual([1, 10]);
  });

  const REFUSED = {
    NEG_edgetpu_customop: /^Encountered unresolved custom op: edgetpu-custom-op\./,
    NEG_model_invoking_error: /^Encountered unresolved custom op: fake-op-double\./,
    NEG_wiki40b_flex: /^Select TensorFlow op\(s\), included in the given model, is\(are\) not supported/,
  };

  test.each(Object.entries(REFUSED))("%s is refused, with the runtime's reason", async (name, text) => {
    const client = await shared.connect();
    const blob = file(`${name}.tflite`);
    expect(await client.error('AI.MODELSTORE', 'm', 'TFLITE', 'CPU', 'BLOB', blob)).toMatch(text);
    expect(await client.send('EXISTS', 'm')).toBe(0);
  });

  test.each(files.filter((name) => !name.startsWith('NEG_')))('%s is stored and runs', async (name) => {
    const client = await shared.connect();
    const blob = file(name);
    expect(await client.send('AI.MODELSTORE', 'm', 'TFLITE', 'CPU', 'BLOB', blob)).toBe('OK');
    const interpreter = await native.open(blob, 1);
    const { inputs } = interpreter;
    const outputs = interpreter.outputs();
    interpreter.close();
    for (const [i, { dtype, shape }] of inputs.entries()) {
      await client.send('AI.TENSORSET', `in${i}`, dtype ?? '', ...shape, 'BLOB', madeUp(dtype, shape));
    }
    const from = inputs.map((_, i) => `in${i}`);
    const to = outputs.map((_, i) => `out${i}`);
    const run = ['AI.MODELEXECUTE', 'm', 'INPUTS', from.length, ...from, 'OUTPUTS', to.length, ...to];
    expect(await client.send(...run)).toBe('OK');
    for (const [i, { dtype }] of outputs.entries()) {
      const [, got, , shape] = (await client.send('AI.TENSORGET', `out${i}`, 'META')) as unknown[];
      expect([got, elementCount(shape as number[]) > 0]).toEqual([dtype, true]);
    }
  });

  test.each(COMPARED)(
    '%s gives the same in both runtimes, within a step of its quantization',
    async (name) => {
      const blob = file(name);
      const sessions = await Promise.all(
        [native, wasm].map((runtime) => openTfliteSession(runtime, blob, 1)),
      );
      const interpreter = await native.open(blob, 1);
      const inputs = interpreter.inputs.map(({ dtype = 'FLOAT', shape }): Tensor => {
        const bytes = madeUp(dtype, shape);
        return { dtype, shape, buffer: ownBytes(bytes).buffer, byteOffset: 0, byteLength: bytes.length };
      });
      interpreter.close();
      const [ours, theirs] = await Promise.all(sessions.map((session) => session.run(inputs)));
      for (const session of sessions) await session.close();
      expect(theirs?.map(({ dtype, shape }) => [dtype, shape])).toEqual(
        ours?.map(({ dtype, shape }) => [dtype, shape]),
      );
      ours?.forEach((output, i) => {
        const [a, b] = [numbers(output), numbers((theirs as Tensor[])[i] as Tensor)];
        const largest = Math.max(...a.map(Math.abs), 1);
        const step = output.dtype === 'FLOAT' ? 1e-5 * largest : 1;
        expect(Math.max(...a.map((value, k) => Math.abs(value - (b[k] as number))))).toBeLessThanOrEqual(
          step,
        );
      });
    },
  );
});
