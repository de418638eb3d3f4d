import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Interpreter, TensorInfo } from '../../src/backends/tflite/interpreter.ts';
import { openLoweredSession } from '../../src/backends/tflite/lowering/lowered-session.ts';
import { openNativeRuntime } from '../../src/backends/tflite/native/native-runtime.ts';
import { openTfliteSession } from '../../src/backends/tflite/tflite-session.ts';
import { openWasmRuntime } from '../../src/backends/tflite/wasm/wasm-runtime.ts';
import type { Dtype } from '../../src/tensors/dtype.ts';
import { ownBytes } from '../../src/tensors/shared-bytes.ts';
import { elementCount, type Tensor, tensorBytes } from '../../src/tensors/tensor.ts';
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
 * Not movenet, which says where the joints of a person are: in made-up images there is nobody, and which of many equal scores comes first is
 * chance.
 */
const COMPARED = files.filter((name) => !/^(NEG_|movenet)/.test(name));
/** Of real numbers that were bytes on the way: a detector's boxes, in parts of the image, and what weights of 8 bits make of an image. */
const STEPS: Partial<Record<string, number>> = {
  'coco_ssd_mobilenet_v1_1.0_quant_u8.tflite': 0.02,
  'style_transfer_dynrange.tflite': 1 / 255,
};

/** Numbers that rise along the tensor, from 0 to what its type and an index into a small table bear. */
function madeUp(dtype: Dtype | undefined, shape: readonly number[]): Uint8Array {
  const count = elementCount(shape);
  if (dtype === 'FLOAT')
    return new Uint8Array(Float32Array.from({ length: count }, (_, i) => i / count).buffer);
  if (dtype === 'INT32') return new Uint8Array(Int32Array.from({ length: count }, (_, i) => i % 50).buffer);
  return Uint8Array.from({ length: count }, (_, i) => (i * 127) / count);
}

/** Waves, in which a detector finds something; indices rise as those of `madeUp` do. */
function textured(dtype: Dtype | undefined, shape: readonly number[], turns = 1): Uint8Array {
  const count = elementCount(shape);
  const wave = (i: number) => Math.sin((turns * i) / 500) * Math.cos(i / 3);
  if (dtype === 'FLOAT')
    return new Uint8Array(Float32Array.from({ length: count }, (_, i) => 0.5 + 0.4 * wave(i)).buffer);
  if (dtype === 'UINT8') return Uint8Array.from({ length: count }, (_, i) => 128 + 100 * wave(i));
  return madeUp(dtype, shape);
}

/** How far two lists are apart; what is missing counts as 0. */
function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] as number) - (b[i] ?? 0)));
  return most;
}

function numbers(interpreter: Interpreter, output: number): number[] {
  const bytes = new Uint8Array(interpreter.outputBytes(output));
  interpreter.readOutput(output, bytes);
  const { dtype } = interpreter.outputs()[output] as TensorInfo;
  if (dtype === 'FLOAT') return [...new Float32Array(bytes.buffer)];
  return [...(dtype === 'INT8' ? new Int8Array(bytes.buffer) : bytes)];
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
      const interpreters = await Promise.all([native, wasm].map((runtime) => runtime.open(blob, 1)));
      const [library, module] = interpreters as [Interpreter, Interpreter];
      const inputs = library.inputs.map(({ dtype, shape }) =>
        name.startsWith('mnist_model') ? file('one.raw') : textured(dtype, shape),
      );
      for (const interpreter of interpreters) interpreter.run(inputs);
      for (const [i, { dtype, shape }] of module.outputs().entries()) {
        // One of a type that the module does not give out, int64.
        if (dtype === undefined) continue;
        expect(library.outputs()[i]).toMatchObject({ dtype, shape });
        const [a, b] = interpreters.map((interpreter) => numbers(interpreter, i)) as [number[], number[]];
        const largest = Math.max(1, farthest(a, []));
        const step = dtype === 'FLOAT' ? (STEPS[name] ?? 1e-5) * largest : 1;
        expect(farthest(a, b)).toBeLessThanOrEqual(step);
      }
      for (const interpreter of interpreters) interpreter.close();
    },
  );

  test('a model of unsigned bytes that is lowered gives the same as in the WASM runtime', async () => {
    const blob = file('mobilenet_v1_0.25_224_quant_u8.tflite');
    const lowered = await openLoweredSession(blob, { intraOpParallelism: 1, interOpParallelism: 1 });
    const reference = await openTfliteSession(wasm, blob, 1);
    for (let turns = 1; turns <= 3; turns++) {
      const { buffer, byteLength } = ownBytes(textured('UINT8', [1, 224, 224, 3], turns));
      const input: Tensor = { dtype: 'UINT8', shape: [1, 224, 224, 3], buffer, byteOffset: 0, byteLength };
      const [ours, theirs] = await Promise.all([lowered?.run([input]), reference.run([input])]);
      const [a, b] = [ours, theirs].map((tensors) => tensorBytes(tensors?.[0] as Tensor)) as [
        Uint8Array,
        Uint8Array,
      ];
      expect(farthest(a, b)).toBeLessThanOrEqual(1);
    }
    await Promise.all([lowered?.close(), reference.close()]);
  });
});
