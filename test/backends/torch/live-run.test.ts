import { afterAll, describe, expect, test } from 'vitest';
import { Interpreter } from '../../../src/backends/torch/interpreter/interpreter.ts';
import { Program } from '../../../src/backends/torch/interpreter/program.ts';
import {
  Callable,
  type ScriptFunction,
  type ScriptValue,
  type TensorValue,
} from '../../../src/backends/torch/interpreter/values.ts';
import { LiveRun } from '../../../src/backends/torch/tracing/live-run.ts';
import { StageSessions } from '../../../src/backends/torch/tracing/stage-sessions.ts';
import type { Tensor } from '../../../src/tensors/tensor.ts';
import { seen, tensor } from '../../support/tensorflow-graphs.ts';

const sessions = new StageSessions({ intraOpParallelism: 1, interOpParallelism: 1 });
afterAll(() => sessions.close());

/** Calls a function of the source with the tensors, and `log`, which notes what it is called with. */
function call(source: string, inputs: readonly Tensor[], timeoutMs = 10_000, memoryBytes = 1 << 20) {
  const live = new LiveRun(sessions, { deadline: performance.now() + timeoutMs, memoryBytes });
  const program = new Program(new Map([['m', source]]));
  const logged: ScriptValue[] = [];
  const log = new Callable(([value = null]) => {
    logged.push(value);
    return null;
  });
  const interpreter = new Interpreter(program, [], live);
  const args = [...inputs.map((input) => live.tensor(input)), log];
  const result = interpreter.callFunction(program.lookUp('m', 'f') as ScriptFunction, args, new Map());
  const results = (Array.isArray(result) ? result : [result]) as TensorValue[];
  return { logged, results: live.concretes(results).map(seen) };
}

const vector = (...values: number[]) => tensor('FLOAT', [values.length], values);

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

  test('ends at its deadline', () => {
    const source = 'def f(x, log):\n  while True:\n    x = x + 1\n    if bool(x.sum() < 0): return x';
    expect(() => call(source, [vector(1)], 100)).toThrow('the run takes too long');
  });
});
