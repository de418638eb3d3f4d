import { readdirSync, readFileSync } from 'node:fs';
import { ELEMENT_BYTES } from '../../src/tensors/dtype.ts';
import { concatShared } from '../../src/tensors/shared-bytes.ts';
import { type Tensor, tensorBytes } from '../../src/tensors/tensor.ts';
import { archive, open } from './torch-archives.ts';

/** Some are strings: what JSON has no number for, and int64s that a double cannot hold. */
type Element = number | string;
type Literal = readonly [
  dtype: Tensor['dtype'] | 'HALF',
  shape: readonly number[],
  elements: readonly Element[],
];

/** A line of test/fixtures/torch-ops/NAME.jsonl, see generate.py there. */
export interface OpCase {
  readonly code: string;
  /** Null where libtorch refuses the inputs. */
  readonly runs: readonly (readonly [inputs: readonly Literal[], outputs: readonly Literal[] | null])[];
}

const FOLDER = new URL('../fixtures/torch-ops/', import.meta.url);

/** All cases, by the names of their files. */
export function opCases(): Map<string, OpCase[]> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.jsonl'));
  return new Map(
    files.map((file) => {
      const lines = readFileSync(new URL(file, FOLDER), 'utf8').trimEnd().split('\n');
      return [file.replace('.jsonl', ''), lines.map((line) => JSON.parse(line) as OpCase)];
    }),
  );
}

/** The ops that the code calls, as functions or as methods of its parameters, without the `_` of those that change their first tensor. */
export function opsOf({ code }: OpCase): string[] {
  const calls = code.matchAll(/\b(?:torch|ops\.(\w+)|[a-h])\.(\w+)\(/g);
  return Array.from(calls, ([, namespace = 'aten', name]) => `${namespace}::${name}`);
}

/**
 * Runs a case in one session, as a model that clients send.
 * @returns what differs from libtorch's outputs: nothing, where all is well.
 */
export async function differences({ code, runs }: OpCase): Promise<string[]> {
  const session = await open(archive(code.replace('def forward(', 'def forward(self, ')));
  const found: string[] = [];
  try {
    for (const [inputs, outputs] of runs) {
      const result = await session.run(inputs.map(tensorOf)).catch((error: Error) => error);
      const difference = differs(result, outputs);
      if (difference !== undefined) found.push(`of ${JSON.stringify(inputs)}: ${difference}`);
    }
  } finally {
    await session.close();
  }
  return found;
}

const ARRAYS = {
  ...{ FLOAT: Float32Array, DOUBLE: Float64Array, INT8: Int8Array, INT16: Int16Array, INT32: Int32Array },
  ...{ UINT8: Uint8Array, UINT16: Uint16Array, BOOL: Uint8Array },
} as const;
const SPECIAL: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity };
/** How far a float may be from libtorch's, as a part of it. */
const TOLERANCE = { FLOAT: 1e-5, DOUBLE: 1e-9, HALF: 2e-3 };
/** How far one near 0 may be: libtorch's own is off by as much where terms cancel each other. */
const NEAR_ZERO = { FLOAT: 1e-6, DOUBLE: 1e-12, HALF: 1e-3 };

function numberOf(element: Element): number {
  return typeof element === 'number' ? element : (SPECIAL[element] ?? Number(element));
}

function tensorOf([dtype, shape, elements]: Literal): Tensor {
  if (dtype === 'HALF' || dtype === 'STRING') throw new Error(`no input is of ${dtype}`);
  const array =
    dtype === 'INT64' ? BigInt64Array.from(elements, BigInt) : ARRAYS[dtype].from(elements.map(numberOf));
  const { buffer, byteLength } = concatShared([new Uint8Array(array.buffer)]);
  return { dtype, shape, buffer, byteOffset: 0, byteLength };
}

function elementsOf(tensor: Tensor): Element[] {
  const { buffer } = Uint8Array.from(tensorBytes(tensor));
  if (tensor.dtype === 'STRING') throw new Error('a model of torch gives no strings');
  if (tensor.dtype !== 'INT64') return Array.from(new ARRAYS[tensor.dtype](buffer), Number);
  return Array.from(new BigInt64Array(buffer), (x) =>
    Number.isSafeInteger(Number(x)) ? Number(x) : String(x),
  );
}

function differs(result: readonly Tensor[] | Error, expected: readonly Literal[] | null): string | undefined {
  if (expected === null) return result instanceof Error ? undefined : 'was not refused';
  if (result instanceof Error) return result.message;
  if (result.length !== expected.length) return `${result.length} outputs, not ${expected.length}`;
  return result
    .map((tensor, i) => outputDiffers(tensor, expected[i] as Literal))
    .find((difference) => difference !== undefined);
}

function outputDiffers(tensor: Tensor, [dtype, shape, elements]: Literal): string | undefined {
  // Halves leave as floats.
  const wire = dtype === 'HALF' ? 'FLOAT' : dtype;
  const kind = `${tensor.dtype}[${tensor.shape}]`;
  if (kind !== `${wire}[${shape}]`) return `${kind}, not ${wire}[${shape}]`;
  if (tensor.byteLength !== elements.length * ELEMENT_BYTES[tensor.dtype])
    return `${tensor.byteLength} bytes`;
  const actual = elementsOf(tensor);
  const close =
    dtype === 'FLOAT' || dtype === 'DOUBLE' || dtype === 'HALF'
      ? (x: Element, wanted: Element) =>
          isClose(Number(x), numberOf(wanted), TOLERANCE[dtype], NEAR_ZERO[dtype])
      : (x: Element, wanted: Element) => x === wanted;
  const wrong = elements.findIndex((wanted, i) => !close(actual[i] as Element, wanted));
  return wrong < 0 ? undefined : `[${actual}], not [${elements}]`;
}

function isClose(x: number, wanted: number, relative: number, absolute: number): boolean {
  if (!Number.isFinite(wanted)) return Object.is(x, wanted);
  return Math.abs(x - wanted) <= absolute + relative * Math.abs(wanted);
}
