import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { distance } from '../../scripts/torch-models/cases.ts';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { tensor as argument, exported, node, runArchive } from '../support/exported-programs.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { type Seen, tensor } from '../support/tensorflow-graphs.ts';
import { TOLERANCE } from '../support/torch-cases.ts';

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

function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(new URL(`${name}.jsonl`, FOLDER), 'utf8')) as Expected;
}

describe('an exported network', () => {
  test.each(models)('gives what libtorch gives: %s', async (name) => {
    const { names, runs } = expectedOf(name);
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

describe('a node', () => {
  const shared = useSharedNode();

  test('stores an exported network, runs it for several sizes and gives its bytes back', async () => {
    const client = await shared.connect();
    const archive = readFileSync(new URL('mlp.pt2', FOLDER));
    expect(await client.send('AI.MODELSTORE', 'm', 'TORCH', 'CPU', 'BLOB', archive)).toBe('OK');
    const { runs } = expectedOf('mlp');
    expect(runs.length).toBeGreaterThan(1);
    for (const [[input], [output]] of runs) {
      const [[dtype, shape, elements], [, , expected]] = [input as Literal, output as Literal];
      await client.send('AI.TENSORSET', 'in', dtype, ...shape, 'VALUES', ...elements);
      expect(await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'in', 'OUTPUTS', 1, 'out')).toBe('OK');
      const got = (await client.send('AI.TENSORGET', 'out', 'VALUES')) as string[];
      expect(distance(got.map(Number), expected)).toBeLessThan(TOLERANCE);
    }
    await client.send('AI.TENSORSET', 'in', 'FLOAT', 2, 3);
    expect(
      String(await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'in', 'OUTPUTS', 1, 'out')),
    ).toContain('has to measure 6 in dimension 1, got 3');
    const bytes = await client.send('AI.MODELGET', 'm', 'BLOB');
    expect(Buffer.from(bytes as string).equals(archive)).toBe(true);
  });

  test('refuses a program with an op that is not there when it is stored', async () => {
    const client = await shared.connect();
    const archive = exported({
      inputs: { x: { shape: [2] } },
      nodes: [
        {
          ...node('y', '_fft_r2c.default', { self: argument('x') }),
          stack: 'File "net.py", line 3, in forward',
        },
      ],
      outputs: ['y'],
    });
    expect(String(await client.send('AI.MODELSTORE', 'm', 'TORCH', 'CPU', 'BLOB', archive))).toContain(
      "ERR TORCH op 'aten::_fft_r2c' is not supported (net.py:3 in forward)",
    );
    expect(await client.send('EXISTS', 'm')).toBe(0);
  });
});
