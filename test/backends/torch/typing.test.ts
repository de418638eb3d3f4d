import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readArchive, readMembers } from '../../../src/backends/torch/archive/archive.ts';
import { SourceError } from '../../../src/backends/torch/language/lexer.ts';
import { parseSource } from '../../../src/backends/torch/language/parser.ts';
import { checkTypes } from '../../../src/backends/torch/typing/check-types.ts';
import type { Dialect } from '../../../src/backends/torch/typing/dialect.ts';
import { concatShared } from '../../../src/tensors/shared-bytes.ts';
import { torchScriptCorpus } from '../../support/torchscript-corpus.ts';

/** What is accepted though libtorch refuses it: it means what it means in Python, and runs. */
const BEYOND_LIBTORCH: readonly (readonly [reason: string, sources: RegExp])[] = [
  ['f-strings, which torch.jit.script of Python takes', /return f'/],
  ['strings with a prefix r, and \\x in strings', /return r"|\\x41/],
  ['conditions of comprehensions', /for a in x if a > \d[\]}]/],
  ['several targets of a comprehension', /for (i, j|k, v) in .*[\]}]/],
  ['comparisons in a chain', /< a < a|1 < x < 5/],
  ['the operators //= and @=', /(\/\/|@)= /],
  ['several statements in a line', /x = 1; y = 2|if x > 1: return x/],
  ['a plus before a value', /return \+/],
  ['methods in variables, of which nothing is known', /y = x\.index\n {4}return y\n/],
  ['an ellipsis as the only index', /t\[\.\.\.\]/],
  ['torch.jit.is_scripting()', /is_scripting/],
];

function refusal(source: string, dialect?: Dialect): SourceError | null {
  try {
    checkTypes(parseSource(source), dialect && { dialect });
    return null;
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
}

const corpus = torchScriptCorpus();
const isBeyond = (source: string) => BEYOND_LIBTORCH.some(([, sources]) => sources.test(source));

describe('the checker of TorchScript, asked what libtorch was asked', () => {
  const accepted = corpus.filter((entry) => entry.native === 'accepted');
  const refused = corpus.filter((entry) => entry.native !== 'accepted');

  test('accepts what libtorch accepts', () => {
    expect(accepted.length).toBeGreaterThan(1000);
    const wrong = accepted.flatMap(({ source }) => {
      const error = refusal(source);
      return error === null ? [] : [`${source}: ${error.message}`];
    });
    expect(wrong).toEqual([]);
  });

  test('refuses what libtorch refuses, but for what it takes on purpose', () => {
    expect(refused.length).toBeGreaterThan(700);
    const taken = refused.filter(({ source }) => refusal(source) === null);
    expect(taken.filter(({ source }) => !isBeyond(source)).map(({ source }) => source)).toEqual([]);
    expect(taken.length / refused.length).toBeLessThan(0.05);
  });

  test('names the line that libtorch names', () => {
    const wrong = refused.flatMap((entry) => {
      const verdict = entry.native;
      const error = refusal(entry.source);
      // Where a line ends too early, libtorch means the next one.
      const isSyntax = typeof verdict === 'object' && verdict.refused.startsWith('expected ');
      if (typeof verdict !== 'object' || verdict.line === undefined || error === null || isSyntax) return [];
      return verdict.line === error.line ? [] : [`${entry.source}: ${error.line}, not ${verdict.line}`];
    });
    expect(wrong).toEqual([]);
  });
});

describe('the checker of TorchScript', () => {
  test.each([
    ['def f(x):\n    return torch.nosuchop(x)', 2, 'Unknown builtin op: aten::nosuchop'],
    ['def f(x):\n    return x.nosuch()', 2, "'Tensor' object has no attribute or method 'nosuch'"],
    ['def f(x: int):\n    return f(x)', 2, "function 'f' is called recursively"],
    ['def f(x: int):\n    if x > 1:\n        y = 2\n    return y', 2, 'y is not defined in the false branch'],
    ['def f(x: int) -> str:\n    return x', 2, 'annotated as having type str but is actually of type int'],
    [
      'def f(x: Optional[Tensor]):\n    return x + 1',
      2,
      "Expected a value of type 'Tensor' for argument 'self' but instead found type 'Optional[Tensor]'",
    ],
    ['import os\ndef f(x):\n    return x', 1, "expected def but found 'import'"],
    ['def f(x):\n    import os\n    return x', 2, 'an import is not part of TorchScript'],
  ])('says what is wrong with %j', (source, line, reason) => {
    const error = refusal(source);
    expect(error?.line).toBe(line);
    expect(error?.message).toContain(reason);
  });

  test.each([
    ['x.to(torch.int)', 'torch.int cannot be used as a value'],
    ['x * torch.pi', 'torch.pi cannot be used as a value'],
    ['x * math.pi', 'undefined value math'],
  ])('takes torch for a module of operators alone, as C++ does: %s', (expression, reason) => {
    expect(refusal(`def f(x):\n    return ${expression}`)?.message).toBe(reason);
    expect(refusal('def f(x):\n    raise ValueError("no")')?.message).toBe('undefined value ValueError');
  });

  test.each([
    ['redis.execute("SET", keys[0], args[0])', null],
    ['redis.execute("INCRBY", keys[0], 3)', null],
    ['str(redis.execute("GET", keys[0]))', null],
    ['int(str(redis.asList(redis.execute("MGET", keys[0]))[0]))', null],
    ['redisAI.model_execute(keys[0], [tensors[0], tensors[1]], 1)[0].sum()', null],
    ['redis.execute()', 'Argument command not provided'],
    ['redis.execute(1)', "Expected a value of type 'str' for argument 'command'"],
    ['redis.nosuch("GET")', 'undefined value redis'],
    [
      'redisAI.model_execute(keys[0], tensors[0], 1)',
      "Expected a value of type 'List[Tensor]' for argument 'inputs'",
    ],
    ['redisAI.model_execute(keys[0], tensors)', 'Argument num_outputs not provided'],
  ])('knows how scripts reach the keyspace: %s', (expression, reason) => {
    const source = `def f(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return ${expression}`;
    const message = refusal(source)?.message ?? null;
    if (reason === null) expect(message).toBeNull();
    else expect(message).toContain(reason);
  });

  test('takes operators that only later versions have for right', () => {
    expect(refusal('def f(q, k, v):\n    return torch.scaled_dot_product_attention(q, k, v)')).toBeNull();
  });
});

const nestedLoops = (depth: number) =>
  Array.from({ length: depth }, (_, i) => `${'    '.repeat(i + 1)}for a${i} in x:\n`).join('');

describe('the checker of TorchScript, with sources made to break it', () => {
  test.each([
    ['types that double', `def f(x):\n${'    x = (x, x)\n'.repeat(60)}    return x`, 'a type of more than'],
    [
      'loops over tuples, unrolled',
      `def f(x: Tuple[${Array(50).fill('int').join(', ')}]):\n${nestedLoops(12)}${'    '.repeat(13)}print(x)`,
      'takes too long to check',
    ],
    ['a long sum', `def f(x: int):\n    return ${'x + '.repeat(100_000)}x`, 'nested too deeply'],
  ])('ends with %s', (_, source, reason) => {
    expect(refusal(source)?.message).toContain(reason);
  });

  test('takes long chains of elif, and lists of many types', () => {
    const branches = Array.from({ length: 300 }, (_, i) => `    elif x == ${i}:\n        return ${i}\n`);
    const chain = `def f(x: int):\n    if x < 0:\n        return 0\n${branches.join('')}    return 9`;
    expect(refusal(chain)).toBeNull();
    const tuples = Array.from({ length: 300 }, (_, i) => `(${'x, '.repeat(i + 1)})`);
    expect(refusal(`def f(x: int):\n    return [${tuples.join(', ')}]`)).toBeNull();
  });

  test('answers any program with a verdict', () => {
    const pieces = [
      '(',
      ')',
      ', ',
      ' = ',
      'None',
      'x',
      ' if x else ',
      '[0]',
      '.y',
      '*',
      ' is None',
      '\n    ',
      'return ',
      ': ',
    ];
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      piece: fc.constantFrom(...pieces),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...corpus),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        ({ source }, changes) => {
          let changed = source;
          for (const { at, piece } of changes) {
            const position = Math.floor(at * changed.length);
            changed = changed.slice(0, position) + piece + changed.slice(position + (position % 3));
          }
          for (const dialect of ['native', 'archive'] as const) refusal(changed, dialect);
        },
      ),
      { numRuns: 500, seed: 7 },
    );
  });
});

/** Real archives are not part of the repository; where they lie can be said in TESSERA_TEST_MODELS. */
const folder = path.resolve(
  process.env.TESSERA_TEST_MODELS ?? path.join(import.meta.dirname, '../../../../shared/models'),
  'torch',
);
const archives = existsSync(folder)
  ? readdirSync(folder).filter((name) => existsSync(path.join(folder, name, 'model.pt')))
  : [];
if (archives.length === 0) console.warn(`skipped: code of real TorchScript archives, for want of ${folder}`);

describe.skipIf(archives.length === 0)('the checker of TorchScript, with the code of archives', () => {
  test.each(archives)('accepts %s', async (name) => {
    const archive = concatShared([readFileSync(path.join(folder, name, 'model.pt'))]);
    const { code } = readArchive(await readMembers(archive));
    expect(code.size).toBeGreaterThan(0);
    for (const [module, source] of code) {
      expect(`${module}: ${refusal(source, 'archive')?.message ?? 'accepted'}`).toBe(`${module}: accepted`);
    }
  });
});
