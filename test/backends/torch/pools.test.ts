import { expect, test } from 'vitest';
import { tensor } from '../../support/tensorflow-graphs.ts';
import { archive, open } from '../../support/torch-archives.ts';

const CHANNELS = 16;
const image = (size: number) =>
  tensor('FLOAT', [1, CHANNELS, size, size], new Array<number>(CHANNELS * size * size).fill(1));
const weight = {
  shape: [CHANNELS, CHANNELS, 3, 3],
  elements: new Array<number>(CHANNELS * CHANNELS * 9).fill(0.5),
};

/** Channels that ONNX Runtime blocks: it ends the process over a pool of such that gives nothing. */
test.each(['torch.max_pool2d(c, [4, 4])', 'torch.avg_pool2d(c, [4, 4], [1, 1])'])(
  '%s refuses images that are too small, after larger ones too',
  async (pool) => {
    const source = `
    def forward(self, x: Tensor) -> Tensor:
      c = torch.conv2d(x, self.weight, None, [1, 1], [1, 1])
      d = ${pool}
      return torch.conv2d(d, self.weight, None, [1, 1], [1, 1])`;
    const session = await open(archive(source, { weight }));
    try {
      for (const size of [8, 3, 12, 4, 1, 8]) {
        const run = session.run([image(size)]);
        if (size < 4) await expect(run).rejects.toThrow('Output size is too small');
        else expect((await run)[0]?.shape.slice(0, 2)).toEqual([1, CHANNELS]);
      }
    } finally {
      await session.close();
    }
  },
);
