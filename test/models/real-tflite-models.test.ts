import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';

/** Real models are not part of the repository; where they lie can be said in TESSERA_TEST_MODELS. */
const folder = path.resolve(
  process.env.TESSERA_TEST_MODELS ?? path.join(import.meta.dirname, '../../../shared/models'),
  'tflite',
);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.tflite')) : [];
const present = files.includes('mnist_model_quant.tflite');
if (!present) console.warn(`skipped: real TFLITE models, there are none in ${folder}`);

const file = (name: string): Buffer => readFileSync(path.join(folder, name));

describe.skipIf(!present)('real TFLITE models', () => {
  const shared = useSharedNode();

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
});
