import { describe, expect, test } from 'vitest';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import { attr, fixed, tensor } from '../../support/tensorflow-graphs.ts';

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
/** Counts from 1, with every third number negative. */
const numbers = (shape: readonly number[]) =>
  Array.from({ length: size(shape) }, (_, i) => (i % 3 === 2 ? -(i + 1) : i + 1));

/** By the definition: for each assignment of numbers to labels, the product is added to the result. Labels of one letter. */
function byDefinition(equation: string, shapes: readonly (readonly number[])[]) {
  const [operands = '', result = ''] = equation.split('->');
  const inputs = operands.split(',');
  const sizes = new Map<string, number>();
  inputs.forEach((labels, i) => {
    for (const [d, label] of [...labels].entries()) sizes.set(label, shapes[i]?.[d] as number);
  });
  const shape = [...result].map((label) => sizes.get(label) as number);
  const values = new Array<number>(size(shape)).fill(0);
  const at = (labels: string, point: ReadonlyMap<string, number>) =>
    [...labels].reduce((sum, l) => sum * (sizes.get(l) as number) + (point.get(l) as number), 0);
  const all = [...sizes.keys()];
  for (let n = 0; n < size([...sizes.values()]); n++) {
    let rest = n;
    const point = new Map<string, number>();
    for (const label of all) {
      const most = sizes.get(label) as number;
      point.set(label, rest % most);
      rest = Math.floor(rest / most);
    }
    const factors = inputs.map((labels, i) => numbers(shapes[i] as number[])[at(labels, point)] as number);
    values[at(result, point)] = (values[at(result, point)] as number) + factors.reduce((a, b) => a * b);
  }
  return { shape, values };
}

describe('Einsum', () => {
  const equations: [string, ...number[][]][] = [
    ['ij,jk->ik', [2, 3], [3, 4]],
    ['ij,jk->ki', [2, 3], [3, 4]],
    ['bij,bjk->bik', [2, 2, 3], [2, 3, 2]],
    ['bhqd,bhkd->bhqk', [2, 1, 3, 2], [2, 1, 4, 2]],
    ['abc,cde->abde', [2, 1, 3], [3, 2, 2]],
    ['ij,ij->i', [2, 3], [2, 3]],
    ['i,j->ij', [2], [3]],
    ['Ij,jI->Ij', [2, 3], [3, 2]],
    ['ij->ji', [2, 3]],
    ['ijk->j', [2, 3, 2]],
    ['ij->', [2, 3]],
    ['ii->i', [3, 3]],
    ['ii->', [3, 3]],
    ['bii->b', [2, 3, 3]],
    ['iij,jk->ik', [2, 2, 3], [3, 2]],
  ];
  test.each(equations)('%s', async (equation, ...shapes) => {
    const operands = shapes.map((shape) => tensor('FLOAT', shape, numbers(shape)));
    const attributes = { equation: attr.text(equation), N: attr.int(shapes.length) };
    const expected = byDefinition(equation, shapes);
    expectClose(await oneOutput('Einsum', operands, attributes), expected);
    expectClose(await oneOutput('Einsum', operands.map(fixed), attributes), expected);
  });

  test.each<[string, string, number[][]]>([
    [
      '...ij,...jk->...ik',
      'abij,abjk->abik',
      [
        [2, 2, 2, 3],
        [2, 2, 3, 1],
      ],
    ],
    ['...i->i...', 'abi->iab', [[2, 2, 3]]],
  ])('%s: an ellipsis is the labels that are left out', async (equation, written, shapes) => {
    const operands = shapes.map((shape) => tensor('FLOAT', shape, numbers(shape)));
    const seen = await oneOutput('Einsum', operands, { equation: attr.text(equation) });
    expectClose(seen, byDefinition(written, shapes));
  });

  test('an ellipsis broadcasts what has the size 1', async () => {
    const x = tensor('FLOAT', [2, 1, 2], [1, 2, 3, 4]);
    const y = tensor('FLOAT', [1, 2, 1], [10, 100]);
    const seen = await oneOutput('Einsum', [x, y], { equation: attr.text('...ij,...jk->...ik') });
    expectClose(seen, { shape: [2, 1, 1], values: [210, 430] });
  });

  test.each(['DOUBLE', 'INT32', 'INT64'] as const)('of %s', async (dtype) => {
    const x = tensor(dtype, [2, 2], [1, 2, 3, 4]);
    const seen = await oneOutput('Einsum', [x, x], { equation: attr.text('ij,jk->ik') });
    expect(seen).toEqual({ dtype, shape: [2, 2], values: [7, 10, 15, 22] });
  });

  test.each([
    ['ij,jk', "its equation 'ij,jk' does not have one ->"],
    ['b...->b', "its equation 'b...->b' has no ellipsis in the result"],
    ['i->ii', "its equation 'i->ii' repeats a label of the result"],
  ])('%s is refused', async (equation, why) => {
    const operands = equation.split('->')[0]?.split(',') ?? [];
    const given = operands.map((labels) => tensor('FLOAT', new Array(labels.length).fill(1), [1]));
    await expect(oneOutput('Einsum', given, { equation: attr.text(equation) })).rejects.toThrow(
      `ERR TF op 'Einsum' (node 'out') cannot be lowered: ${why}`,
    );
  });
});

describe('BatchMatMulV3', () => {
  const types = { Ta: attr.type('float'), Tb: attr.type('float'), Tout: attr.type('float') };
  test('broadcasts over batches, and turns either operand', async () => {
    const [x, y] = [tensor('FLOAT', [2, 1, 2], [1, 2, 3, 4]), tensor('FLOAT', [2, 1], [10, 100])];
    const expected = { dtype: 'FLOAT', shape: [2, 1, 1], values: [210, 430] };
    expect(await oneOutput('BatchMatMulV3', [x, y], types)).toEqual(expected);
    const turned = { ...types, adj_x: attr.bool(true), adj_y: attr.bool(true) };
    const [xt, yt] = [tensor('FLOAT', [2, 2, 1], [1, 2, 3, 4]), tensor('FLOAT', [1, 2], [10, 100])];
    expect(await oneOutput('BatchMatMulV3', [xt, yt], turned)).toEqual(expected);
  });
});
