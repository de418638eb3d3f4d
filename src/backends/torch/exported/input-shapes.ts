import { errors } from '../../../errors.ts';
import type { Range, Size } from './program.ts';

/** `s0`, or as sympy writes it out: Symbol('s0', positive=True, integer=True). */
const SYMBOL = /^(?:(\w+)|Symbol\('(\w+)'(?:, \w+=\w+)*\))$/;
/**
 * torch takes for granted that sizes are neither 0 nor 1 while it exports, and says so in the ranges, but does not hold callers to it:
 * torch/_export/utils.py, _check_input_constraints_for_graph.
 */
const LEAST_CHECKED = 3;
/** For dimensions of which nothing is known; apart from each other, so that none is taken for another. */
const EXAMPLE_SIZES = [3, 5, 7, 11, 13, 17, 19, 23];

function symbolOf(size: Size): string | undefined {
  if (typeof size === 'number') return undefined;
  const [, plain, written] = SYMBOL.exec(size.expression) ?? [];
  return plain ?? written;
}

/** What the inputs of a program may measure. */
export class InputShapes {
  /** Sizes like those that the program was exported with. */
  readonly example: readonly (readonly number[])[];
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
    const chosen = new Map<string, number>();
    this.example = sizes.map((shape) => shape.map((size) => this.#example(size, chosen)));
  }

  /** The name of a dimension that may differ from run to run; dimensions of one symbol share it. */
  dim(input: number, axis: number): string | null {
    const size = this.#sizes[input]?.[axis];
    if (typeof size === 'number') return null;
    const symbol = size === undefined ? undefined : symbolOf(size);
    return symbol === undefined ? `in${input}_${axis}` : `dim_${symbol}`;
  }

  /** @throws ServerError that says which size the program does not take. */
  check(shapes: readonly (readonly number[])[]): void {
    const found = new Map<string, number>();
    for (const [i, shape] of shapes.entries()) {
      const [name, sizes] = [this.#names[i] as string, this.#sizes[i] as readonly Size[]];
      if (shape.length !== sizes.length) throw errors.torchInputRank(name, sizes.length, shape.length);
      for (const [axis, actual] of shape.entries()) {
        const refuse = (expected: string): never => {
          throw errors.torchInputSize(name, axis, expected, actual);
        };
        const size = sizes[axis] as Size;
        if (typeof size === 'number') {
          if (actual !== size) refuse(String(size));
          continue;
        }
        const symbol = symbolOf(size);
        if (symbol === undefined) continue;
        const { min, max } = this.#ranges.get(symbol) ?? { min: 0, max: Number.POSITIVE_INFINITY };
        if (min >= LEAST_CHECKED && actual < min) refuse(`at least ${min}`);
        if (actual > max) refuse(`at most ${max}`);
        const other = found.get(symbol) ?? actual;
        if (actual !== other) refuse(`${other}, as another input has it`);
        found.set(symbol, actual);
      }
    }
  }

  #example(size: Size, chosen: Map<string, number>): number {
    if (typeof size === 'number') return size;
    const key = symbolOf(size) ?? size.expression;
    const known = chosen.get(key) ?? size.hint;
    const { min, max } = this.#ranges.get(key) ?? { min: 0, max: Number.POSITIVE_INFINITY };
    const example =
      known ?? Math.min(Math.max(EXAMPLE_SIZES[chosen.size % EXAMPLE_SIZES.length] ?? 3, min), max);
    chosen.set(key, example);
    return example;
  }
}
