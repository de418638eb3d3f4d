import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { Program } from '../../../src/backends/torch/interpreter/program.ts';
import { Float, type ScriptFunction } from '../../../src/backends/torch/interpreter/values.ts';
import { RecordedProgram } from '../../../src/backends/torch/tracing/recorded-program.ts';
import { StageSessions } from '../../../src/backends/torch/tracing/stage-sessions.ts';
import { interpreted } from '../../../src/backends/torch/tracing/traceable.ts';
import { seen, tensor } from '../../support/tensorflow-graphs.ts';

type Written = ['FLOAT' | 'INT64', number[], number[]];

interface Fixture {
  readonly name: string;
  readonly code: string;
  readonly runs: readonly {
    readonly inputs: readonly (Written | number)[];
    readonly outputs: readonly Written[] | null;
  }[];
}

const folder = new URL('../../fixtures/torch-programs/', import.meta.url);
const text = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const fixtures = text('programs.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Fixture);

const sessions = new StageSessions({ intraOpParallelism: 1, interOpParallelism: 1 });
afterAll(() => sessions.close());
const LIMITS = { deadline: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY };

/** Runs the function as it is recorded, for each number that it takes besides. */
function runner(source: string, name: string) {
  const program = new Program(new Map([['m', source]]));
  const f = program.lookUp('m', name) as ScriptFunction;
  const recorded = new Map<string, RecordedProgram>();
  return (inputs: readonly (Written | number)[]) => {
    const numbers = inputs.filter((input) => typeof input === 'number').map((number) => new Float(number));
    const tensors = inputs.filter((input) => Array.isArray(input));
    const key = JSON.stringify(numbers);
    const known =
      recorded.get(key) ??
      new RecordedProgram(
        interpreted(program, [], (interpreter, given) =>
          interpreter.callFunction(f, [...given, ...numbers], new Map()),
        ),
        sessions,
      );
    recorded.set(key, known);
    return known
      .run(
        tensors.map((one) => tensor(...one)),
        LIMITS,
      )
      .map(seen);
  };
}

describe.each([
  ['as it is written', () => text('programs.py')],
  ['as torch.jit.save writes it', ({ name, code }: Fixture) => code.replace('def forward(', `def ${name}(`)],
])('a program whose way depends on what is in its tensors, %s', (_, sourceOf) => {
  test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))('%s', (name, fixture) => {
    const run = runner(sourceOf(fixture), name);
    // The second time each run goes ways that are recorded.
    for (const { inputs, outputs } of [...fixture.runs, ...fixture.runs]) {
      if (outputs === null) {
        expect(() => run(inputs)).toThrow();
        continue;
      }
      const results = run(inputs);
      expect(results.map(({ dtype, shape }) => [dtype, shape])).toEqual(
        outputs.map(([dtype, shape]) => [dtype, shape]),
      );
      for (const [i, [, , elements]] of outputs.entries()) {
        const { values } = results[i] as { values: readonly (number | string)[] };
        for (const [j, element] of elements.entries()) expect(values[j]).toBeCloseTo(element, 5);
      }
    }
  });
});
