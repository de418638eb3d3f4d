import { errors } from '../../../errors.ts';
import type { Range, Size } from './program.ts';
import { evaluateSize, symbolOf } from './size-expressions.ts';

/**
 * torch takes for granted that sizes are neither 0 nor 1 while it exports, and says so in the ranges, but does not hold callers to it:
 * torch/_export/utils.py, _check_input_constraints_for_graph.
 */
const LEAST_CHECKED = 3;
const ANY_SIZE: Range = { min: 0, max: Number.POSITIVE_INFINITY };
/** What the inputs of a program may measure. */
export class InputShapes {
  /** The sizes that the program was exported with; null where it does not say. */
  readonly example: readonly (readonly number[])[] | null;
  readonly #names: readonly string[];
  readonly #sizes: readonly (readonly Size[])[];
  readonly #ranges: ReadonlyMap<string, Range>;

  constructor(
    names: readonly string[],
    sizes: readonly (readonly Size[])[],
    ranges: ReadonlyMap<string, Range>,
  ) {
    this.#names = names;
    this.#sizes = sizes;
    this.#ranges = ranges;
    const examples = sizes.map((shape) =>
      shape.flatMap((size) => (typeof size === 'number' ? size : (size.hint ?? []))),
    );
    this.example = examples.every((shape, i) => shape.length === sizes[i]?.length) ? examples : null;
  }

  /** The name of a dimension that may differ from run to run; dimensions of one symbol share it. */
  dim(input: number, axis: number): string | null {
    const size = this.#sizes[input]?.[axis];
    if (typeof size === 'number') return null;
    const symbol = size === undefined ? undefined : symbolOf(size.expression);
    return symbol === undefined ? `in${input}_${axis}` : `dim_${symbol}`;
  }

  /** @throws ServerError that says which size the program does not take. */
  check(shapes: readonly (readonly number[])[]): void {
    const found = new Map<string, number>();
    for (const [i, shape] of shapes.entries()) {
      const [name, sizes] = [this.#names[i] as string, this.#sizes[i] as readonly Size[]];
      if (shape.length !== sizes.length) throw errors.torchInputRank(name, sizes.length, shape.length);
      for (const [axis, actual] of shape.entries()) this.#checkSize(i, axis, actual, found);
    }
    // What is computed of symbols comes last: by then all of them are known.
    for (const [i, shape] of shapes.entries()) {
      for (const [axis, actual] of shape.entries()) {
        const size = this.#sizes[i]?.[axis];
        const computed = typeof size === 'object' ? evaluateSize(size.expression, found) : undefined;
        if (computed !== undefined && computed !== actual) this.#refuse(i, axis, String(computed), actual);
      }
    }
  }

  /** @param found what the symbols stand for, as far as inputs have told. */
  #checkSize(input: number, axis: number, actual: number, found: Map<string, number>): void {
    const size = this.#sizes[input]?.[axis] as Size;
    if (typeof size === 'number') {
      if (actual !== size) this.#refuse(input, axis, String(size), actual);
      return;
    }
    const symbol = symbolOf(size.expression);
    if (symbol === undefined) return;
    const { min, max } = this.#ranges.get(symbol) ?? ANY_SIZE;
    if (min >= LEAST_CHECKED && actual < min) this.#refuse(input, axis, `at least ${min}`, actual);
    if (actual > max) this.#refuse(input, axis, `at most ${max}`, actual);
    const other = found.get(symbol) ?? actual;
    if (actual !== other) this.#refuse(input, axis, `${other}, as another input has it`, actual);
    found.set(symbol, actual);
  }

  #refuse(input: number, axis: number, expected: string, actual: number): never {
    throw errors.torchInputSize(this.#names[input] as string, axis, expected, actual);
  }
}
