import { describe, expect, test } from 'vitest';
import {
  exported,
  GENERATIONS,
  node,
  type Program,
  runArchive,
  tensor,
} from '../../support/exported-programs.ts';
import { tensor as values } from '../../support/tensorflow-graphs.ts';

const LINEAR: Program = {
  inputs: { x: { shape: ['s0', 2] } },
  parameters: {
    p_fc_weight: { shape: [3, 2], elements: [1, 2, 3, 4, 5, 6] },
    p_fc_bias: { shape: [3], elements: [0, 10, 20] },
  },
  nodes: [
    node('linear', 'linear.default', {
      input: tensor('x'),
      weight: tensor('p_fc_weight'),
      bias: tensor('p_fc_bias'),
    }),
  ],
  outputs: ['linear'],
};

describe('an archive of torch.export.save', () => {
  test.each(GENERATIONS)('runs for any size that a symbol stands for: %s', async (generation) => {
    const runs = await runArchive(
      exported(LINEAR, generation),
      [values('FLOAT', [1, 2], [1, 1])],
      [values('FLOAT', [2, 2], [1, 0, 0, 1])],
    );
    expect(runs).toEqual([
      [{ dtype: 'FLOAT', shape: [1, 3], values: [3, 17, 31] }],
      [{ dtype: 'FLOAT', shape: [2, 3], values: [1, 13, 25, 2, 14, 26] }],
    ]);
  });
});
