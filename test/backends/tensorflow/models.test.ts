import { expect, test } from 'vitest';
import { runGraph, seen, tensor } from '../../support/tensorflow-graphs.ts';
import { bert, mobilenet, resnet, ssd } from '../../support/tensorflow-models.ts';
import { runWithTfjs } from '../../support/tfjs-graph.ts';

test.each([resnet(), mobilenet(), bert(), ssd()].map((model) => [model.name, model] as const))(
  '%s gives what TensorFlow.js gives',
  async (_, { nodes, feeds, outputs }) => {
    const actual = await runGraph(nodes, feeds, ...outputs);
    const expected = await runWithTfjs(nodes, feeds, ...outputs);
    expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
    actual.forEach(({ values }, i) => {
      const wanted = expected[i]?.values as number[];
      const scale = Math.max(...wanted.map(Math.abs));
      expect(wanted.length).toBeGreaterThan(0);
      const worst = Math.max(...values.map((x, n) => Math.abs((x as number) - (wanted[n] as number))));
      expect(worst / scale).toBeLessThan(1e-4);
    });
  },
);

test('an image gives the same alone as in a batch', async () => {
  const { nodes, feeds, outputs } = resnet();
  const [both] = await runGraph(nodes, feeds, ...outputs);
  const images = seen(feeds.image as never);
  const size = images.values.length / 2;
  const second = tensor('FLOAT', [1, ...images.shape.slice(1)], images.values.slice(size));
  const [alone] = await runGraph(nodes, { image: second }, ...outputs);
  expect(alone?.shape).toEqual([1, 10]);
  alone?.values.forEach((x, n) => {
    expect(x).toBeCloseTo(both?.values[10 + n] as number, 6);
  });
});
