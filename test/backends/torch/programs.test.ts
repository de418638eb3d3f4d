import { describe, expect, test } from 'vitest';
import { seen as seenTensor, tensor } from '../../support/tensorflow-graphs.ts';
import { archive, forward, open, runModule } from '../../support/torch-archives.ts';

const vector = (...values: number[]) => tensor('FLOAT', [values.length], values);
const ints = (...values: number[]) => tensor('INT64', [values.length], values);
const floats = (...values: number[]) => ({ dtype: 'FLOAT', shape: [values.length], values });
const matrix = (rows: number, columns: number) =>
  tensor(
    'FLOAT',
    [rows, columns],
    Array.from({ length: rows * columns }, (_, i) => i),
  );

/** The body of a forward(self, x) -> Tensor. */
const body = (...lines: string[]) =>
  ['def forward(self, x: Tensor) -> Tensor:', ...lines.map((line) => `  ${line}`)].join('\n');

describe('a program of TorchScript', () => {
  test.each<[string, string[], number[]]>([
    ['arithmetic of ints, rounding down', ['return torch.add(x, (-7 // 2) * 10 + -7 % 3)'], [-38, -37]],
    ['arithmetic of floats', ['return torch.mul(x, 1 / 4 + 2 ** -1)'], [0, 0.75]],
    [
      'while with break and continue',
      [
        'n = 0',
        'while True:',
        '  n += 1',
        '  if n == 2: continue',
        '  x = x + n',
        '  if n > 2: break',
        'return x',
      ],
      [4, 5],
    ],
    [
      'for over lists, and else if',
      [
        'for i, s in enumerate(["a", "b", "c"]):',
        '  if s == "a": x = x + 1',
        '  elif s == "b": x = x + 10',
        '  else: x = x + 100 * i',
        'return x',
      ],
      [211, 212],
    ],
    [
      'comprehensions with conditions',
      ['n = sum([i * i for i in range(5) if i % 2 == 1])', 'return x + n'],
      [10, 11],
    ],
    [
      'dicts and their methods',
      [
        'd = {"a": 1, "b": 2}',
        'd["c"] = 3',
        'n = 0',
        'for k, v in d.items(): n += v',
        'return x + n * len(d.keys())',
      ],
      [18, 19],
    ],
    ['lists that are shared', ['a = [1]', 'b = a', 'b.append(4)', 'return x + a[-1] + a[0:1][0]'], [5, 6]],
    ['tuples of tuples', ['a, (b, c) = 1, (2, 3)', 'return x + a * b * c'], [6, 7]],
    [
      'texts',
      ['s = "{}-{}".format(1, "b").split("-")[1] + f"{2}"', 'return x + (1 if s == "b2" else 0)'],
      [1, 2],
    ],
    [
      'None and Optional',
      ['y = annotate(Optional[Tensor], None)', 'if y is None: y = x', 'return y + 1'],
      [1, 2],
    ],
    [
      'isinstance and chained comparison',
      ['n = 3', 'return x + (1 if isinstance(n, int) and 1 < n <= 3 else 0)'],
      [1, 2],
    ],
  ])('%s', async (_, lines, values) => {
    expect(await forward(body(...lines), [vector(0, 1)])).toEqual([floats(...values)]);
  });

  test('functions, methods, classes and NamedTuples of the module', async () => {
    const source = `
class Pair(NamedTuple):
  a : Tensor
  b : int
class M(Module):
  k : int
  def twice(self, x: Tensor, n: int=2) -> Tensor:
    return torch.mul(x, n * self.k)
  def forward(self, x: Tensor) -> Tensor:
    p = __torch__.Pair(self.twice(x), 5)
    return helper(p.a, by=p.b)
def helper(x: Tensor, by: int) -> Tensor:
  return torch.add(x, by)
`;
    expect(await forward(source, [vector(1, 2)], { k: 10 })).toEqual([floats(25, 45)]);
  });

  test('outputs are the tensors of tuples, in order', async () => {
    const source = `def forward(self, x: Tensor) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
      return (x, (torch.add(x, 1), torch.add(x, 2)))`;
    expect(await forward(source, [vector(1)])).toEqual([floats(1), floats(2), floats(3)]);
  });

  test('a list of another length than the type says is refused', async () => {
    const source = 'def forward(self, x: Tensor) -> List[Tensor]:\n  return [x, x]';
    await expect(forward(source, [vector(1)])).rejects.toThrow('ERR Expected 1 outputs but got 2');
  });

  test.each([
    ['raise ValueError("no")', 'ValueError: no (code/__torch__.py:4 in forward)'],
    ['assert 1 == 2, "never"', 'AssertionError: never (code/__torch__.py:4 in forward)'],
    ['return self.nothing', "__torch__.M has no attribute 'nothing' (code/__torch__.py:4 in forward)"],
    ['return y', 'undefined value y (code/__torch__.py:4 in forward)'],
    [
      'return torch.fft_fft(x)',
      "ERR TORCH op 'aten::fft_fft' is not supported (code/__torch__.py:4 in forward)",
    ],
    [
      'return ops.torchvision.ps_roi_pool(x, x, 0.5, 1, 1)',
      "ERR TORCH op 'torchvision::ps_roi_pool' is not supported (code/__torch__.py:4 in forward)",
    ],
    [
      'return x + 1 // 0',
      'ZeroDivisionError: integer division or modulo by zero (code/__torch__.py:4 in forward)',
    ],
    ['return self.forward(x)', 'maximum recursion depth exceeded (code/__torch__.py:4 in forward)'],
  ])('%s is an error with its place', async (line, message) => {
    await expect(forward(body('y2 = x', line), [vector(1)])).rejects.toThrow(message);
  });

  test('an operation that is not there is refused where it is stored, if a run is sure to reach it', async () => {
    const refusal = (source: string) =>
      open(archive(source)).then(
        (session) => session.close(),
        (error: Error) => error.message,
      );
    const inner = `
class M(Module):
  inner : __torch__.Inner
  def forward(self, x: Tensor) -> Tensor:
    if self.training: x = torch.fft_fft(x)
    inner = self.inner
    return torch.relu((inner).forward(x, ))
class Inner(Module):
  def forward(self, x: Tensor) -> Tensor:
    _0 = __torch__.helper
    return _0(x)
def helper(x: Tensor) -> Tensor:
  y = torch.neg(x)
  return torch.add(ops.torchvision.ps_roi_pool(x, y, 0.5, 1, 1), 1)
`;
    const where = 'code/__torch__.py:14 in helper';
    expect(await refusal(inner)).toBe(`ERR TORCH op 'torchvision::ps_roi_pool' is not supported (${where})`);
    expect(await refusal(body('if bool(x): return torch.fft_fft(x)', 'return x'))).toBeUndefined();
  });

  test('a tuple that forward takes is given by its members', async () => {
    const source = [
      'def forward(self, x: Tensor, state: Tuple[Tensor, Tuple[Tensor, Optional[Tensor]]]) -> Tuple[Tensor, Tensor]:',
      '  h, (c, d) = state',
      '  return (x + h, c * d)',
    ].join('\n');
    const session = await open(archive(source));
    expect(session.inputs).toEqual(['x', 'state.0', 'state.1.0', 'state.1.1']);
    const outputs = await session.run([vector(1), vector(2), vector(3), vector(4)]);
    await session.close();
    expect(outputs.map(seenTensor)).toEqual([floats(3), floats(12)]);
  });

  test.each(['List[Tensor]', 'int', 'Tuple[Tensor, str]', 'Dict[str, Tensor]'])(
    'a forward that takes %s is refused where it is stored',
    async (type) => {
      const source = `def forward(self, x: Tensor, y: ${type}) -> Tensor:\n  return x`;
      await expect(open(archive(source))).rejects.toThrow(`argument 'y' of forward is of type ${type}`);
    },
  );

  test('what never ends is cut', async () => {
    const source = body('n = 0', 'while n >= 0: n = n + 1', 'return x');
    await expect(forward(source, [vector(1)])).rejects.toThrow('the program does too much: it may never end');
  });
});

describe('a trace', () => {
  test('holds for other sizes, and another is made where the program went another way', async () => {
    const source = body('if torch.size(x, 0) > 2: return torch.mul(x, 2)', 'return torch.sub(x, 1)');
    const runs = [[vector(1, 2, 3)], [vector(1, 2, 3, 4)], [vector(5, 6)], [vector(1, 2, 3)]];
    expect(await runModule(source, runs)).toEqual([
      [floats(2, 4, 6)],
      [floats(2, 4, 6, 8)],
      [floats(4, 5)],
      [floats(2, 4, 6)],
    ]);
  });

  test('sizes that are computed with stay right for other sizes', async () => {
    const source = body(
      'n = torch.size(x, 0) * 2 + torch.size(x, 1) // 2',
      'flat = torch.view(x, [-1, torch.size(x, 1)])',
      'return torch.add(flat, n)',
    );
    const shifted = (rows: number, columns: number, n: number) => ({
      dtype: 'FLOAT',
      shape: [rows, columns],
      values: Array.from({ length: rows * columns }, (_, i) => i + n),
    });
    expect(await runModule(source, [[matrix(1, 3)], [matrix(2, 5)], [matrix(3, 2)]])).toEqual([
      [shifted(1, 3, 3)],
      [shifted(2, 5, 6)],
      [shifted(3, 2, 7)],
    ]);
  });

  test('a loop over a size is made anew for each size', async () => {
    const source = body('y = torch.zeros([1])', 'for row in torch.unbind(x): y = y * 10 + row', 'return y');
    expect(await runModule(source, [[vector(1, 2)], [vector(1, 2, 3)], [vector(4)]])).toEqual([
      [floats(12)],
      [floats(123)],
      [floats(4)],
    ]);
  });

  test('another dtype and another rank are traced anew', async () => {
    const source = body('return torch.div(x, 2)');
    const runs = [[vector(1)], [ints(1)], [tensor('DOUBLE', [1, 1], [1])]];
    expect(await runModule(source, runs)).toEqual([
      [floats(0.5)],
      [floats(0.5)],
      [{ dtype: 'DOUBLE', shape: [1, 1], values: [0.5] }],
    ]);
  });
});

describe('tensors that are written to', () => {
  const seen = (rows: number, columns: number, ...values: number[]) => ({
    dtype: 'FLOAT',
    shape: [rows, columns],
    values,
  });

  test.each<[string, string[], number[]]>([
    ['through a row', ['x[0].add_(10)', 'return x'], [10, 11, 12, 3, 4, 5]],
    ['through a column of a transposition', ['y = x.t()', 'y[1, :] = 7', 'return x'], [0, 7, 2, 3, 7, 5]],
    ['through a slice with steps', ['x[:, ::2] = -1', 'return x'], [-1, 1, -1, -1, 4, -1]],
    ['by a mask', ['x[x > 2] = 0', 'return x'], [0, 1, 2, 0, 0, 0]],
    ['at positions', ['x[torch.tensor([1])] = 9', 'return x'], [0, 1, 2, 9, 9, 9]],
    ['before a view is read', ['row = x[1]', 'x.mul_(2)', 'x[0] = row', 'return x'], [6, 8, 10, 6, 8, 10]],
    ['by an augmented assignment to a view', ['y = x.view(-1)', 'y += 1', 'return x'], [1, 2, 3, 4, 5, 6]],
    ['by an augmented assignment to a row', ['x[1] += 1', 'return x'], [0, 1, 2, 4, 5, 6]],
    ['by one at positions', ['x[torch.tensor([1, 1])] += 1', 'return x'], [0, 1, 2, 4, 5, 6]],
    ['by one where a mask is', ['x[x > 2] *= 2', 'return x'], [0, 1, 2, 6, 8, 10]],
    ['but not where a copy is', ['y = x.clone()', 'y[0] = 9', 'return x'], [0, 1, 2, 3, 4, 5]],
    [
      'by relu_ of a split',
      ['a, b = torch.split(x - 4, [1, 1])', 'b.relu_()', 'return torch.cat([a, b])'],
      [-4, -3, -2, 0, 0, 1],
    ],
  ])('%s', async (_, lines, values) => {
    expect(await forward(body(...lines), [matrix(2, 3)])).toEqual([seen(2, 3, ...values)]);
  });
});
