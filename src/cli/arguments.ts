import { InvalidArgumentError } from 'commander';
import { type Dtype, ELEMENT_BYTES, parseDtype } from '../tensors/dtype.ts';

/** For commander: a whole number within bounds. */
export function whole(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = text === '' ? Number.NaN : Number(text);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    const upTo = high === Number.MAX_SAFE_INTEGER ? 'up' : `to ${high}`;
    throw new InvalidArgumentError(`A whole number from ${low} ${upTo} is needed.`);
  };
}

/** For commander: seconds, fractions too. */
export function seconds(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = text === '' ? Number.NaN : Number(text);
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Seconds from ${low} to ${high} are needed.`);
  };
}

/** For commander: names with commas between. */
export function list(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}

/** For commander: an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** For commander. */
export function dtypeArgument(text: string): Dtype {
  const dtype = parseDtype(text);
  if (dtype !== undefined) return dtype;
  throw new InvalidArgumentError(`One of ${Object.keys(ELEMENT_BYTES).join(', ')} is needed.`);
}

/** For commander: width and height in pixels, such as 224x224. */
export function sizeArgument(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  const size = { width: Number(width), height: Number(height) };
  if (size.width >= 1 && size.height >= 1 && size.width <= 16_384 && size.height <= 16_384) return size;
  throw new InvalidArgumentError('A width and a height such as 224x224 are needed.');
}
