import { describe, expect, test } from 'vitest';
import { frame, node, of } from '../../support/tensorflow-control-flow.ts';
import {
  constant,
  graphDef,
  open,
  placeholder,
  runGraph,
  type TfNode,
  tensor,
} from '../../support/tensorflow-graphs.ts';

const int = of('int32');
const floats = (...values: number[]) => tensor('FLOAT', [values.length], values);
const number = (value: number) => tensor('INT32', [], [value]);
const zero = constant('zero', 'int32', [], [0]);
const one = constant('one', 'int32', [], [1]);

/** A loop that counts to `limit`, and does something else besides. */
function counting(name: string, limit: string, more: Partial<Parameters<typeof frame>[0]> = {}): TfNode[] {
  return frame({
    name,
    variables: { i: { from: 'zero', dtype: 'int32' }, ...more.variables },
    constants: { limit, ...more.constants },
    condition: [
      ...(more.condition ?? []),
      node('Less', `${name}/less`, [`${name}/i/merge`, `${name}/limit`], int),
    ],
    body: [node('AddV2', `${name}/i1`, [`${name}/i`, 'one'], int), ...(more.body ?? [])],
    next: { i: `${name}/i1`, ...more.next },
  });
}

describe('a loop of TensorFlow 1', () => {
  const doubling = [
    ...[placeholder('x', 'float', [-1]), placeholder('n', 'int32', []), zero, one],
    ...counting('loop', 'n', {
      variables: { x: { from: 'x' } },
      body: [node('AddV2', 'loop/x2', ['loop/x', 'loop/x'])],
      next: { x: 'loop/x2' },
    }),
  ];

  test.each([
    [0, [1, 3]],
    [1, [2, 6]],
    [5, [32, 96]],
  ])('goes round as often as its condition says: %i times', async (n, values) => {
    const feeds = { x: floats(1, 3), n: number(n) };
    expect(await runGraph(doubling, feeds, 'loop/x/exit', 'loop/i/exit')).toEqual([
      { dtype: 'FLOAT', shape: [2], values },
      { dtype: 'INT32', shape: [], values: [n] },
    ]);
  });

  test('is left out when its condition is false from the start, whatever is fed', async () => {
    const nodes = [...doubling.filter(({ name }) => name !== 'n'), constant('n', 'int32', [], [-1])];
    expect(await runGraph(nodes, { x: floats(4) }, 'loop/x/exit')).toEqual([
      { dtype: 'FLOAT', shape: [1], values: [4] },
    ]);
  });

  test('computes only what an output needs: an op that is not known elsewhere in it is no obstacle', async () => {
    const nodes = [
      ...[placeholder('x', 'float', [-1]), placeholder('n', 'int32', []), zero, one],
      ...counting('loop', 'n', {
        variables: { x: { from: 'x' } },
        body: [node('Frobnicate', 'loop/x2', ['loop/x'])],
        next: { x: 'loop/x2' },
      }),
    ];
    const [out] = await runGraph(nodes, { n: number(3) }, 'loop/i/exit');
    expect(out).toEqual({ dtype: 'INT32', shape: [], values: [3] });
  });

  test('may change the shape of a value from round to round', async () => {
    const nodes = [
      ...[placeholder('x', 'float', [2]), placeholder('n', 'int32', []), zero, one],
      ...counting('loop', 'n', {
        variables: { x: { from: 'x' } },
        body: [node('ConcatV2', 'loop/x2', ['loop/x', 'loop/x', 'zero'])],
        next: { x: 'loop/x2' },
      }),
      node('Sum', 'sum', ['loop/x/exit', 'zero']),
      node('Shape', 'shape', ['loop/x/exit']),
    ];
    expect(await runGraph(nodes, { x: floats(1, 2), n: number(3) }, 'sum', 'shape')).toEqual([
      { dtype: 'FLOAT', shape: [], values: [24] },
      { dtype: 'INT32', shape: [1], values: [16] },
    ]);
  });

  test('keeps a value that it only passes on, which a body then knows as a constant', async () => {
    const nodes = [
      ...[placeholder('x', 'float', [2, 3]), placeholder('n', 'int32', []), zero, one],
      constant('perm', 'int32', [2], [1, 0]),
      ...counting('loop', 'n', {
        variables: { x: { from: 'x' }, perm: { from: 'perm', dtype: 'int32' } },
        body: [node('Transpose', 'loop/x2', ['loop/x', 'loop/perm'])],
        next: { x: 'loop/x2' },
      }),
    ];
    const x = tensor('FLOAT', [2, 3], [1, 2, 3, 4, 5, 6]);
    expect(await runGraph(nodes, { x, n: number(1) }, 'loop/x/exit', 'loop/perm/exit')).toEqual([
      { dtype: 'FLOAT', shape: [3, 2], values: [1, 4, 2, 5, 3, 6] },
      { dtype: 'INT32', shape: [2], values: [1, 0] },
    ]);
  });

  test('may be inside another, which it depends on', async () => {
    // sum over i below n of i * i, the square as i additions
    const nodes = [
      ...[placeholder('n', 'int32', []), zero, one],
      ...counting('outer', 'n', {
        variables: { sum: { from: 'zero', dtype: 'int32' } },
        body: [
          ...counting('inner', 'outer/i', {
            variables: { square: { from: 'zero', dtype: 'int32' } },
            constants: { step: 'outer/i' },
            body: [node('AddV2', 'inner/square2', ['inner/square', 'inner/step'], int)],
            next: { square: 'inner/square2' },
          }),
          node('AddV2', 'outer/sum2', ['outer/sum', 'inner/square/exit'], int),
        ],
        next: { sum: 'outer/sum2' },
      }),
    ];
    const [out] = await runGraph(nodes, { n: number(5) }, 'outer/sum/exit');
    expect(out).toEqual({ dtype: 'INT32', shape: [], values: [30] });
  });

  test('gives values that its condition computed', async () => {
    const nodes = [
      ...[placeholder('n', 'int32', []), zero, one],
      ...counting('loop', 'n', { condition: [node('AddV2', 'loop/ahead', ['loop/i/merge', 'one'], int)] }),
      node('Switch', 'ahead', ['loop/ahead', 'loop/loopcond'], int),
      node('Exit', 'out', ['ahead'], int),
    ];
    const [out] = await runGraph(nodes, { n: number(4) }, 'out');
    expect(out).toEqual({ dtype: 'INT32', shape: [], values: [5] });
  });

  test.each([
    ['a value inside of it', 'loop/x2'],
    ['where it begins', 'loop/x/merge'],
  ])('has no outputs but what leaves it: %s', async (_, output) => {
    const refused = open(graphDef(...doubling), ['x', 'n'], [output]).then(
      () => 'it was not',
      (error: Error) => error.message,
    );
    expect(await refused).toBe(
      "ERR TF op 'Merge' (node 'loop/x/merge') cannot be lowered: it is part of a loop, and what is in one has no value outside",
    );
  });
});

describe('ops on references', () => {
  const REFS: Readonly<Record<string, string>> = {
    ...{ Enter: 'RefEnter', Merge: 'RefMerge', Switch: 'RefSwitch', Identity: 'RefIdentity' },
    ...{ NextIteration: 'RefNextIteration', Exit: 'RefExit' },
  };
  const onReferences = (nodes: readonly TfNode[]) =>
    nodes.map((each) => ({ ...each, op: REFS[each.op] ?? each.op }));

  test('make a loop', async () => {
    const nodes = onReferences([
      ...[placeholder('x', 'float', [-1]), placeholder('n', 'int32', []), zero, one],
      ...counting('loop', 'n', {
        variables: { x: { from: 'x' } },
        body: [node('AddV2', 'loop/x2', ['loop/x', 'loop/x'])],
        next: { x: 'loop/x2' },
      }),
    ]);
    const feeds = { x: floats(1, 3), n: number(4) };
    expect(await runGraph(nodes, feeds, 'loop/x/exit', 'loop/i/exit')).toEqual([
      { dtype: 'FLOAT', shape: [2], values: [16, 48] },
      { dtype: 'INT32', shape: [], values: [4] },
    ]);
  });

  test.each([
    [1, [9], 1],
    [0, [-3], 0],
  ])('make branches: %i', async (taken, values, index) => {
    const nodes = onReferences([
      ...[placeholder('x', 'float', [-1]), placeholder('p', 'bool', [])],
      ...[node('Switch', 's', ['x', 'p']), node('Square', 'yes', ['s:1']), node('Neg', 'no', ['s'])],
      node('Merge', 'y', ['no', 'yes']),
    ]);
    const feeds = { x: floats(3), p: tensor('BOOL', [], [taken]) };
    expect(await runGraph(nodes, feeds, 'y', 'y:1')).toEqual([
      { dtype: 'FLOAT', shape: [1], values },
      { dtype: 'INT32', shape: [], values: [index] },
    ]);
  });
});

describe('a loop that is damaged', () => {
  const refused = (name: string, change: Partial<TfNode>) => {
    const nodes = [
      ...[placeholder('x', 'float', [-1]), placeholder('n', 'int32', []), zero, one],
      ...counting('loop', 'n', {
        variables: { x: { from: 'x' } },
        body: [node('Neg', 'loop/x2', ['loop/x'])],
        next: { x: 'loop/x2' },
      }),
    ].map((each) => (each.name === name ? { ...each, ...change } : each));
    return open(graphDef(...nodes), ['x', 'n'], ['loop/x/exit']).then(
      () => 'it was not refused',
      (error: Error) => error.message,
    );
  };

  test.each<[string, string, Partial<TfNode>, string]>([
    ['needs what leaves it', 'loop/x2', { input: ['loop/x/exit'] }, 'its loop needs what leaves it'],
    [
      'ends with what leaves it',
      'loop/x/switch',
      { input: ['loop/x/exit', 'loop/loopcond'] },
      'its loop needs',
    ],
    ['needs itself', 'loop/x2', { input: ['loop/x2'] }, 'it needs its own output'],
    ['passes on what it passes on', 'loop/x', { input: ['loop/x'] }, 'it needs its own output'],
    ['has no condition', 'loop/loopcond', { op: 'Identity' }, 'it does not leave a loop through a Switch'],
    [
      'becomes another dtype',
      'loop/x2',
      { op: 'Shape' },
      'a value of it is of another kind at the end of a round',
    ],
  ])('is refused: it %s', async (_, name, change, reason) => {
    expect(await refused(name, change)).toContain(`cannot be lowered: ${reason}`);
  });
});

describe('branches of TensorFlow 1', () => {
  const predicate = (value: boolean) => tensor('BOOL', [], [Number(value)]);
  /** As tf.cond writes it: everything by way of a Switch on the same predicate. */
  const cond = (name: string, input: string, decision: string, yes: string, no: string): TfNode[] => [
    node('Identity', `${name}/id`, [decision], of('bool')),
    node('Switch', `${name}/switch`, [input, `${name}/id`]),
    node(yes, `${name}/yes`, [`${name}/switch:1`]),
    node(no, `${name}/no`, [`${name}/switch`]),
    node('Merge', name, [`${name}/no`, `${name}/yes`]),
  ];
  const x = placeholder('x', 'float', [-1]);
  const p = placeholder('p', 'bool', []);

  test.each([
    [true, [1, 4], 1],
    [false, [-1, -2], 0],
  ])('meet in the one that was taken: %s', async (taken, values, index) => {
    const nodes = [x, p, ...cond('c', 'x', 'p', 'Square', 'Neg')];
    expect(await runGraph(nodes, { x: floats(1, 2), p: predicate(taken) }, 'c', 'c:1')).toEqual([
      { dtype: 'FLOAT', shape: [2], values },
      { dtype: 'INT32', shape: [], values: [index] },
    ]);
  });

  test('that a constant decides leave no trace of the other one', async () => {
    const nodes = [x, constant('p', 'bool', [], [true]), ...cond('c', 'x', 'p', 'Square', 'Neg')];
    const [out] = await runGraph(nodes, { x: floats(3) }, 'c');
    expect(out).toEqual({ dtype: 'FLOAT', shape: [1], values: [9] });
  });

  test.each([
    [true, true, 4],
    [true, false, -2],
    [false, true, 3],
    [false, false, 3],
  ])('may hold branches: %s, %s', async (first, second, expected) => {
    const nodes = [
      ...[x, p, placeholder('q', 'bool', [])],
      node('Switch', 'outer', ['x', 'p']),
      node('Switch', 'q2', ['q', 'p'], of('bool')),
      ...cond('inner', 'outer:1', 'q2:1', 'Square', 'Neg'),
      { ...constant('three', 'float', [1], [3]), input: ['^off'] },
      node('Identity', 'off', ['outer']),
      node('Merge', 'out', ['three', 'inner']),
    ];
    const feeds = { x: floats(2), p: predicate(first), q: predicate(second) };
    const [out] = await runGraph(nodes, feeds, 'out');
    expect(out).toEqual({ dtype: 'FLOAT', shape: [1], values: [expected] });
  });

  test('may hold loops, and loops may hold them', async () => {
    // x doubles in odd rounds and is squared in even ones; all of it only where p holds
    const nodes = [
      ...[x, p, zero, one, constant('three', 'int32', [], [3]), constant('two', 'int32', [], [2])],
      node('Switch', 'in', ['x', 'p']),
      ...counting('loop', 'three', {
        variables: { x: { from: 'in:1' } },
        body: [
          node('FloorMod', 'loop/odd', ['loop/i', 'two'], int),
          node('Equal', 'loop/even', ['loop/odd', 'zero'], int),
          node('Switch', 'loop/in', ['loop/x', 'loop/even']),
          node('Square', 'loop/squared', ['loop/in:1']),
          node('AddV2', 'loop/doubled', ['loop/in', 'loop/in']),
          node('Merge', 'loop/x2', ['loop/doubled', 'loop/squared']),
        ],
        next: { x: 'loop/x2' },
      }),
      node('Neg', 'no', ['in']),
      node('Merge', 'out', ['no', 'loop/x/exit']),
    ];
    const taken = await runGraph(nodes, { x: floats(3), p: predicate(true) }, 'out', 'out:1');
    expect(taken.map(({ values }) => values)).toEqual([[324], [1]]);
    const other = await runGraph(nodes, { x: floats(3), p: predicate(false) }, 'out', 'out:1');
    expect(other.map(({ values }) => values)).toEqual([[-3], [0]]);
  });

  test('that nothing decides between are refused', async () => {
    const nodes = [x, node('Neg', 'a', ['x']), node('Square', 'b', ['x']), node('Merge', 'y', ['a', 'b'])];
    await expect(open(graphDef(...nodes), ['x'], ['y'])).rejects.toThrow(
      "ERR TF op 'Merge' (node 'y') cannot be lowered: no Switch decides between its inputs",
    );
  });

  test('that are cyclic are refused', async () => {
    const nodes = [
      ...[x, p, node('Switch', 's', ['m', 'p']), node('Neg', 'a', ['s']), node('Square', 'b', ['s:1'])],
      node('Merge', 'm', ['a', 'b']),
    ];
    await expect(open(graphDef(...nodes), ['p'], ['m'])).rejects.toThrow(
      "op 'Merge' (node 'm') cannot be lowered",
    );
  });
});
