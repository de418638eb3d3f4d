import { describe, expect, test } from 'vitest';
import { OPS } from '../../../src/backends/torch/ops/index.ts';
import { randoms } from '../../../src/backends/torch/ops/random.ts';
import { differences, type OpCase, opCases, opsOf } from '../../support/torch-op-cases.ts';

const CASES = opCases();

/**
 * Ops of networks without a case yet: their models are compared with libtorch, and ops.test.ts has the most used of them. Lists of numbers are
 * in data-dependent.test.ts.
 */
const WITHOUT = `
aten::tolist aten::pad aten::relu6 aten::hardtanh aten::softsign aten::mish aten::selu
aten::silu aten::gelu aten::leaky_relu aten::elu aten::celu aten::prelu
aten::softplus aten::hardsigmoid aten::hardswish aten::log_sigmoid aten::threshold aten::glu
aten::_softmax aten::dropout aten::feature_dropout aten::alpha_dropout aten::feature_alpha_dropout aten::conv1d
aten::conv2d aten::conv3d aten::conv_transpose1d aten::conv_transpose2d aten::conv_transpose3d aten::_convolution
aten::convolution aten::max_pool1d aten::max_pool2d aten::max_pool3d aten::max_pool1d_with_indices aten::max_pool2d_with_indices
aten::max_pool3d_with_indices aten::avg_pool1d aten::avg_pool2d aten::avg_pool3d aten::adaptive_avg_pool1d aten::adaptive_avg_pool2d
aten::adaptive_avg_pool3d aten::upsample_nearest2d aten::upsample_bilinear2d aten::upsample_bicubic2d aten::batch_norm aten::layer_norm
aten::group_norm aten::instance_norm aten::lstm aten::gru aten::rnn_tanh aten::gru_cell
aten::lstm_cell aten::scaled_dot_product_attention aten::_transformer_encoder_layer_fwd aten::_native_multi_head_attention
`
  .trim()
  .split(/\s+/);

/** What the code does, in one line. */
function bodyOf({ code }: OpCase): string {
  return code.slice(code.indexOf(') -> ')).split('\n').slice(1).join(' ').replaceAll(/ +/g, ' ').trim();
}

describe.each([...CASES])('%s', (_, cases) => {
  test.each(cases.map((one) => [bodyOf(one), one] as const))('%s', async (_body, one) => {
    expect(await differences(one)).toEqual([]);
  });
});

test('every op has a case', () => {
  const called = new Set([...CASES.values()].flat().flatMap(opsOf));
  const has = (op: string) => called.has(op) || called.has(`${op}_`);
  // Numbers that are drawn have nothing to be compared with.
  const isRandom = (op: string) => randoms.ops.some(({ schema }) => schema.name === op);
  expect([...OPS.keys()].filter((op) => !has(op) && !isRandom(op) && !WITHOUT.includes(op))).toEqual([]);
  expect(WITHOUT.filter((op) => has(op) || !OPS.has(op))).toEqual([]);
});
