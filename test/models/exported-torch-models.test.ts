import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { runArchive } from '../support/exported-programs.ts';
import { tensor } from '../support/tensorflow-graphs.ts';
import { distance, TOLERANCE } from '../support/torch-cases.ts';

const FOLDER = new URL('../fixtures/torch-exported/', import.meta.url);
const names = readdirSync(FOLDER).flatMap((file) => /^(.*)\.pt2$/.exec(file)?.[1] ?? []);

type Literal = readonly [
  dtype: Exclude<Tensor['dtype'], 'STRING'>,
  shape: readonly number[],
  elements: readonly number[],
];
/** What libtorch gives for some inputs. */
interface Expected {
  readonly runs: readonly (readonly [inputs: readonly Literal[], outputs: readonly Literal[]])[];
}

describe('an exported network', () => {
  test.each(names)('gives what libtorch gives: %s', async (name) => {
    const { runs } = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as Expected;
    const archive = readFileSync(new URL(`${name}.pt2`, FOLDER));
    const inputs = runs.map(([given]) => given.map((literal) => tensor(...literal)));
    const results = await runArchive(archive, ...inputs);
    for (const [i, [, outputs]] of runs.entries()) {
      const got = results[i] ?? [];
      expect(got.map(({ dtype, shape }) => [dtype, shape])).toEqual(
        outputs.map(([dtype, shape]) => [dtype, shape]),
      );
      for (const [o, [, , elements]] of outputs.entries()) {
        expect(distance(got[o]?.values as number[], elements)).toBeLessThan(TOLERANCE);
      }
    }
  });
});
