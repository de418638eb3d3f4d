import { afterAll, describe, expect, test } from 'vitest';
import { Interpreter } from '../../../src/backends/torch/interpreter/interpreter.ts';
import { Program } from '../../../src/backends/torch/interpreter/program.ts';
import {
  Callable,
  Float,
  type ScriptFunction,
  type ScriptValue,
  type TensorValue,
  Tuple,
} from '../../../src/backends/torch/interpreter/values.ts';
import { LiveRun } from '../../../src/backends/torch/tracing/live-run.ts';
import { StageSessions } from '../../../src/backends/torch/tracing/stage-sessions.ts';
import type { Tensor } from '../../../src/tensors/tensor.ts';
import { seen } from '../../support/tensorflow-graphs.ts';
import { vector } from '../../support/torch-programs.ts';

const sessions = new StageSessions({ intraOpParallelism: 1, interOpParallelism: 1 });
afterAll(() => sessions.close());

interface Options {
  readonly timeoutMs?: number;
  /** What the function's second argument does. */
  readonly external?: (live: LiveRun) => (value: ScriptValue) => ScriptValue;
}

/** Calls f of the source with the tensors and a function, which notes what it is called with where nothing else is said. */
function call(source: string, inputs: readonly Tensor[], { timeoutMs = 10_000, external }: Options = {}) {
  const live = new LiveRun(sessions, { deadline: performance.now() + timeoutMs, memoryBytes: 1 << 20 });
  const program = new Program(new Map([['m', source]]));
  const logged: ScriptValue[] = [];
  const log = (value: ScriptValue) => {
    logged.push(value);
    return null;
  };
  const called = external?.(live) ?? log;
  const interpreter = new Interpreter(program, [], live);
  const args = [
    ...inputs.map((input) => live.tensor(input)),
    new Callable(([value = null]) => called(value)),
  ];
  const result = interpreter.callFunction(program.lookUp('m', 'f') as ScriptFunction, args, new Map());
  const results = (Array.isArray(result) ? result : [result]) as TensorValue[];
  return { logged, results: live.concretes(results).map(seen) };
}

describe('a program that is interpreted at each call', () => {
  const halving = [
    'def f(x, log):',
    '  n = 0',
    '  while bool(x.abs().max() > 1):',
    '    x = x / 2',
    '    n += 1',
    '    log(n)',
    '  return [x, torch.tensor(n)]',
  ].join('\n');

  test('does what it does besides once, and goes on by what is in its tensors', () => {
    const { logged, results } = call(halving, [vector(8, -3)]);
    expect(logged).toEqual([1, 2, 3]);
    expect(results).toEqual([
      { dtype: 'FLOAT', shape: [2], values: [1, -0.375] },
      { dtype: 'INT64', shape: [], values: [3] },
    ]);
  });

  test('makes no new session for what has been run before', () => {
    call(halving, [vector(4, 0)]);
    const before = sessions.made;
    expect(call(halving, [vector(100, 0)]).logged).toHaveLength(7);
    expect(sessions.made).toBe(before);
  });

  test('goes on with tensors that come in on the way, and gives them out', () => {
    const source = [
      'def f(x, ask):',
      '  y = ask(x * 2)',
      '  if bool(y.sum() > 10): y = ask(y + x)',
      '  return [y, x, torch.tensor([1, 2])]',
    ].join('\n');
    const asked: unknown[] = [];
    const { results } = call(source, [vector(3, 4)], {
      external: (live) => (value) => {
        const tensor = live.concrete(value as TensorValue);
        asked.push(seen(tensor).values);
        return live.tensor(tensor);
      },
    });
    expect(asked).toEqual([
      [6, 8],
      [9, 12],
    ]);
    expect(results.map(({ values }) => values)).toEqual([
      [9, 12],
      [3, 4],
      [1, 2],
    ]);
  });

  test('settles numbers that others get', () => {
    const source =
      'def f(x, tell):\n  tell([x.sum().item(), (int(x.max()), bool(x[0] > 1)), x.size(0)])\n  return x';
    const told: ScriptValue[] = [];
    call(source, [vector(1, 2.5)], {
      external: (live) => (value) => {
        told.push(live.settled(value));
        return null;
      },
    });
    expect(told).toEqual([[new Float(3.5), new Tuple([2, false]), 2]]);
  });

  test('computes what leads to several results once', () => {
    const source = 'def f(x, log):\n  y = torch.relu(x)\n  return [y, y + 1, y.half()]';
    const before = sessions.made;
    const { results } = call(source, [vector(-1, 2)]);
    expect(results).toEqual([
      { dtype: 'FLOAT', shape: [2], values: [0, 2] },
      { dtype: 'FLOAT', shape: [2], values: [1, 3] },
      { dtype: 'FLOAT', shape: [2], values: [0, 2] },
    ]);
    expect(sessions.made).toBe(before + 1);
  });

  test.each([
    ['by tensors', 'while True:\n    x = x + 1\n    if bool(x.sum() < 0): return x', 'takes too long'],
    ['by numbers', 'n = 0\n  while True: n = 1 - n', 'takes too long'],
  ])('ends at its deadline when it goes on without end %s', (_, body, message) => {
    expect(() => call(`def f(x, log):\n  ${body}`, [vector(1)], { timeoutMs: 100 })).toThrow(message);
  });

  test.each([
    ['one tensor', 'return torch.zeros([1000000])', 'too much memory'],
    [
      'all tensors together',
      'xs = [x]\n  while bool(x.sum() > 0): xs.append(x.repeat([10000]) * len(xs))\n  return xs',
      'too much memory',
    ],
    ['a list', 'l = [0]\n  while True: l = l + l', 'is too long'],
    ['a text', 'return x + len("abc" * 1000000000)', 'is too long'],
  ])('ends when it needs more memory than it may: %s', (_, body, message) => {
    expect(() => call(`def f(x, log):\n  ${body}`, [vector(1)])).toThrow(message);
  });
});
