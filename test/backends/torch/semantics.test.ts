import { afterAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/backends/torch/interpreter/engine.ts';
import { Interpreter } from '../../../src/backends/torch/interpreter/interpreter.ts';
import { Program } from '../../../src/backends/torch/interpreter/program.ts';
import {
  Float,
  ScriptDict,
  ScriptFunction,
  type ScriptValue,
  TensorValue,
  Tuple,
} from '../../../src/backends/torch/interpreter/values.ts';
import { RecordedProgram } from '../../../src/backends/torch/tracing/recorded-program.ts';
import { StageSessions } from '../../../src/backends/torch/tracing/stage-sessions.ts';
import { interpreted } from '../../../src/backends/torch/tracing/traceable.ts';
import { type Seen, seen, tensor } from '../../support/tensorflow-graphs.ts';
import {
  bytesOf,
  type CorpusCall,
  decoded,
  type Encoded,
  type EncodedTensor,
  tensorsIn,
  torchScriptCorpus,
} from '../../support/torchscript-corpus.ts';

const noTensors = (): never => {
  throw new Error('these programs have no tensors');
};
/** What the language is without tensors. */
const engine: Engine = {
  ...{ call: noTensors, attribute: noTensors, symbolic: noTensors, truth: noTensors, known: noTensors },
  ...{ convert: noTensors, constant: noTensors, tick: () => {}, watch: () => {} },
};

function lastFunction(source: string): { program: Program; callee: ScriptFunction } {
  const program = new Program(new Map([['script', bytesOf(source)]]));
  const name = [...source.matchAll(/^def (\w+)/gm)].at(-1)?.[1] ?? '';
  const found = program.lookUp('script', name);
  if (!(found instanceof ScriptFunction)) throw new Error(`no function ${name}`);
  return { program, callee: found };
}

/** Calls the last function of a source. */
function run(source: string, args: readonly ScriptValue[] = []): ScriptValue {
  const { program, callee } = lastFunction(source);
  return new Interpreter(program, [], engine).callFunction(callee, args, new Map());
}

/** A value with its types in words; floats that a libm may round otherwise with the digits that they all have. */
function described(value: ScriptValue): unknown {
  if (value instanceof Float)
    return { float: Number(value.value.toPrecision(14)), isNegative: 1 / value.value < 0 };
  if (value instanceof Tuple) return { tuple: value.items.map(described) };
  if (value instanceof ScriptDict) return { dict: value.items.map(described) };
  return Array.isArray(value) ? value.map(described) : value;
}

/** Calls that differ from libtorch's. */
const OTHERWISE: readonly (readonly [reason: string, source: RegExp])[] = [
  ['ints are doubles: beyond 2^53 only the leading digits are right', /9007199254740993 \* 3/],
];

const allCalls = torchScriptCorpus().flatMap(({ source, calls: all }) =>
  all.map((call) => ({
    source,
    call,
    title: `${source.trim().replace(/^def f\(\):\s*/, '')} of ${JSON.stringify(call.args)}`,
  })),
);

const calls = allCalls.filter(({ call }) => tensorsIn(call.args).length === 0);
const tensorCalls = allCalls.filter(({ call }) => tensorsIn(call.args).length > 0);

const sessions = new StageSessions({ intraOpParallelism: 1, interOpParallelism: 1 });
afterAll(() => sessions.close());

const DTYPES = { float32: 'FLOAT', int64: 'INT64', bool: 'BOOL' } as const;
const written = ({ tensor: elements, shape, dtype }: EncodedTensor) =>
  tensor(DTYPES[dtype], [...shape], [...elements]);
/** The tensors in what a function gives. */
const tensorsOf = (value: ScriptValue): ScriptValue[] => {
  if (value instanceof TensorValue) return [value];
  if (value instanceof Tuple) return value.items.flatMap(tensorsOf);
  return Array.isArray(value) ? value.flatMap(tensorsOf) : [];
};

/** Calls the last function of a source with tensors, traced and in ONNX Runtime. */
function runWithTensors(source: string, args: readonly Encoded[]): Seen[] {
  const { program, callee } = lastFunction(source);
  const traceable = interpreted(program, [], (interpreter, inputs) => {
    const rest = [...inputs];
    const values = args.map((arg) => decoded(arg, () => rest.shift() as ScriptValue));
    return new Tuple(tensorsOf(interpreter.callFunction(callee, values, new Map())));
  });
  const limits = { deadline: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY };
  return new RecordedProgram(traceable, sessions).run(tensorsIn(args).map(written), limits).map(seen);
}

describe('the interpreter of TorchScript', () => {
  test.each(tensorCalls.map((one) => [one.title, one] as const))(
    'gives what libtorch gives: %s',
    (_, { source, call }) => {
      if (call.raises !== undefined) {
        expect(() => runWithTensors(source, call.args)).toThrow();
        return;
      }
      const rounded = ({ values, ...rest }: Seen) => ({
        ...rest,
        values: values.map((x) => Number(Number(x).toFixed(4)) + 0),
      });
      expect(runWithTensors(source, call.args).map(rounded)).toEqual(
        tensorsIn(call.gives ?? null).map((one) => rounded(seen(written(one)))),
      );
    },
  );

  test('gives what libtorch gives', () => {
    expect(calls.length).toBeGreaterThan(350);
    const wrong = calls.filter(
      ({ source, call }) => !OTHERWISE.some(([, one]) => one.test(source)) && !agrees(source, call),
    );
    expect(wrong.map(({ title }) => title)).toEqual([]);
  });

  test.each<[string, unknown]>([
    ["f'{x}:{x + 1}' f' {{}}' '!'", '3:4 {}!'],
    ["f'{[1.5]}'", '[1.5]'],
    ['[i * i for i in range(6) if i % 2 == 1 if i > 1]', [9, 25]],
    ['[a + b for a, b in [(1, 2), (3, 4)]]', [3, 7]],
    ["{k: v for k, v in {'a': 1, 'b': 2}.items() if v > 1}", { dict: [{ tuple: ['b', 2] }] }],
    ['(1 < x < 5, 1 < x < 2, 5 > x > 2 > 0)', { tuple: [true, false, true] }],
    ['+x', 3],
    ["r'\\n' + '\\x41'", '\\nA'],
  ])('runs what libtorch leaves to Python: %s', (expression, value) => {
    expect(described(run(`def f(x: int):\n    return ${expression}`, [3]))).toEqual(value);
  });

  test('runs //=, several statements in a line, and bodies beside their conditions', () => {
    expect(run('def f(x: int):\n    x //= 2; y = 1\n    if x > 1: return x + y\n    return 0', [7])).toBe(4);
  });

  test.each([
    ["'{} {}'.format(1)", 'Too few arguments for format string'],
    ["'%d' % 'a'", '%d requires a number for formatting'],
    ["'abc'.split('')", 'ValueError: empty separator'],
    ["'abc'.center(99999999999)", 'is too long'],
    ["'a'.nosuch()", 'aten::nosuch'],
    ['[1].pop(4)', 'index out of range'],
    ['[3, 1].sort(nosuch=True)', 'Keyword argument nosuch unknown'],
    ['2j', 'complex numbers are not supported'],
  ])('says what is wrong with %s', (expression, reason) => {
    const engineless = () => run(`def f():\n    return ${expression}`);
    expect(engineless).toThrow(reason === 'aten::nosuch' ? 'these programs have no tensors' : reason);
  });
});

function agrees(source: string, { args, gives, raises }: CorpusCall): boolean {
  let value: ScriptValue;
  try {
    value = run(
      source,
      args.map((arg) => decoded(arg)),
    );
  } catch {
    return raises !== undefined;
  }
  if (raises !== undefined || gives === undefined) return false;
  return JSON.stringify(described(value)) === JSON.stringify(described(decoded(gives)));
}
