import { expect, test } from 'vitest';
import { oneOutput } from '../../support/tensor-values.ts';
import { attr, fixed, tensor } from '../../support/tensorflow-graphs.ts';

const words = (...list: string[]) => tensor('STRING', [list.length], list);

test('strings are moved about', async () => {
  const x = words('a', 'b c', '', 'd');
  const axis = fixed(tensor('INT32', [], [0]));
  expect((await oneOutput('Identity', [x])).values).toEqual(['a', 'b c', '', 'd']);
  const reshaped = await oneOutput('Reshape', [x, tensor('INT32', [2], [2, 2])]);
  expect(reshaped).toEqual({ dtype: 'STRING', shape: [2, 2], values: ['a', 'b c', '', 'd'] });
  const gathered = await oneOutput('GatherV2', [x, tensor('INT32', [2], [3, 1]), axis]);
  expect(gathered.values).toEqual(['d', 'b c']);
  expect((await oneOutput('ConcatV2', [x, words('e'), axis])).values).toEqual(['a', 'b c', '', 'd', 'e']);
  expect((await oneOutput('Equal', [x, words('d')])).values).toEqual([0, 0, 0, 1]);
});

test('strings are joined, scalars to each', async () => {
  const joined = await oneOutput(
    'StringJoin',
    [words('a', 'b'), tensor('STRING', [1], ['x']), words('1', '2')],
    {
      separator: attr.text(', '),
      N: attr.int(3),
    },
  );
  expect(joined).toEqual({ dtype: 'STRING', shape: [2], values: ['a, x, 1', 'b, x, 2'] });
});

test('a pattern has to match the whole string', async () => {
  const seen = await oneOutput('StaticRegexFullMatch', [words('ab', 'xab', 'abbb', 'b')], {
    pattern: attr.text('a.*|b'),
  });
  expect(seen).toEqual({ dtype: 'BOOL', shape: [4], values: [1, 0, 1, 1] });
});

test.each([
  ['INT32', [0, -7, 2147483647]],
  ['INT64', [0, -7, 2 ** 53 - 1]],
  ['UINT8', [0, 7, 255]],
] as const)('whole numbers as strings: %s', async (dtype, values) => {
  const seen = await oneOutput('AsString', [tensor(dtype, [3], values)]);
  expect(seen).toEqual({ dtype: 'STRING', shape: [3], values: values.map(String) });
});
