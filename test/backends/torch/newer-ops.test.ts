import { expect, test } from 'vitest';
import { seededRandom } from '../../../scripts/onnx-builder.ts';
import type { Tensor } from '../../../src/tensors/tensor.ts';
import { tensor } from '../../support/tensorflow-graphs.ts';
import { forward } from '../../support/torch-archives.ts';

function normal(seed: number, ...shape: number[]): Tensor {
  const random = seededRandom(seed);
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    'FLOAT',
    shape,
    Array.from({ length: count }, () => random() * 2 - 1),
  );
}

const HEADS = [normal(1, 2, 4, 3, 5), normal(2, 2, 4, 6, 5), normal(3, 2, 4, 6, 5)];
const SHARED = [normal(1, 2, 4, 3, 5), normal(2, 2, 2, 6, 5), normal(3, 2, 2, 6, 5)];
const MASK = tensor('BOOL', [3, 6], [1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
/** Of steps that are seen by those at their place and behind. */
const CAUSAL = 'torch.tril(torch.ones([3, 6], dtype=11))';

/** Scores as the definition in torch's documentation has them. */
const attention = (scores: string, value = 'c') => `torch.matmul(torch.softmax(${scores}, -1), ${value})`;
const SCORES = 'torch.matmul(a, torch.transpose(b, -1, -2))';

type Row = readonly [op: string, definition: string, inputs: readonly Tensor[]];

/** Ops that the torch which writes the cases does not have, and what they are by definition. */
const ROWS: readonly Row[] = [
  ['scaled_dot_product_attention(a, b, c)', attention(`${SCORES} / 5 ** 0.5`), HEADS],
  ['scaled_dot_product_attention(a, b, c, scale=0.3)', attention(`${SCORES} * 0.3`), HEADS],
  [
    'scaled_dot_product_attention(a, b, c, d)',
    attention(`torch.masked_fill(${SCORES} / 5 ** 0.5, ~d, -float("inf"))`),
    [...HEADS, MASK],
  ],
  [
    'scaled_dot_product_attention(a, b, c, d)',
    attention(`${SCORES} / 5 ** 0.5 + d`),
    [...HEADS, normal(4, 3, 6)],
  ],
  [
    'scaled_dot_product_attention(a, b, c, is_causal=True)',
    attention(`torch.masked_fill(${SCORES} / 5 ** 0.5, ~${CAUSAL}, -float("inf"))`),
    HEADS,
  ],
  [
    'scaled_dot_product_attention(a, b, c, enable_gqa=True)',
    attention(
      'torch.matmul(a, torch.transpose(torch.repeat_interleave(b, 2, 1), -1, -2)) / 5 ** 0.5',
      'torch.repeat_interleave(c, 2, 1)',
    ),
    SHARED,
  ],
  ['rms_norm(a, [5])', 'a * torch.rsqrt((a * a).mean(-1, True) + 2.0 ** -23)', [normal(1, 2, 3, 5)]],
  [
    'rms_norm(a, [3, 5], b, 0.01)',
    'a * torch.rsqrt((a * a).mean([-2, -1], True) + 0.01) * b',
    [normal(1, 2, 3, 5), normal(2, 3, 5)],
  ],
];

test.each(ROWS)('torch.%s is %s', async (op, definition, inputs) => {
  const names = inputs.map((_, i) => 'abcd'[i]).join(', ');
  const source = `def forward(self, ${names}) -> Tuple[Tensor, Tensor]:\n  return (torch.${op}, ${definition})`;
  const [actual, expected] = await forward(source, inputs);
  expect(actual?.shape).toEqual(expected?.shape);
  for (const [i, value] of (expected?.values ?? []).entries()) {
    expect(actual?.values[i] as number).toBeCloseTo(value as number, 5);
  }
});
