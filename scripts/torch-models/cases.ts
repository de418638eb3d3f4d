import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Dtype } from '../../src/tensors/dtype.ts';
import { concatShared } from '../../src/tensors/shared-bytes.ts';
import { type Tensor, tensorBytes } from '../../src/tensors/tensor.ts';

/** A tensor in a file of its own, as io.json describes it. */
interface Reference {
  readonly file: string;
  /** As torch names it: float32. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

interface Case {
  readonly inputs: readonly Reference[];
  /** What libtorch gives. */
  readonly outputs: readonly Reference[];
}

/** Tensors that go in, and those that libtorch gives for them. */
export interface LoadedCase {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

const DTYPES: Readonly<Record<string, Dtype>> = {
  ...{ float32: 'FLOAT', float64: 'DOUBLE', int8: 'INT8', int16: 'INT16', int32: 'INT32', int64: 'INT64' },
  ...{ uint8: 'UINT8', bool: 'BOOL' },
};

/** The cases of a folder that export.py wrote. @throws Error for a dtype that clients have no name for. */
export function loadCases(folder: string): LoadedCase[] {
  const file = (name: string) => readFileSync(path.join(folder, name));
  const { cases } = JSON.parse(file('io.json').toString()) as { cases: Case[] };
  const load = ({ file: name, dtype, shape }: Reference): Tensor => {
    const known = DTYPES[dtype];
    if (known === undefined) throw new Error(`${name} is of ${dtype}`);
    const { buffer, byteLength } = concatShared([file(name)]);
    return { dtype: known, shape, buffer, byteOffset: 0, byteLength };
  };
  return cases.map(({ inputs, outputs }) => ({ inputs: inputs.map(load), outputs: outputs.map(load) }));
}

const ARRAYS = {
  ...{ FLOAT: Float32Array, DOUBLE: Float64Array, INT8: Int8Array, INT16: Int16Array, INT32: Int32Array },
  ...{ INT64: BigInt64Array, UINT8: Uint8Array, BOOL: Uint8Array, UINT16: Uint16Array },
} as const;

/** The elements as numbers. */
export function numbersOf(tensor: Tensor): number[] {
  const array = ARRAYS[tensor.dtype as keyof typeof ARRAYS];
  if (array === undefined) throw new Error(`${tensor.dtype} has no numbers`);
  return Array.from(new array(Uint8Array.from(tensorBytes(tensor)).buffer), Number);
}

/**
 * The largest distance, as a part of the largest finite number that is expected; NaN where one has a number and the other none or
 * an infinite one, or where there are not as many.
 */
export function distance(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.NaN;
  const scale =
    expected.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0) || 1;
  return expected.reduce(
    (most, x, i) =>
      Object.is(x, actual[i]) ? most : Math.max(most, Math.abs((actual[i] as number) - x) / scale),
    0,
  );
}
