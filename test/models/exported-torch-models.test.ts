import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { runArchive } from '../support/exported-programs.ts';
import { type Seen, tensor } from '../support/tensorflow-graphs.ts';
import { distance, TOLERANCE } from '../support/torch-cases.ts';

const FOLDER = new URL('../fixtures/torch-exported/', import.meta.url);
const models = readdirSync(FOLDER).flatMap((file) => /^(.*)\.pt2$/.exec(file)?.[1] ?? []);

type Literal = readonly [
  dtype: Exclude<Tensor['dtype'], 'STRING'>,
  shape: readonly number[],
  elements: readonly number[],
];
/** What libtorch gives for some inputs. */
interface Expected {
  /** Of the outputs. */
  readonly names?: readonly string[];
  readonly runs: readonly (readonly [inputs: readonly Literal[], outputs: readonly Literal[]])[];
}

describe('an exported network', () => {
  test.each(models)('gives what libtorch gives: %s', async (name) => {
    const { names, runs } = JSON.parse(readFileSync(new URL(`${name}.jsonl`, FOLDER), 'utf8')) as Expected;
    const archive = readFileSync(new URL(`${name}.pt2`, FOLDER));
    const inputs = runs.map(([given]) => given.map((literal) => tensor(...literal)));
    const results = await runArchive(archive, ...inputs);
    const wrong = runs.flatMap(([, outputs], i) =>
      outputs.flatMap(([dtype, shape, elements], o) => {
        const { values, ...kind } = (results[i] as Seen[])[o] as Seen;
        const isAlike =
          kind.dtype === dtype &&
          kind.shape.join() === shape.join() &&
          distance(values as number[], elements) < TOLERANCE;
        return isAlike
          ? []
          : [{ run: i, output: names?.[o] ?? o, ...kind, values, expected: [dtype, shape, elements] }];
      }),
    );
    expect(wrong).toEqual([]);
    expect(results.map((outputs) => outputs.length)).toEqual(runs.map(([, outputs]) => outputs.length));
  });
});
