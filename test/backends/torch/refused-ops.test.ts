import { expect, test } from 'vitest';
import { tensor } from '../../support/tensorflow-graphs.ts';
import { archive, forward, open } from '../../support/torch-archives.ts';

// There are no complex numbers, and no kernels that take a matrix apart.
test.each([
  ...['fft_fft', 'fft_rfft', 'fft_irfft', 'complex', 'polar'],
  ...['linalg_svd', 'linalg_qr', 'linalg_eigh', 'linalg_eigvals', 'linalg_cholesky', 'linalg_lstsq'],
  ...['linalg_pinv', 'cholesky', 'lu_solve', 'matrix_exp'],
])('%s is refused by its name where it is stored', async (name) => {
  const source = `def forward(self, a: Tensor) -> Tensor:\n  b = torch.${name}(a)\n  return a`;
  await expect(open(archive(source))).rejects.toThrow(
    `ERR TORCH op 'aten::${name}' is not supported (code/__torch__.py:3 in forward)`,
  );
});

test.each([
  ['torch.linalg_norm(a, 2.0, [0, 1])', 'the norm of order 2 of a matrix is not supported'],
  ['torch.linalg_matrix_norm(a, "nuc")', "the norm 'nuc' is not supported"],
  ['torch.det(torch.to(a, 7))', 'of DOUBLE is not supported'],
  ['torch.as_strided(torch.t(a), [2], [1])', 'of what does not lie in order in memory is not supported'],
  ['torch.quantile(a, 0.5, interpolation="other")', 'interpolation must be one of'],
  [
    'torch.div(a, 2, rounding_mode="up")',
    "rounding_mode to be one of None, 'trunc', or 'floor' but found 'up'",
  ],
])('%s is refused when it is reached', async (expression, reason) => {
  const source = `def forward(self, a: Tensor) -> Tensor:\n  return ${expression}`;
  await expect(forward(source, [tensor('FLOAT', [2, 2], [1, 2, 3, 4])])).rejects.toThrow(reason);
});

test.each([
  ['torch.linspace(0, 1, 1000000000)', 'more than 4194304 elements are not supported'],
  ['torch.tril_indices(100000, 100000)', 'more than 4194304 elements are not supported'],
  ['torch.hann_window(1000000000)', 'more than 4194304 elements are not supported'],
  ['torch.combinations(torch.reshape(torch.repeat(a, [10, 1]), [-1]), 20)', 'more than 4194304 elements'],
  ['torch.tensor_split(a, 100000000)[0]', '100000000 parts are not supported'],
  ['torch.diff(a, 100000000)', '100000000 parts are not supported'],
  ['torch.mvlgamma(a, 100000)', 'an order of 100000 is not supported'],
])('%s does not fill the memory', async (expression, reason) => {
  const source = `def forward(self, a: Tensor) -> Tensor:\n  return ${expression}`;
  await expect(forward(source, [tensor('FLOAT', [2, 2], [1, 2, 3, 4])])).rejects.toThrow(reason);
});
