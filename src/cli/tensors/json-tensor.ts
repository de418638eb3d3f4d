import { z } from 'zod';
import { type Dtype, parseDtype } from '../../tensors/dtype.ts';
import { type Element, type TensorValue, tensorOf } from './tensor-value.ts';

const element = z.union([z.number(), z.bigint(), z.string(), z.boolean()]);
const described = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().min(0)),
  values: z.array(z.unknown()),
});

/**
 * A tensor from JSON: arrays within arrays, or `{"dtype": .., "shape": [..], "values": [..]}`.
 * @param dtype where the text does not say; by default strings are STRING, truth values BOOL, and all else FLOAT.
 * @throws Error that says what is wrong with it.
 */
export function readJsonTensor(text: string, dtype?: Dtype): TensorValue {
  const value = parse(text);
  const object = described.safeParse(value);
  if (object.success) {
    const { shape, values } = object.data;
    const named = parseDtype(object.data.dtype);
    if (named === undefined) throw new Error(`there is no dtype ${object.data.dtype}`);
    const { elements } = flatten(values);
    const count = shape.reduce((product, size) => product * size, 1);
    if (elements.length !== count) throw new Error(`${elements.length} values for a shape of ${count}`);
    return tensorOf(named, shape, elements);
  }
  const { elements, shape } = flatten(value);
  return tensorOf(dtype ?? guessed(elements), shape.length === 0 ? [1] : shape, elements);
}

function parse(text: string): unknown {
  try {
    // Integers that a double cannot hold are kept whole.
    const exact = (_: string, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
        ? BigInt(context?.source as string)
        : value;
    return JSON.parse(text, exact);
  } catch (error) {
    throw new Error(`not JSON: ${(error as Error).message}`);
  }
}

function flatten(value: unknown): { elements: Element[]; shape: number[] } {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const elements: Element[] = [];
  const walk = (item: unknown, dimension: number): void => {
    if (dimension < shape.length) {
      if (!Array.isArray(item) || item.length !== shape[dimension])
        throw new Error('rows of different lengths');
      for (const each of item) walk(each, dimension + 1);
      return;
    }
    const parsed = element.safeParse(item);
    if (Array.isArray(item)) throw new Error('rows of different lengths');
    if (!parsed.success) throw new Error(`${JSON.stringify(item)} is neither a number nor a string`);
    elements.push(parsed.data);
  };
  walk(value, 0);
  return { elements, shape };
}

function guessed(elements: readonly Element[]): Dtype {
  const types = new Set(elements.map((each) => typeof each));
  const isNamed = (each: Element) => ['NaN', 'Infinity', '-Infinity'].includes(String(each));
  if (elements.some((each) => typeof each === 'string' && !isNamed(each))) return 'STRING';
  return types.size === 1 && types.has('boolean') ? 'BOOL' : 'FLOAT';
}
