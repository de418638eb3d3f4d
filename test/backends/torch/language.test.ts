import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SourceError } from '../../../src/backends/torch/language/lexer.ts';
import { parseSource } from '../../../src/backends/torch/language/parser.ts';
import type { Statement } from '../../../src/backends/torch/language/syntax.ts';

/** The statement without the lines, which are tested on their own. */
function parsed(source: string): unknown {
  return JSON.parse(
    JSON.stringify(parseSource(source), (key, value) => (key === 'line' ? undefined : value)),
  );
}

const x = { kind: 'name', name: 'x' };
const int = (value: number) => ({ kind: 'int', value });

describe('the parser of TorchScript', () => {
  test('binds operators as Python does', () => {
    const value = (source: string) => (parsed(source) as { value: unknown }[])[0]?.value;
    expect(value('-x ** 2')).toEqual({
      kind: 'unary',
      operator: '-',
      operand: { kind: 'binary', operator: '**', left: x, right: int(2) },
    });
    expect(value('x + 1 * 2')).toEqual({
      kind: 'binary',
      operator: '+',
      left: x,
      right: { kind: 'binary', operator: '*', left: int(1), right: int(2) },
    });
    expect(value('not x == 1 or x')).toEqual({
      kind: 'or',
      left: {
        kind: 'not',
        operand: { kind: 'compare', first: x, rest: [{ operator: '==', operand: int(1) }] },
      },
      right: x,
    });
    expect(value('1 if x else 2')).toEqual({
      kind: 'conditional',
      condition: x,
      body: int(1),
      otherwise: int(2),
    });
  });

  test('reads subscripts with slices, None and ...', () => {
    const [statement] = parseSource('x[1:, ..., None, ::2]') as [Extract<Statement, { kind: 'expression' }>];
    expect(statement.value).toMatchObject({
      kind: 'subscript',
      indices: [
        { kind: 'slice', start: { value: 1 }, end: null, step: null },
        { kind: 'ellipsis' },
        { kind: 'none' },
        { kind: 'slice', start: null, end: null, step: { value: 2 } },
      ],
    });
  });

  test('reads what torch.jit.save writes: trailing commas, annotated fields, numbers for names', () => {
    const source =
      'class M(Module):\n  __parameters__ = ["w", ]\n  w : Tensor\n  def f(self, a: Tensor) -> Tensor:\n    _0, b, = (self.m).f(a, )\n    return b\n';
    expect(parseSource(source)).toMatchObject([
      {
        kind: 'class',
        name: 'M',
        base: 'Module',
        body: [
          { kind: 'assign', value: { kind: 'list', items: [{ value: 'w' }] } },
          { kind: 'assign', type: { name: 'Tensor' }, value: null },
          {
            kind: 'function',
            name: 'f',
            line: 4,
            body: [{ targets: [{ kind: 'tuple' }] }, { kind: 'return' }],
          },
        ],
      },
    ]);
  });

  test('joins lines inside of brackets, passes over comments and blank lines, and needs no newline at the end', () => {
    expect(parsed('y = (x,\n\n  # one more\n  1)  # end\n\n# last\nx')).toEqual([
      {
        kind: 'assign',
        targets: [{ kind: 'name', name: 'y' }],
        type: null,
        value: { kind: 'tuple', items: [x, int(1)] },
      },
      { kind: 'expression', value: x },
    ]);
  });

  test('decodes strings', () => {
    const texts = parsed(`"a\\n\\x41\\u00e9" 'b'\nr"\\n"\n"""c\n"d" """\nf"{x} and {{}}"`);
    expect(texts).toEqual([
      { kind: 'expression', value: { kind: 'string', value: 'a\nAéb' } },
      { kind: 'expression', value: { kind: 'string', value: '\\n' } },
      { kind: 'expression', value: { kind: 'string', value: 'c\n"d" ' } },
      { kind: 'expression', value: { kind: 'text', parts: [x, { kind: 'string', value: ' and {}' }] } },
    ]);
  });

  test.each([
    ['x = (1,\n  2', 2, "expected ','"],
    ['def f(x):\n  return x\n y = 1', 3, 'indentation'],
    ['x = 1 +\n', 1, 'expected an expression'],
    ['\n\nx = $', 3, "unexpected character '$'"],
    ['x = "abc', 1, 'a string has no end'],
    ['f(**x)', 1, 'named arguments cannot be unpacked'],
    ['x = lambda y: y', 1, "'lambda' is not part of TorchScript"],
    [`x = ${'('.repeat(5000)}`, 1, 'nested too deeply'],
    [`x = ${'-'.repeat(5000)}1`, 1, 'nested too deeply'],
  ])('says where %j is wrong', (source, line, reason) => {
    const error = (() => {
      try {
        parseSource(source);
      } catch (thrown) {
        return thrown;
      }
      return null;
    })();
    expect(error).toBeInstanceOf(SourceError);
    expect((error as SourceError).line).toBe(line);
    expect((error as SourceError).message).toContain(reason);
  });

  test('answers any text with a program or with a SourceError', () => {
    const pieces = [
      'def f(x):\n',
      '  ',
      'return ',
      'x',
      '(',
      ')',
      '[',
      ']',
      ':',
      ',',
      '\n',
      '"',
      '1.5',
      '+',
      '=',
      'if ',
      'f"{',
      '}',
      '\\',
      '#',
    ];
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (source) => {
        try {
          parseSource(source);
        } catch (error) {
          if (!(error instanceof SourceError)) throw error;
        }
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
