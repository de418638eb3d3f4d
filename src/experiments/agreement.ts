import { setImmediate } from 'node:timers/promises';
import { type Dtype, TYPED_ARRAYS } from '../tensors/dtype.ts';
import { type Tensor, tensorBytes } from '../tensors/tensor.ts';
import { stringElements } from '../tensors/text-codec.ts';

/** How a candidate's outputs differ from the primary's. A row is what lies along the last axis of a tensor of two axes or more, else one element. */
export interface Agreement {
  /** Numbers that were compared. */
  elements: number;
  maxDifference: number;
  /** Of all numbers. */
  sumOfDifferences: number;
  rows: number;
  /** Rows with an element that differs by more than the tolerance, or with another text. */
  rowsOverTolerance: number;
  /** Rows that have a first choice: the index of the largest number of several, or a label, which is a single integer or text. */
  ranked: number;
  /** Of those, the ones where it is the same. */
  sameTop1: number;
}

/** Of nothing. */
export function newAgreement(): Agreement {
  return {
    ...{ elements: 0, maxDifference: 0, sumOfDifferences: 0 },
    ...{ rows: 0, rowsOverTolerance: 0, ranked: 0, sameTop1: 0 },
  };
}

/** Elements after which others get their turn on the event loop: about 0.1 ms. */
const SLICE = 32_768;

type Numbers = ArrayLike<number> | ArrayLike<bigint>;
type View = { new (bytes: ArrayBufferLike, at: number, length: number): Numbers };

/**
 * Compares outputs, a slice at a time. Not-a-number agrees with itself alone.
 * @returns undefined where they cannot be compared: other numbers of outputs, other shapes, or texts on one side.
 */
export async function compareOutputs(
  expected: readonly Tensor[],
  actual: readonly Tensor[],
  tolerance: number,
): Promise<Agreement | undefined> {
  const agreement = newAgreement();
  if (expected.length !== actual.length) return undefined;
  if (expected.some((tensor, i) => !isComparable(tensor, actual[i] as Tensor))) return undefined;
  for (const [i, tensor] of expected.entries()) {
    const other = actual[i] as Tensor;
    if (tensor.dtype === 'STRING') compareTexts(tensor, other, agreement);
    else await compareNumbers(tensor, other, tolerance, agreement);
  }
  return agreement;
}

function isComparable(one: Tensor, other: Tensor): boolean {
  return (
    (one.dtype === 'STRING') === (other.dtype === 'STRING') &&
    one.shape.length === other.shape.length &&
    one.shape.every((dimension, i) => dimension === other.shape[i])
  );
}

function compareTexts(expected: Tensor, actual: Tensor, agreement: Agreement): void {
  const others = stringElements(actual);
  for (const [i, text] of stringElements(expected).entries()) {
    const isSame = Buffer.compare(text, others[i] as Uint8Array) === 0;
    agreement.rows++;
    agreement.ranked++;
    if (isSame) agreement.sameTop1++;
    else agreement.rowsOverTolerance++;
  }
}

async function compareNumbers(
  expected: Tensor,
  actual: Tensor,
  tolerance: number,
  agreement: Agreement,
): Promise<void> {
  const ours = numbersOf(expected);
  const theirs = numbersOf(actual);
  const rowLength = expected.shape.length > 1 ? (expected.shape.at(-1) as number) : 1;
  const isRanked = rowLength > 1 || !/FLOAT|DOUBLE/.test(expected.dtype);
  let inRow = 0;
  let isOver = false;
  let top = 0;
  let otherTop = 0;
  for (let i = 0; i < ours.length; i++) {
    if (i > 0 && i % SLICE === 0) await setImmediate();
    const one = ours[i] as number | bigint;
    const other = theirs[i] as number | bigint;
    const difference = differenceOf(one, other);
    agreement.sumOfDifferences += difference;
    if (difference > agreement.maxDifference) agreement.maxDifference = difference;
    if (difference > tolerance) isOver = true;
    if (inRow === 0 || isAbove(one, ours[top] as number | bigint)) top = i;
    if (inRow === 0 || isAbove(other, theirs[otherTop] as number | bigint)) otherTop = i;
    if (++inRow < rowLength) continue;
    agreement.rows++;
    if (isOver) agreement.rowsOverTolerance++;
    if (isRanked) {
      agreement.ranked++;
      if (rowLength > 1 ? top === otherTop : difference === 0) agreement.sameTop1++;
    }
    inRow = 0;
    isOver = false;
  }
  agreement.elements += ours.length;
}

/** Whether it takes the place of the largest so far: any number does where that is none. */
function isAbove(one: number | bigint, largest: number | bigint): boolean {
  return one > largest || (Number.isNaN(largest) && !Number.isNaN(one));
}

function differenceOf(one: number | bigint, other: number | bigint): number {
  if (typeof one === 'bigint' && typeof other === 'bigint') return Math.abs(Number(one - other));
  const [a, b] = [Number(one), Number(other)];
  // Infinities of the same sign agree, too.
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const difference = Math.abs(a - b);
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

function numbersOf(tensor: Tensor): Numbers {
  const View: View = TYPED_ARRAYS[tensor.dtype as Exclude<Dtype, 'STRING'>];
  const count = tensor.shape.reduce((product, dimension) => product * dimension, 1);
  const width = count === 0 ? 1 : tensor.byteLength / count;
  if (tensor.byteOffset % width === 0) return new View(tensor.buffer, tensor.byteOffset, count);
  return new View(Uint8Array.from(tensorBytes(tensor)).buffer, 0, count);
}
