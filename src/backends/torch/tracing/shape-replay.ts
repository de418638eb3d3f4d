import type { Attributes, EmitOptions } from '../../onnx-graph/graph-builder.ts';
import { RULES } from '../../onnx-graph/inference/index.ts';
import type { Attribute } from '../../onnx-graph/model-bytes.ts';
import { type Dim, numbersOf, staticShape, type Value } from '../../onnx-graph/value.ts';

/** An operator of a traced graph. */
export interface Emission {
  readonly op: string;
  readonly inputs: readonly (Value | null)[];
  readonly attributes: Attributes;
  readonly options: EmitOptions;
}

export interface TracedEmission {
  readonly emission: Emission;
  /** Which of its outputs. */
  readonly index: number;
  readonly value: Value;
}

/** All operators of a graph by their outputs. */
export type Emissions = ReadonlyMap<string, TracedEmission>;

/**
 * What the shape arithmetic of a graph comes to for inputs of these shapes: the operators' rules are gone through once more with numbers
 * where the graph has names. Only what is asked for, and what that needs.
 */
export class ShapeReplay {
  readonly #emissions: Emissions;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #dims: ReadonlyMap<string, number>;
  readonly #known = new Map<string, Value>();

  /**
   * @param shapes of the inputs, by their names.
   * @param dims sizes of the named dimensions.
   */
  constructor(
    emissions: Emissions,
    shapes: ReadonlyMap<string, readonly number[]>,
    dims: ReadonlyMap<string, number>,
  ) {
    this.#emissions = emissions;
    this.#shapes = shapes;
    this.#dims = dims;
  }

  /** The elements of a small tensor; undefined where they depend on what is in the inputs. */
  numbers(value: Value): number[] | undefined {
    return numbersOf(value) ?? numbersOf(this.#resolve(value));
  }

  /** The shape; undefined where it depends on what is in the inputs. */
  shape(value: Value): number[] | undefined {
    return staticShape(value.shape) ?? staticShape(this.#resolve(value).shape);
  }

  /** Not recursive: graphs are deeper than the stack. */
  #resolve(wanted: Value): Value {
    const waiting: Value[] = [wanted];
    for (let value = waiting.at(-1); value !== undefined; value = waiting.at(-1)) {
      const found = this.#find(value);
      if (found !== undefined) {
        waiting.pop();
        continue;
      }
      const { emission, index } = this.#emissions.get(value.name) as TracedEmission;
      const missing = emission.inputs.filter((input) => input !== null && this.#find(input) === undefined);
      if (missing.length > 0) waiting.push(...(missing as Value[]));
      else this.#known.set(value.name, this.#infer(value, emission, index));
    }
    return this.#find(wanted) as Value;
  }

  #find(value: Value): Value | undefined {
    const known = this.#known.get(value.name);
    if (known !== undefined) return known;
    const { name, dtype, isSequence } = value;
    const shape = this.#shapes.get(name);
    const isFinal =
      value.constant !== undefined || (staticShape(value.shape) && numbersOf(value)) || isSequence;
    const concrete =
      shape === undefined
        ? isFinal || !this.#emissions.has(name)
          ? value
          : undefined
        : { name, dtype, shape };
    if (concrete !== undefined) this.#known.set(name, concrete);
    return concrete;
  }

  #infer(value: Value, { op, inputs, attributes, options }: Emission, index: number): Value {
    const { name, dtype } = value;
    const concrete = inputs.map((input) => (input === null ? null : (this.#find(input) as Value)));
    const rule = options.outputs === undefined ? RULES.get(op) : undefined;
    if (rule === undefined) return { name, dtype, shape: value.shape?.map((dim) => this.#size(dim)) };
    const given = Object.entries(attributes).filter(
      (entry): entry is [string, Attribute] => entry[1] !== undefined,
    );
    const operation = {
      inputs: concrete,
      attributes: Object.fromEntries(given),
      outputCount: options.count ?? 1,
      newDim: () => '?',
    };
    const inferred = rule(operation)[index];
    // A rule may know less of numbers than the graph of names, never the other way round.
    const shape =
      inferred?.shape?.map((dim, d) => dim ?? this.#size(value.shape?.[d] ?? null)) ?? value.shape;
    return { name, dtype, shape, ...(inferred?.content && { content: inferred.content }) };
  }

  #size(dim: Dim): Dim {
    return typeof dim === 'string' ? (this.#dims.get(dim) ?? null) : dim;
  }
}
