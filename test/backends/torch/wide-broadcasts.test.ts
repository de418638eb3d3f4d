import { expect, test } from 'vitest';
import { tensor } from '../../support/tensorflow-graphs.ts';
import { forward, runModule } from '../../support/torch-archives.ts';

const filled = (...shape: number[]) => {
  const count = shape.reduce((a, b) => a * b, 1);
  return tensor(
    'FLOAT',
    shape,
    Array.from({ length: count }, (_, i) => i + 1),
  );
};

/** `left op right` of [rows, columns, channels] and [channels], one of them perhaps 1. */
function expected(
  [rows, columns, channels]: readonly [number, number, number],
  count: number,
  compute: (pixel: number, channel: number) => number,
): unknown {
  const wide = Math.max(channels, count);
  const values: number[] = [];
  for (let pixel = 0; pixel < rows * columns; pixel++) {
    for (let c = 0; c < wide; c++) {
      values.push(compute(pixel * channels + (channels === 1 ? 0 : c) + 1, (count === 1 ? 0 : c) + 1));
    }
  }
  return { dtype: 'FLOAT', shape: [rows, columns, wide], values: values.map(Math.fround) };
}

const OPS: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => Math.fround(a / b),
};

test.each(
  Object.keys(OPS).flatMap((op) =>
    (
      [
        [[2, 3, 3], 3],
        [[1, 1, 3], 3],
        [[2, 3, 1], 3],
        [[2, 1, 4], 4],
        [[2, 3, 2], 1],
      ] as const
    ).map(([image, channels]) => [op, image, channels] as const),
  ),
)('%s of an image %j and %i channels, on either side', async (op, image, channels) => {
  const compute = OPS[op] as (a: number, b: number) => number;
  const inputs = [filled(...image), filled(channels)];
  const of = (call: string) =>
    forward(`def forward(self, x: Tensor, c: Tensor) -> Tensor:\n  return ${call}`, inputs);
  expect(await of(`torch.${op}(x, c)`)).toEqual([expected(image, channels, compute)]);
  expect(await of(`torch.${op}(c, x)`)).toEqual([expected(image, channels, (a, b) => compute(b, a))]);
});

test('channels that the program knows, on images of other sizes', async () => {
  const source = 'def forward(self, x: Tensor) -> Tensor:\n  return torch.sub(x, torch.tensor([1., 2., 3.]))';
  const sizes = [
    [2, 3, 3],
    [4, 1, 3],
    [1, 5, 3],
  ] as const;
  expect(
    await runModule(
      source,
      sizes.map((size) => [filled(...size)]),
    ),
  ).toEqual(sizes.map((size) => [expected(size, 3, (a, b) => a - b)]));
});

test('channels that do not fit are refused as before', async () => {
  const source = 'def forward(self, x: Tensor, c: Tensor) -> Tensor:\n  return torch.add(x, c)';
  await expect(forward(source, [filled(2, 3, 3), filled(2)])).rejects.toThrow();
});
