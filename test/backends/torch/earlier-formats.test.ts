import { expect, test } from 'vitest';
import { tensor } from '../../support/tensorflow-graphs.ts';
import { runModule } from '../../support/torch-archives.ts';

const SOURCE = `def forward(self, x: Tensor, y: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
  f = torch.to(x, 6)
  _0 = torch.div_(f, 2)
  return (torch.div(x, y), torch.div(x, 2), torch.div(x, 2.0), torch.full([2], 3), torch.full([1], 3, dtype=4),
    torch.full([1], fill_value=True), f, torch.div(x, y, rounding_mode="floor"))`;

const whole = (...values: number[]) => ['INT64', values] as const;
const real = (...values: number[]) => ['FLOAT', values] as const;

// What torch 1.13 gives for a file with that number in its member \`version\`.
test.each([
  [3, [whole(-3, 3), whole(-3, 3), real(3, 3)]],
  [4, [real(-3.5, 3.5), real(-3.5, 3.5), real(3, 3)]],
  [5, [real(-3.5, 3.5), real(-3.5, 3.5), whole(3, 3)]],
  [10, [real(-3.5, 3.5), real(-3.5, 3.5), whole(3, 3)]],
] as const)(
  'ops of files of format %i do what they did then',
  async (version, [byTensor, byNumber, full]) => {
    const inputs = [tensor('INT64', [2], [-7, 7]), tensor('INT64', [2], [2, 2])];
    const [outputs = []] = await runModule(SOURCE, [inputs], {}, version);
    const last = outputs.pop();
    const seen = outputs.map(({ dtype, values }) => [dtype, values]);
    const filled = version < 5 ? real(1) : ['BOOL', [1]];
    expect(seen).toEqual([byTensor, byNumber, real(-3.5, 3.5), full, whole(3), filled, real(-3.5, 3.5)]);
    expect(last).toMatchObject({ dtype: 'INT64', values: [-4, 3] });
  },
);

test('steps that older files leave out are a hundred', async () => {
  const source = `def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
  return (torch.linspace(0, 99, None), torch.linspace(0, 1, 2), torch.logspace(0, 0, None))`;
  const [outputs = []] = await runModule(source, [[tensor('FLOAT', [1], [0])]], {}, 7);
  expect(outputs.map(({ shape }) => shape)).toEqual([[100], [2], [100]]);
  expect(outputs[0]?.values?.slice(0, 3)).toEqual([0, 1, 2]);
});
