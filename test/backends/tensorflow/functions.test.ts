import { describe, expect, test } from 'vitest';
import {
  type FunctionSpec,
  functionNamed,
  graphWithFunctions,
  node,
  of,
  runBytes,
} from '../../support/tensorflow-control-flow.ts';
import { type Attr, constant, open, placeholder, tensor } from '../../support/tensorflow-graphs.ts';

const floats = (...values: number[]) => tensor('FLOAT', [values.length], values);
const number = (value: number) => tensor('INT32', [], [value]);
const x = placeholder('x', 'float', [-1]);
const n = placeholder('n', 'int32', []);
const int = of('int32');

const unary = (name: string, op: string): FunctionSpec => ({
  name,
  arguments: { a: 'float' },
  results: { r: [`${op}:y:0`, 'float'] },
  nodes: [node(op, op, ['a'])],
});
const square = unary('square', 'Square');
const negate = unary('negate', 'Neg');
const branches = (...names: string[]): Attr => ({ list: { func: names.map((name) => ({ name })) } });

const refusal = (blob: Uint8Array, inputs: string[], outputs: string[]) =>
  open(blob, inputs, outputs).then(
    () => 'it was not',
    (error: Error) => error.message,
  );

describe('a function of the library', () => {
  test.each(['PartitionedCall', 'StatefulPartitionedCall'])('is called by %s', async (op) => {
    const nodes = [x, node(op, 'y', ['x'], { f: functionNamed('square') })];
    const [out] = await runBytes(graphWithFunctions(nodes, [square]), { x: floats(1, 2) }, 'y');
    expect(out).toEqual({ dtype: 'FLOAT', shape: [2], values: [1, 4] });
  });

  test('is called by its name, and calls others, whose outputs it refers to by name', async () => {
    const sumAndDifference: FunctionSpec = {
      name: 'sum_and_difference',
      arguments: { a: 'float', b: 'float' },
      results: { sum: ['add:z:0', 'float'], difference: ['sub:z:0', 'float'] },
      nodes: [node('AddV2', 'add', ['a', 'b']), node('Sub', 'sub', ['a', 'b'])],
    };
    const outer: FunctionSpec = {
      name: 'outer',
      arguments: { a: 'float' },
      results: { r: ['call:difference:0', 'float'], a: ['a', 'float'] },
      nodes: [node('Square', 'b', ['a']), node('sum_and_difference', 'call', ['a', 'b:y:0'])],
    };
    const blob = graphWithFunctions([x, node('outer', 'y', ['x'])], [outer, sumAndDifference]);
    expect(await runBytes(blob, { x: floats(3) }, 'y', 'y:1')).toEqual([
      { dtype: 'FLOAT', shape: [1], values: [-6] },
      { dtype: 'FLOAT', shape: [1], values: [3] },
    ]);
  });

  test('has names of its own: a node of the graph that is called alike is another', async () => {
    const nodes = [x, node('Neg', 'Square', ['x']), node('square', 'y', ['Square'])];
    const [out] = await runBytes(graphWithFunctions(nodes, [square]), { x: floats(3) }, 'y');
    expect(out?.values).toEqual([9]);
  });

  test('that calls itself is refused', async () => {
    const endless: FunctionSpec = {
      name: 'endless',
      arguments: { a: 'float' },
      results: { r: ['again:r:0', 'float'] },
      nodes: [node('endless', 'again', ['a'])],
    };
    expect(await refusal(graphWithFunctions([x, node('endless', 'y', ['x'])], [endless]), ['x'], ['y'])).toBe(
      "ERR TF op 'endless' (node 'again') cannot be lowered: the function 'endless' calls itself",
    );
  });

  test('that grows without bounds is refused', async () => {
    const functions = Array.from(
      { length: 40 },
      (_, i): FunctionSpec => ({
        name: `f${i}`,
        arguments: { a: 'float' },
        results: { r: [i === 39 ? 'a' : 'second:r:0', 'float'] },
        nodes:
          i === 39 ? [] : [node(`f${i + 1}`, 'first', ['a']), node(`f${i + 1}`, 'second', ['first:r:0'])],
      }),
    );
    expect(await refusal(graphWithFunctions([x, node('f0', 'y', ['x'])], functions), ['x'], ['y'])).toContain(
      'the graph has more than 500000 nodes, functions expanded',
    );
  });

  test('that is not there is refused, and ops in one that are not known are named', async () => {
    const missing = [x, node('PartitionedCall', 'y', ['x'], { f: functionNamed('gone') })];
    expect(await refusal(graphWithFunctions(missing, []), ['x'], ['y'])).toBe(
      "ERR TF function 'gone' is not in the graph's library",
    );
    const odd = unary('odd', 'Frobnicate');
    expect(await refusal(graphWithFunctions([x, node('odd', 'y', ['x'])], [odd]), ['x'], ['y'])).toBe(
      "ERR TF op 'Frobnicate' (node 'Frobnicate') is not supported",
    );
  });

  test('takes as many arguments as it has', async () => {
    const blob = graphWithFunctions([x, node('square', 'y', ['x', 'x'])], [square]);
    expect(await refusal(blob, ['x'], ['y'])).toBe(
      "ERR TF op 'square' (node 'y') cannot be lowered: 'square' takes 1 arguments, not 2",
    );
  });
});

describe('a choice of functions', () => {
  const choice = { then_branch: functionNamed('square'), else_branch: functionNamed('negate') };
  const functions = [square, negate];

  test.each([
    ['a bool', tensor('BOOL', [], [1]), 9],
    ['a bool', tensor('BOOL', [], [0]), -3],
    ['a number', tensor('FLOAT', [], [-0.5]), 9],
    ['a number', tensor('FLOAT', [], [0]), -3],
    ['a tensor that is not empty', tensor('INT32', [2], [0, 0]), 9],
    ['an empty tensor', tensor('INT32', [0], []), -3],
  ])('is taken by %s: %s', async (_, p, expected) => {
    const dtype = { BOOL: 'bool', FLOAT: 'float', INT32: 'int32' } as const;
    const type = dtype[p.dtype as keyof typeof dtype];
    const shape = p.shape.map(() => -1);
    for (const op of ['If', 'StatelessIf']) {
      const nodes = [x, placeholder('p', type, shape), node(op, 'y', ['p', 'x'], choice)];
      const [out] = await runBytes(graphWithFunctions(nodes, functions), { p, x: floats(3) }, 'y');
      expect(out).toEqual({ dtype: 'FLOAT', shape: [1], values: [expected] });
    }
  });

  test('with a predicate that is constant is no choice', async () => {
    const nodes = [x, constant('p', 'bool', [], [false]), node('If', 'y', ['p', 'x'], choice)];
    const [out] = await runBytes(graphWithFunctions(nodes, functions), { x: floats(3) }, 'y');
    expect(out?.values).toEqual([-3]);
  });

  test('may differ in shape', async () => {
    const double: FunctionSpec = {
      name: 'double',
      arguments: { a: 'float' },
      results: { r: ['both:output:0', 'float'] },
      nodes: [constant('axis', 'int32', [], [0]), node('ConcatV2', 'both', ['a', 'a', 'axis:output:0'])],
    };
    const attributes = { ...choice, else_branch: functionNamed('double') };
    const nodes = [x, placeholder('p', 'bool', []), node('If', 'y', ['p', 'x'], attributes)];
    const blob = graphWithFunctions(nodes, [square, double]);
    const out = async (p: number) =>
      (await runBytes(blob, { x: floats(1, 2), p: tensor('BOOL', [], [p]) }, 'y'))[0];
    expect(await out(1)).toEqual({ dtype: 'FLOAT', shape: [2], values: [1, 4] });
    expect(await out(0)).toEqual({ dtype: 'FLOAT', shape: [4], values: [1, 2, 1, 2] });
  });

  test.each([
    [0, 9],
    [1, -3],
    [2, 6],
    [3, 6],
    [-1, 6],
  ])('of several takes the last one where there is no such branch: %i', async (index, expected) => {
    const twice: FunctionSpec = {
      name: 'twice',
      arguments: { a: 'float' },
      results: { r: ['two:z:0', 'float'] },
      nodes: [node('AddV2', 'two', ['a', 'a'])],
    };
    for (const op of ['Case', 'StatelessCase']) {
      const nodes = [x, n, node(op, 'y', ['n', 'x'], { branches: branches('square', 'negate', 'twice') })];
      const blob = graphWithFunctions(nodes, [square, negate, twice]);
      const [out] = await runBytes(blob, { x: floats(3), n: number(index) }, 'y');
      expect(out).toEqual({ dtype: 'FLOAT', shape: [1], values: [expected] });
    }
  });
});

describe('a loop of functions', () => {
  const goesOn: FunctionSpec = {
    name: 'goes_on',
    arguments: { i: 'int32', limit: 'int32', a: 'float' },
    results: { r: ['less:z:0', 'bool'] },
    nodes: [node('Less', 'less', ['i', 'limit'], int)],
  };
  const body: FunctionSpec = {
    name: 'body',
    arguments: { i: 'int32', limit: 'int32', a: 'float' },
    results: { i: ['next:z:0', 'int32'], limit: ['same:output:0', 'int32'], a: ['call:r:0', 'float'] },
    nodes: [
      constant('one', 'int32', [], [1]),
      node('AddV2', 'next', ['i', 'one:output:0'], int),
      node('Identity', 'same', ['limit'], int),
      node('square', 'call', ['a']),
    ],
  };
  const loop = (op: string) => [
    ...[x, n, constant('zero', 'int32', [], [0])],
    node(op, 'loop', ['zero', 'n', 'x'], { cond: functionNamed('goes_on'), body: functionNamed('body') }),
  ];

  test.each([
    ['While', 0, [2, 3]],
    ['While', 3, [256, 6561]],
    ['StatelessWhile', 2, [16, 81]],
  ])('%s goes round %i times', async (op, rounds, values) => {
    const blob = graphWithFunctions(loop(op), [goesOn, body, square]);
    const feeds = { x: floats(2, 3), n: number(rounds) };
    expect(await runBytes(blob, feeds, 'loop:2', 'loop', 'loop:1')).toEqual([
      { dtype: 'FLOAT', shape: [2], values },
      { dtype: 'INT32', shape: [], values: [rounds] },
      { dtype: 'INT32', shape: [], values: [rounds] },
    ]);
  });

  test('may be in a function that a branch calls', async () => {
    const looped: FunctionSpec = {
      name: 'looped',
      arguments: { a: 'float', n: 'int32' },
      results: { r: ['loop:output:2', 'float'] },
      nodes: [
        constant('zero', 'int32', [], [0]),
        node('While', 'loop', ['zero:output:0', 'n', 'a'], {
          cond: functionNamed('goes_on'),
          body: functionNamed('body'),
        }),
      ],
    };
    const plain: FunctionSpec = { ...looped, name: 'plain', results: { r: ['a', 'float'] }, nodes: [] };
    const attributes = { then_branch: functionNamed('looped'), else_branch: functionNamed('plain') };
    const nodes = [x, n, placeholder('p', 'bool', []), node('If', 'y', ['p', 'x', 'n'], attributes)];
    const blob = graphWithFunctions(nodes, [goesOn, body, square, looped, plain]);
    const out = async (p: number) =>
      (await runBytes(blob, { x: floats(2), n: number(2), p: tensor('BOOL', [], [p]) }, 'y'))[0]?.values;
    expect([await out(1), await out(0)]).toEqual([[16], [2]]);
  });
});
