import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { startNode } from '../support/node.ts';
import { useSharedNode } from '../support/shared-node.ts';

interface Reference {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly file: string;
}

/** Real graphs are not part of the repository; where they lie can be said in TESSERA_TEST_MODELS. */
const folder = path.resolve(
  process.env.TESSERA_TEST_MODELS ?? path.join(import.meta.dirname, '../../../shared/models'),
  'tf',
);
const names = existsSync(folder)
  ? readdirSync(folder).flatMap((file) => (file.endsWith('.json') ? [path.basename(file, '.json')] : []))
  : [];
if (names.length === 0) console.warn(`skipped: real TensorFlow graphs, for want of ${folder}`);

const DTYPES: Record<string, string> = { float32: 'FLOAT', int32: 'INT32', int64: 'INT64', bool: 'BOOL' };
/** Graphs that give 8 bits without a sign, which the implementation that the references are from has not. */
const UNSIGNED: Record<string, string> = { bigfiles: 'UINT8' };
/** As far as another order of summing may go. */
const TOLERANCE = 1e-4;
/** Examples of a batch that rounding decides, step by step: the same graph computed in double is as far from either result in them. */
const UNSTABLE: Record<string, number> = { ntm_ldss_nodevice: 6 };
/** Graphs of thousands of nodes take seconds to load on a busy machine. */
const LIMIT_MS = 180_000;

const file = (name: string): Buffer => readFileSync(path.join(folder, name));

function numbers(dtype: string, bytes: Uint8Array): number[] {
  const { buffer } = Uint8Array.from(bytes);
  if (dtype === 'uint8') return [...bytes];
  if (dtype === 'float32') return [...new Float32Array(buffer)];
  return dtype === 'int32' ? [...new Int32Array(buffer)] : Array.from(new BigInt64Array(buffer), Number);
}

/** The largest distance in each example, relative to the largest number of all. */
function distances(actual: readonly number[], expected: readonly number[], examples: number): number[] {
  const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-30);
  const length = expected.length / examples;
  return Array.from({ length: examples }, (_, example) =>
    expected.slice(example * length, (example + 1) * length).reduce((most, x, i) => {
      const off = Math.abs((actual[example * length + i] ?? Number.NaN) - x);
      return Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(most, off / scale);
    }, 0),
  );
}

describe.skipIf(names.length === 0)('a real TensorFlow graph', () => {
  // On a busy machine the largest takes longer than the default.
  const shared = useSharedNode(() => startNode({ executionTimeoutMs: LIMIT_MS }));

  test.each(names)(
    'gives what its reference says: %s',
    async (name) => {
      const client = await shared.connect();
      const { inputs, outputs } = JSON.parse(file(`${name}.json`).toString()) as Record<string, Reference[]>;
      const [ins, outs] = [inputs as Reference[], outputs as Reference[]];
      const graph = file(`${name}.pb`);
      const nodes = [
        ...['INPUTS', ins.length, ...ins.map((t) => t.name)],
        ...['OUTPUTS', outs.length, ...outs.map((t) => t.name)],
      ];
      const stored = await client.send('AI.MODELSTORE', 'm', 'TF', 'CPU', ...nodes, 'BLOB', graph);
      expect(stored).toBe('OK');
      for (const { name: key, dtype, shape, file: data } of ins) {
        // A scalar has to have a dimension on the way.
        const sizes = shape.length === 0 ? [1] : shape;
        const set = ['AI.TENSORSET', key, DTYPES[dtype] as string, ...sizes, 'BLOB', file(data)];
        expect(await client.send(...set)).toBe('OK');
      }
      const keys = outs.map((_, i) => `out${i}`);
      const run = [
        ...['INPUTS', ins.length, ...ins.map((t) => t.name)],
        ...['OUTPUTS', keys.length, ...keys],
      ];
      expect(await client.send('AI.MODELEXECUTE', 'm', ...run)).toBe('OK');
      for (const [i, { dtype, shape, file: data }] of outs.entries()) {
        const reply = (await client.send('AI.TENSORGET', `out${i}`, 'META', 'BLOB')) as unknown[];
        expect([String(reply[1]), reply[3]]).toEqual([UNSIGNED[name] ?? DTYPES[dtype], shape]);
        const actual = numbers(name in UNSIGNED ? 'uint8' : dtype, Buffer.from(reply[5] as string));
        const far = distances(actual, numbers(dtype, file(data)), shape[0] ?? 1).filter(
          (off) => off >= TOLERANCE,
        );
        expect(far.length, `distances ${far}`).toBeLessThanOrEqual(UNSTABLE[name] ?? 0);
      }
      const bytes = await client.send('AI.MODELGET', 'm', 'BLOB');
      expect(Buffer.from(bytes as string).equals(graph)).toBe(true);
    },
    LIMIT_MS,
  );
});
