import { expect, test } from 'vitest';
import type { Tensor } from '../../../src/tensors/tensor.ts';
import { tensor } from '../../support/tensorflow-graphs.ts';
import { forward } from '../../support/torch-archives.ts';

const f = (shape: number[], ...values: number[]) => tensor('FLOAT', shape, values);
const i = (shape: number[], ...values: number[]) => tensor('INT64', shape, values);
const b = (shape: number[], ...values: number[]) => tensor('BOOL', shape, values);
const count = (...shape: number[]) =>
  f(shape, ...Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, n) => n));

type Row = readonly [
  expression: string,
  inputs: readonly Tensor[],
  shape: number[],
  values: number[],
  dtype?: string,
];

/** What the expressions are of a, b.. Expected values follow from torch's documentation; all can be checked by hand. */
const ROWS: readonly Row[] = [
  // Promotion: dimensions before scalars before numbers.
  ['a + 1.5', [i([2], 1, 2)], [2], [2.5, 3.5]],
  ['a + b', [i([2], 1, 2), f([1], 0.5)], [2], [1.5, 2.5]],
  ['a * torch.tensor(2, dtype=4)', [f([2], 1, 2)], [2], [2, 4]],
  ['a + torch.tensor(1.5)', [i([2], 1, 2)], [2], [2.5, 3.5]],
  ['a + True', [i([1], 1)], [1], [2], 'INT64'],
  ['a / b', [i([2], 7, -7), i([1], 2)], [2], [3.5, -3.5]],
  // Integers.
  ['a // b', [i([4], 7, -7, 7, -7), i([4], 2, 2, -2, -2)], [4], [3, -4, -4, 3], 'INT64'],
  ['a % b', [i([4], 7, -7, 7, -7), i([4], 3, 3, -3, -3)], [4], [1, 2, -2, -1], 'INT64'],
  ['torch.fmod(a, b)', [i([4], 7, -7, 7, -7), i([4], 3, 3, -3, -3)], [4], [1, -1, 1, -1], 'INT64'],
  ['torch.div(a, 2, rounding_mode="trunc")', [i([2], 7, -7)], [2], [3, -3], 'INT64'],
  ['torch.div(a, 2, rounding_mode="floor")', [f([2], 7, -7)], [2], [3, -4]],
  ['a % 3', [f([2], 7, -7)], [2], [1, 2]],
  ['torch.rsub(a, 10, 2)', [i([2], 1, 2)], [2], [8, 6], 'INT64'],
  ['torch.add(a, b, alpha=3)', [f([1], 1), f([1], 2)], [1], [7]],
  ['a ** 2 + 2 ** a', [f([2], 1, 3)], [2], [3, 17]],
  ['torch.clamp(a, min=0, max=1)', [f([3], -1, 0.5, 2)], [3], [0, 0.5, 1]],
  ['torch.round(a)', [f([4], 0.5, 1.5, -0.5, 2.6)], [4], [0, 2, -0, 3]],
  ['torch.trunc(a)', [f([2], 1.7, -1.7)], [2], [1, -1]],
  // Comparisons.
  ['a > b', [i([3], 1, 2, 3), f([1], 2)], [3], [0, 0, 1], 'BOOL'],
  ['(a != 2) & (a < 4)', [i([4], 1, 2, 3, 4)], [4], [1, 0, 1, 0], 'BOOL'],
  ['~a', [b([2], 1, 0)], [2], [0, 1], 'BOOL'],
  ['torch.where(a > 1, a, 0)', [f([3], 1, 2, 3)], [3], [0, 2, 3]],
  ['a.masked_fill(a == 2, -1)', [f([3], 1, 2, 3)], [3], [1, -1, 3]],
  // Reductions.
  ['a.sum()', [count(2, 3)], [], [15]],
  ['a.sum(-1, True)', [count(2, 3)], [2, 1], [3, 12]],
  ['a.sum()', [b([3], 1, 1, 0)], [], [2], 'INT64'],
  ['a.mean([0, 1])', [count(2, 3)], [], [2.5]],
  ['a.max(1)[0] + a.max(1)[1]', [count(2, 3)], [2], [4, 7]],
  ['torch.argmax(a)', [f([2, 2], 1, 9, 3, 4)], [], [1], 'INT64'],
  ['a.var(0)', [f([3], 1, 2, 3)], [], [1]],
  ['a.std(0, unbiased=False)', [f([2], 1, 3)], [], [1]],
  ['torch.any(a > 1)', [f([2], 1, 2)], [], [1], 'BOOL'],
  ['torch.all(a > 1, 0)', [f([2], 1, 2)], [], [0], 'BOOL'],
  ['torch.norm(a)', [f([2], 3, 4)], [], [5]],
  ['torch.cumsum(a, 0)', [i([3], 1, 2, 3)], [3], [1, 3, 6], 'INT64'],
  ['a.topk(2)[0]', [f([3], 1, 3, 2)], [2], [3, 2]],
  ['a.sort(0, descending=True)[1]', [f([3], 1, 3, 2)], [3], [1, 2, 0], 'INT64'],
  // Shapes.
  ['a.view(3, -1)', [count(2, 3)], [3, 2], [0, 1, 2, 3, 4, 5]],
  ['a.permute(2, 0, 1)', [count(1, 2, 2)], [2, 1, 2], [0, 2, 1, 3]],
  ['a.transpose(0, -1)', [count(2, 2)], [2, 2], [0, 2, 1, 3]],
  ['a.flatten(1)', [count(1, 2, 2)], [1, 4], [0, 1, 2, 3]],
  ['a.unsqueeze(-1).squeeze(0)', [count(1, 2)], [2, 1], [0, 1]],
  ['a.expand(2, -1)', [f([1, 2], 1, 2)], [2, 2], [1, 2, 1, 2]],
  ['a.narrow(1, 1, 2)', [count(2, 3)], [2, 2], [1, 2, 4, 5]],
  ['a[..., -2:]', [count(2, 3)], [2, 2], [1, 2, 4, 5]],
  ['a[:, None, 1]', [count(2, 3)], [2, 1], [1, 4]],
  ['torch.chunk(a, 2, 1)[1]', [count(1, 5)], [1, 2], [3, 4]],
  ['torch.stack([a, b], -1)', [f([2], 1, 2), f([2], 3, 4)], [2, 2], [1, 3, 2, 4]],
  ['torch.cat([a, b])', [i([1], 1), f([1], 2.5)], [2], [1, 2.5]],
  ['a.repeat(2, 1, 2)', [f([1, 1], 5)], [2, 1, 2], [5, 5, 5, 5]],
  ['torch.roll(a, 1, 0)', [count(3)], [3], [2, 0, 1]],
  ['a.flip([1])', [count(2, 2)], [2, 2], [1, 0, 3, 2]],
  ['torch.tril(a, -1)', [f([2, 2], 1, 2, 3, 4)], [2, 2], [0, 0, 3, 0]],
  ['torch.pad(a, [1, 0, 0, 1], "constant", 9)', [count(1, 2)], [2, 3], [9, 0, 1, 9, 9, 9]],
  // Indexing.
  ['a[b]', [count(2, 2), i([3], 1, 0, -1)], [3, 2], [2, 3, 0, 1, 2, 3]],
  ['a[a > 1]', [count(2, 2)], [2], [2, 3]],
  ['a[b, b]', [count(2, 2), i([2], 0, 1)], [2], [0, 3]],
  ['a[:, b, b]', [count(1, 2, 2), i([2], 0, 1)], [1, 2], [0, 3]],
  ['torch.gather(a, 1, b)', [count(2, 2), i([2, 1], 1, 0)], [2, 1], [1, 2]],
  ['torch.scatter(a, 1, b, 9)', [count(2, 2), i([2, 1], 1, 0)], [2, 2], [0, 9, 9, 3]],
  ['torch.index_put(a, [b], torch.tensor(5.), True)', [count(3), i([2], 1, 1)], [3], [0, 11, 2]],
  ['torch.masked_select(a, a < 2)', [count(2, 2)], [2], [0, 1]],
  ['torch.nonzero(a)', [f([3], 0, 1, 2)], [2, 1], [1, 2], 'INT64'],
  ['torch.one_hot(a, 3)', [i([2], 0, 2)], [2, 3], [1, 0, 0, 0, 0, 1], 'INT64'],
  // Creation.
  ['torch.arange(a.size(0)) + torch.arange(1, 7, 2)', [count(3)], [3], [1, 4, 7], 'INT64'],
  ['torch.full([2], 3) + torch.ones_like(a)', [f([2], 1, 2)], [2], [4, 4]],
  ['torch.linspace(0, 1, 3)', [count(1)], [3], [0, 0.5, 1]],
  ['torch.tensor([[1, 2], [3, a.size(0)]])', [count(7)], [2, 2], [1, 2, 3, 7], 'INT64'],
  ['torch.eye(2, dtype=4)', [count(1)], [2, 2], [1, 0, 0, 1], 'INT64'],
  // Matrices.
  ['a @ b', [count(2, 2), f([2], 1, 2)], [2], [2, 8]],
  ['torch.linear(a, b)', [count(1, 1, 2), f([1, 2], 1, 2)], [1, 1, 1], [2]],
  ['torch.baddbmm(a, b, b, beta=2, alpha=3)', [f([1, 1, 1], 1), f([1, 1, 1], 2)], [1, 1, 1], [14]],
  ['torch.einsum("ij,kj->ik", [a, b])', [count(1, 2), f([2, 2], 1, 2, 3, 4)], [1, 2], [2, 4]],
  // Networks.
  ['torch.relu6(a) + torch.hardtanh(a)', [f([3], -2, 0.5, 9)], [3], [-1, 1, 7]],
  ['torch.leaky_relu(a, 0.5)', [f([2], -2, 2)], [2], [-1, 2]],
  ['torch.glu(a)', [f([2], 3, 0)], [1], [1.5]],
  ['torch.max_pool2d(a, [2])', [count(1, 1, 2, 4)], [1, 1, 1, 2], [5, 7]],
  ['torch.avg_pool1d(a, 2, 1)', [count(1, 1, 3)], [1, 1, 2], [0.5, 1.5]],
  ['torch.adaptive_avg_pool1d(a, 2)', [count(1, 1, 3)], [1, 1, 2], [0.5, 1.5]],
  ['torch.adaptive_avg_pool2d(a, [1, 1])', [count(1, 1, 2, 2)], [1, 1, 1, 1], [1.5]],
  ['torch.conv1d(a, b)', [count(1, 1, 3), f([1, 1, 2], 1, 10)], [1, 1, 2], [10, 21]],
  ['torch.conv_transpose1d(a, b)', [f([1, 1, 2], 1, 2), f([1, 1, 2], 1, 10)], [1, 1, 3], [1, 12, 20]],
  ['torch.upsample_nearest2d(a, None, [2.0, 1.0])', [count(1, 1, 1, 2)], [1, 1, 2, 2], [0, 1, 0, 1]],
  ['torch.upsample_bilinear2d(a, [1, 3], True)', [count(1, 1, 1, 2)], [1, 1, 1, 3], [0, 0.5, 1]],
  ['torch.layer_norm(a, [2], None, None, 0.0)', [f([1, 2], 1, 3)], [1, 2], [-1, 1]],
  ['torch.group_norm(a, 1, None, None, 0.0)', [f([1, 2], 1, 3)], [1, 2], [-1, 1]],
  ['torch.dropout(a, 0.5, False)', [f([1], 3)], [1], [3]],
];

test.each(ROWS.map((row) => [row[0], row] as const))('%s', async (_, row) => {
  const [expression, inputs, shape, values, dtype = 'FLOAT'] = row;
  const names = inputs.map((_input, n) => String.fromCharCode(97 + n));
  const parameters = names.map((name) => `${name}: Tensor`).join(', ');
  const source = `def forward(self, ${parameters}) -> Tensor:\n  return ${expression}`;
  const [output] = await forward(source, inputs);
  expect({ dtype: output?.dtype, shape: output?.shape }).toEqual({ dtype, shape });
  output?.values.forEach((value, n) => {
    expect(value).toBeCloseTo(values[n] as number, 5);
  });
  expect(output?.values.length).toBe(values.length);
});
