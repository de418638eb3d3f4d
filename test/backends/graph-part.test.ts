import { expect, test } from 'vitest';
import { DirectSession } from '../../src/backends/onnx/direct-session.ts';
import { GraphBuilder } from '../../src/backends/onnx-graph/graph-builder.ts';
import { GraphParts } from '../../src/backends/onnx-graph/graph-part.ts';
import type { Value } from '../../src/backends/onnx-graph/value.ts';
import { seen, tensor } from '../support/tensorflow-graphs.ts';

const nothing = () => undefined;

/** x * factor + addend, on floats [n]. */
function line(builder: GraphBuilder, x: Value, factor: number, addend: number): Value {
  const product = builder.emit('Mul', [x, builder.scalar('float', factor)]);
  return builder.emit('Add', [product, builder.scalar('float', addend)]);
}

function runPart(parts: GraphParts, outputs: readonly Value[], given: Value, values: number[]) {
  const part = parts.take(outputs, (name) => (name === given.name ? given : undefined));
  const session = new DirectSession(part.bytes(), { intraOpParallelism: 1, interOpParallelism: 1 });
  const results = session.run([tensor('FLOAT', [values.length], values)]).map((one) => seen(one).values);
  session.close();
  return results;
}

test('a part begins with what is there and ends with what is asked for, in that order', () => {
  const builder = GraphBuilder.create();
  const x = builder.input('float', ['n']);
  const y = line(builder, x, 2, 1);
  const z = line(builder, y, 3, 0);
  const parts = new GraphParts(builder);
  expect(runPart(parts, [z, y], x, [1, 2])).toEqual([
    [9, 15],
    [3, 5],
  ]);
  expect(runPart(parts, [z], y, [1])).toEqual([[3]]);
  const later = builder.emit('Neg', [z]);
  expect(runPart(parts, [later], z, [5])).toEqual([[-5]]);
});

test('parts that do the same have one key, wherever they are', () => {
  const builder = GraphBuilder.create();
  const x = builder.input('float', ['n']);
  const first = line(builder, x, 2, 1);
  const second = line(builder, first, 2, 1);
  const parts = new GraphParts(builder);
  const keyOf = (output: Value, given: Value) =>
    parts.take([output], (name) => (name === given.name ? given : undefined)).key;
  const other = GraphBuilder.create();
  const input = other.input('float', ['m']);
  const elsewhere = new GraphParts(other);
  const keyThere = (factor: number, addend: number, from = input) =>
    elsewhere.take([line(other, from, factor, addend)], (name) => (name === from.name ? from : undefined))
      .key;
  expect(keyOf(second, first)).toBe(keyOf(first, x));
  expect(keyThere(2, 1)).toBe(keyOf(first, x));
  expect(keyThere(2, 3)).not.toBe(keyOf(first, x));
  expect(keyOf(second, x)).not.toBe(keyOf(first, x));
  expect(keyThere(2, 1, other.input('float', [7]))).not.toBe(keyOf(first, x));
  expect(keyThere(2, 1, other.input('float', ['m', 'k']))).not.toBe(keyOf(first, x));
});

test('what graphs inside of an operator use of the graph around them belongs to the part', () => {
  const keys = [2, 2, 3].map((factor) => {
    const builder = GraphBuilder.create();
    const condition = builder.input('bool', []);
    const x = builder.input('float', ['n']);
    const scaled = builder.emit('Mul', [x, builder.scalar('float', factor)]);
    const branches = [scaled, x].map((value) => {
      const branch = builder.subgraph();
      branch.output(value);
      return branch;
    });
    const [result] = builder.emitWithGraphs(
      'If',
      [condition],
      { then_branch: branches[0] as GraphBuilder, else_branch: branches[1] as GraphBuilder },
      [{ dtype: 'float', shape: ['n'] }],
    );
    const part = new GraphParts(builder).take([result as Value], (name) =>
      [condition, x].find((value) => value.name === name),
    );
    expect(part.inputs.map(({ dtype }) => dtype)).toEqual(['bool', 'float']);
    const session = new DirectSession(part.bytes(), { intraOpParallelism: 1, interOpParallelism: 1 });
    const run = (is: number) => session.run([tensor('BOOL', [], [is]), tensor('FLOAT', [1], [5])]).map(seen);
    expect(run(1)[0]?.values).toEqual([5 * factor]);
    expect(run(0)[0]?.values).toEqual([5]);
    session.close();
    return part.key;
  });
  expect(keys[0]).toBe(keys[1]);
  expect(keys[0]).not.toBe(keys[2]);
});

test('a value that nothing makes is no part of a graph', () => {
  const builder = GraphBuilder.create();
  const x = builder.input('float', ['n']);
  expect(() => new GraphParts(builder).take([line(builder, x, 1, 1)], nothing)).toThrow(
    'nothing in the graph makes',
  );
});
