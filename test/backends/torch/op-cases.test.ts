import { describe, expect, test } from 'vitest';
import { OPS } from '../../../src/backends/torch/ops/index.ts';
import { randoms } from '../../../src/backends/torch/ops/random.ts';
import { exportedOps } from '../../support/exported-programs.ts';
import { differences, type OpCase, opCases, opsOf } from '../../support/torch-op-cases.ts';

const CASES = opCases();

/** What gives no tensors, or only runs on GPUs in torch: other tests here have them. */
const WITHOUT = [
  ...['tolist', '_local_scalar_dense', 'sym_numel', 'sym_stride', 'sym_storage_offset', 'sym_is_contiguous'],
  ...['_assert_scalar', '_assert_async', 'sym_constrain_range', 'sym_constrain_range_for_size'],
  ...['flash', 'efficient', 'cudnn'].map((kind) => `_scaled_dot_product_${kind}_attention`),
  'new_empty_strided',
].map((name) => `aten::${name}`);

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
  const called = new Set([...[...CASES.values()].flat().flatMap(opsOf), ...exportedOps()]);
  const has = (op: string) => called.has(op) || called.has(`${op}_`);
  // Numbers that are drawn have nothing to be compared with.
  const isRandom = (op: string) => randoms.ops.some(({ schema }) => schema.name === op);
  expect([...OPS.keys()].filter((op) => !has(op) && !isRandom(op) && !WITHOUT.includes(op))).toEqual([]);
  expect(WITHOUT.filter((op) => has(op) || !OPS.has(op))).toEqual([]);
});
