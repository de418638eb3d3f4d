import { Program } from '../../src/backends/torch/interpreter/program.ts';
import type { ScriptFunction } from '../../src/backends/torch/interpreter/values.ts';
import { RecordedProgram } from '../../src/backends/torch/tracing/recorded-program.ts';
import { StageSessions } from '../../src/backends/torch/tracing/stage-sessions.ts';
import { interpreted } from '../../src/backends/torch/tracing/traceable.ts';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { type Seen, seen, tensor } from './tensorflow-graphs.ts';

export const vector = (...values: number[]): Tensor => tensor('FLOAT', [values.length], values);

/** A function `f` that is run many times, as a model's forward is. */
export class RecordedFunction {
  readonly sessions = new StageSessions({ intraOpParallelism: 1, interOpParallelism: 1 });
  readonly recorded: RecordedProgram;

  /** @param lines of the source, or the body of f(x). */
  constructor(...lines: readonly string[]) {
    const source = lines[0]?.startsWith('def ') ? lines : ['def f(x):', ...lines.map((line) => `  ${line}`)];
    const program = new Program(new Map([['m', source.join('\n')]]));
    const f = program.lookUp('m', 'f') as ScriptFunction;
    const traceable = interpreted(program, [], (interpreter, inputs) =>
      interpreter.callFunction(f, inputs, new Map()),
    );
    this.recorded = new RecordedProgram(traceable, this.sessions);
  }

  run(inputs: readonly Tensor[], timeoutMs = 20_000, memoryBytes = Number.POSITIVE_INFINITY): Seen[] {
    const limits = { deadline: performance.now() + timeoutMs, memoryBytes };
    return this.recorded.run(inputs, limits).map(seen);
  }

  /** The elements of the only output. */
  values(...x: readonly number[]): Seen['values'] {
    const [only] = this.run([vector(...x)]);
    return (only as Seen).values;
  }
}
