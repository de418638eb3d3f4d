import { afterEach, describe, expect, test } from 'vitest';
import type { ScriptValue, TensorValue } from '../../../src/backends/torch/interpreter/values.ts';
import { RecordedProgram } from '../../../src/backends/torch/tracing/recorded-program.ts';
import { StageSessions } from '../../../src/backends/torch/tracing/stage-sessions.ts';
import type { Traceable } from '../../../src/backends/torch/tracing/traceable.ts';
import { seen, tensor } from '../../support/tensorflow-graphs.ts';
import { RecordedFunction, vector } from '../../support/torch-programs.ts';

const FREE = { deadline: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY };
const opened: RecordedFunction[] = [];
afterEach(() => {
  for (const { sessions } of opened.splice(0)) sessions.close();
});

function f(...lines: string[]): RecordedFunction {
  const made = new RecordedFunction(...lines);
  opened.push(made);
  return made;
}

describe('a program whose way depends on what is in a tensor', () => {
  test.each<[string, string[], [number[], number[]][]]>([
    [
      'if',
      ['if bool(x.sum() > 0): return x * 2', 'return -x'],
      [
        [[1], [2]],
        [[-1], [1]],
        [
          [2, 3],
          [4, 6],
        ],
        [
          [-3, 1],
          [3, -1],
        ],
      ],
    ],
    [
      'while, as often as it takes',
      ['while bool(x.max() < 100):', '  x = x * 10', 'return x'],
      [
        [[1], [100]],
        [[500], [500]],
        [
          [2, 0],
          [200, 0],
        ],
        [[1], [100]],
      ],
    ],
    [
      'a loop over int(tensor)',
      ['for i in range(int(x.max())):', '  x = x + i', 'return x'],
      [
        [[3], [6]],
        [[2], [3]],
        [
          [3, 1],
          [6, 4],
        ],
      ],
    ],
    [
      'item, compared',
      ['if x.sum().item() >= 2.5 and x[0].item() != 7: return x + 1', 'return x'],
      [
        [[2.5], [3.5]],
        [[7], [7]],
        [[2], [2]],
      ],
    ],
    [
      'the number of elements that are not zero',
      ['n = torch.nonzero(x).size(0)', 'if n > 1: return x * n', 'return x'],
      [
        [
          [5, 0, 6],
          [10, 0, 12],
        ],
        [
          [0, 3],
          [0, 3],
        ],
        [
          [1, 1, 1],
          [3, 3, 3],
        ],
      ],
    ],
    [
      'a size behind an answer',
      [
        'if bool(x.sum() > 0):',
        '  for i in range(x.size(0)): x = x + i',
        '  if x.size(0) > 2: x = -x',
        'return x',
      ],
      [
        [[1], [1]],
        [
          [1, 2],
          [2, 3],
        ],
        [
          [-1, -2],
          [-1, -2],
        ],
        [
          [1, 2, 3],
          [-4, -5, -6],
        ],
        [
          [5, 6],
          [6, 7],
        ],
      ],
    ],
    [
      'lists and dicts of tensors that live on',
      [
        'd = {1: x, 2: x * 2}',
        'xs = [x + 1, (x + 2, x + 3)[1]]',
        'k = int(x[0].item())',
        'if k > 1: xs.append(d[k])',
        'return torch.cat(xs)',
      ],
      [
        [[1], [2, 4]],
        [[2], [3, 5, 4]],
      ],
    ],
    [
      'a view that is written to behind an answer, and its base',
      ['y = x[0]', 'z = x[1:]', 'if bool(x.sum() > 0):', '  y.add_(10)', '  z.mul_(2)', 'return x'],
      [
        [
          [1, 2],
          [11, 4],
        ],
        [
          [-1, -2],
          [-1, -2],
        ],
      ],
    ],
    [
      'in the middle of an expression whose other parts have no name',
      ['return torch.relu(x) * (2 if bool(x.sum() > 0) else 3) + torch.neg(x)'],
      [
        [
          [3, -1],
          [3, 1],
        ],
        [
          [1, -3],
          [2, 3],
        ],
      ],
    ],
    [
      'a loop over a list, left in the middle',
      ['for y in [x, x + 1, x + 2]:', '  if bool(y.sum() > 1): return y * 2', 'return x * 0'],
      [
        [[1], [4]],
        [[2], [4]],
        [[0], [4]],
        [[-5], [-0]],
      ],
    ],
    [
      'float16, which no run gives back',
      ['h = x.half()', 'if bool(h.sum() > 1): h = h * 2', 'return h + h'],
      [
        [[0.5], [1]],
        [[2], [8]],
      ],
    ],
    [
      'numbers in texts',
      ['s = "{}/{}".format(int(x[0]), [x[0].item()])', 'if s == "1/[1.]": return x * 100', 'return x'],
      [
        [[1], [100]],
        [[2], [2]],
      ],
    ],
    [
      'tolist',
      ['l = x.reshape(2, -1).tolist()', 'if l[0][0] > 1: return torch.tensor(l[1])', 'return x'],
      [
        [
          [1, 2],
          [1, 2],
        ],
        [
          [7, 8, 9, 1],
          [9, 1],
        ],
        [
          [7, 8, 9, 1],
          [9, 1],
        ],
      ],
    ],
    [
      'a tensor that stands where an int is wanted',
      ['n = ops.prim.max(annotate(int, torch.select(x, 0, 0)), 2)', 'return torch.ones([n]) * n'],
      [
        [
          [3, 0],
          [3, 3, 3],
        ],
        [
          [1, 0],
          [2, 2],
        ],
      ],
    ],
    [
      'integers, divided',
      ['return x * (7 // int(x.sum())) + 7 % int(x.sum())'],
      [
        [
          [1, 2],
          [3, 5],
        ],
        [[4], [7]],
      ],
    ],
    [
      'functions of numbers',
      [
        'y = x.max().item()',
        'n = x.sum().long().item()',
        'l = [math.floor(y), math.ceil(y), n & 6, n << 1]',
        'return torch.cat([torch.tensor([0] * x.size(0) + l), torch.tensor([round(y), abs(-y)])])',
      ],
      [
        [[2.5], [0, 2, 3, 2, 4, 2, 2.5]],
        [
          [3.5, 4.75],
          [0, 0, 4, 5, 0, 16, 5, 4.75],
        ],
      ],
    ],
    [
      'a number that an op has to know',
      ['return torch.nn.functional.leaky_relu(x, x.max().item())'],
      [
        [
          [0.5, -2],
          [0.5, -1],
        ],
        [
          [2, -2],
          [2, -4],
        ],
      ],
    ],
  ])('%s', (_, lines, runs) => {
    const program = f(...lines);
    for (const [x, values] of runs) expect(program.values(...x)).toEqual(values);
  });

  test('in a method, a loop and a branch of callers, each of which goes on with what it has', () => {
    const program = f(
      'def halved(x, most: float):',
      '  n = 0',
      '  while bool(x.abs().max() > most):',
      '    x = x / 2',
      '    n += 1',
      '  return (x, n)',
      'def f(x):',
      '  kept = x * 3',
      '  total = 0',
      '  for most in [4.0, 1.0]:',
      '    x, n = halved(x, most)',
      '    total += n',
      '    if n > 1: kept = kept + 1',
      '  return [x, kept, torch.tensor(total)]',
    );
    expect(program.run([vector(16, 2)]).map(({ values }) => values)).toEqual([[1, 0.125], [50, 8], [4]]);
    expect(program.run([vector(3)]).map(({ values }) => values)).toEqual([[0.75], [10], [2]]);
  });

  test('may ask what its inputs are', () => {
    const program = f(
      'def f(x, flag, n):',
      '  if bool(flag): x = x * 10',
      '  for i in range(int(n)): x = x + i',
      '  return [x, n]',
    );
    const run = (flag: number, n: number) =>
      program
        .run([vector(1), tensor('BOOL', [], [flag]), tensor('INT64', [], [n])])
        .map(({ values }) => values);
    expect(run(1, 3)).toEqual([[13], [3]]);
    expect(run(0, 3)).toEqual([[4], [3]]);
    expect(run(1, 0)).toEqual([[10], [0]]);
    expect(run(1, 3)).toEqual([[13], [3]]);
  });

  test('is interpreted once for each way that it goes, whatever the sizes', () => {
    const program = f('if bool(x.sum() > 0): return x * 2', 'return -x');
    for (const x of [[1], [-1], [1, 2], [-2, 1], [3, 4, 5]]) program.values(...x);
    expect(program.recorded.interpreted).toBe(2);
    expect(program.sessions.made).toBe(3);
  });

  test('has one session for all turns of a loop', () => {
    const program = f('while bool(x.sum() < 1000):', '  x = x + 1', 'return x');
    expect(program.values(0)).toEqual([1000]);
    expect(program.sessions.made).toBeLessThanOrEqual(3);
    expect(program.values(900, 0)).toEqual([950, 50]);
    expect(program.sessions.made).toBeLessThanOrEqual(3);
  });

  test('one that does not is one graph', () => {
    const program = f('y = torch.relu(x)', 'return torch.cat([y, y * x.size(0)])');
    for (const x of [[1], [1, -2], [3, 4, 5]]) program.values(...x);
    expect([program.recorded.interpreted, program.sessions.made]).toEqual([1, 1]);
  });

  test('can be made ready before its first run, up to its first question', () => {
    const [plain, asking] = [f('return x * 2'), f('y = x * 2', 'if bool(y.sum() > 0): return y', 'return x')];
    for (const program of [plain, asking]) program.recorded.prepare([{ dtype: 'FLOAT', shape: [2] }]);
    expect(plain.values(1, 2, 3)).toEqual([2, 4, 6]);
    expect([plain.recorded.interpreted, plain.sessions.made]).toEqual([1, 1]);
    expect(asking.values(1, 2)).toEqual([2, 4]);
    expect(() => f('return x.nothing()').recorded.prepare([{ dtype: 'FLOAT', shape: [2] }])).toThrow(
      "op 'aten::nothing' is not supported",
    );
  });

  test('a question with the same answer in all runs is none', () => {
    const program = f(
      'if bool(torch.sum(torch.arange(5000)) > 3): x = x + 1',
      'if bool(x.sum() > 3): x = x + 1',
      'return x',
    );
    for (const [x, y] of [
      [0, 1],
      [5, 7],
      [6, 8],
    ] as const)
      expect(program.values(x)).toEqual([y]);
    expect(program.recorded.interpreted).toBe(2);
    expect(program.sessions.made).toBe(4);
  });

  test('short lists of numbers are part of the graph, long ones are answers', () => {
    const program = f('l = x.tolist()', 'return torch.tensor([l[0] * 2 + l[-1], l[1]])');
    const long = Array.from({ length: 100 }, (_, i) => i);
    expect(program.values(1, 2)).toEqual([4, 2]);
    expect(program.values(3, 4)).toEqual([10, 4]);
    expect([program.recorded.interpreted, program.sessions.made]).toEqual([1, 1]);
    expect(program.values(...long)).toEqual([99, 1]);
    expect(program.values(...long.toReversed())).toEqual([198, 98]);
    expect(program.values(...long)).toEqual([99, 1]);
    expect(program.recorded.interpreted).toBe(3);
  });

  test('goes on when its graphs had to go', () => {
    const program = f('return x * int(x.max())');
    const most = 100;
    for (let n = 1; n <= most; n++) expect(program.values(n, 1)).toEqual([n * n, n]);
    expect(program.sessions.size).toBeLessThan(most);
    for (const n of [1, most]) expect(program.values(n, 1)).toEqual([n * n, n]);
  });

  test('an error behind an answer is the error of all runs that answer so, and of no others', () => {
    const program = f('if bool(x.sum() > 3): raise ValueError("too much")', 'return x');
    for (const x of [[4], [2, 2]])
      expect(() => program.values(...x)).toThrow('ValueError: too much (code/m.py:2 in f)');
    expect(program.values(3)).toEqual([3]);
    expect(() => program.values(9)).toThrow('too much');
    expect(program.recorded.interpreted).toBe(2);
  });

  test('the limits of one run are not those of another', () => {
    const program = f('if bool(x.sum() > 0): return torch.zeros([1000]) + x', 'return x');
    expect(() => program.run([vector(1)], 20_000, 1000)).toThrow('the run needs too much memory');
    expect(program.run([vector(1)])).toHaveLength(1);
  });

  test.each([
    ['assert bool((x > 0).all()), "got {}".format(x.min().item())', 'AssertionError: got -1.'],
    ['torch._assert(x.min() > 0, "negative")', 'AssertionError: negative'],
    ['if bool(x > 0): return x', 'Boolean value of Tensor with more than one value is ambiguous'],
    ['if x[2:] > 0: return x', 'Boolean value of Tensor with no values is ambiguous'],
    ['return x * (7 // int(x.sum() - 2))', 'ZeroDivisionError: integer division or modulo by zero'],
    ['return x * x.item()', 'a Tensor with 2 elements cannot be converted to Scalar'],
    ['for i in range(int(x.sum().long() * 2305843009213693952)): x = x + 1', 'beyond 2^53'],
  ])('%s', (line, message) => {
    expect(() => f(line, 'return x').values(3, -1)).toThrow(message);
  });

  test('one that does another thing than before is interpreted from its beginning', () => {
    const sessions = new StageSessions({ intraOpParallelism: 1, interOpParallelism: 1 });
    let isFirst = true;
    const changing: Traceable = {
      check: () => {},
      dim: () => null,
      run(tracer, [x]) {
        const call = (name: string, ...args: ScriptValue[]) => tracer.call(`aten::${name}`, args, new Map());
        const asked = call(isFirst ? 'sum' : 'max', x as TensorValue) as TensorValue;
        isFirst = false;
        return tracer.truth(call('gt', asked, 3) as TensorValue) ? call('neg', asked) : asked;
      },
    };
    const program = new RecordedProgram(changing, sessions);
    const run = (...values: number[]) => program.run([vector(...values)], FREE).map(seen)[0]?.values;
    expect(run(2, 2)).toEqual([-4]);
    expect(run(1, 1)).toEqual([1]);
    sessions.close();
  });

  test('one that never ends is cut, and so is its recorded way', () => {
    const program = f('while bool(x.sum() > 0):', '  x = x + 1', 'return x');
    expect(() => program.run([vector(1)], 100)).toThrow('the run takes too long');
    expect(() => program.run([vector(1)], 10)).toThrow('the run takes too long');
    expect(program.values(-1)).toEqual([-1]);
  });

  test('other dtypes and ranks go their own way', () => {
    const program = f('if bool(x.sum() > 2): return x + 1', 'return x');
    const matrix = tensor('INT64', [1, 2], [2, 3]);
    expect(program.values(1)).toEqual([1]);
    expect(program.run([matrix])).toEqual([{ dtype: 'INT64', shape: [1, 2], values: [3, 4] }]);
  });
});
