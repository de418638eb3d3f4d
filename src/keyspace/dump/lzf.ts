import { FormatError } from './format-error.ts';

/** Most bytes that a compressed string may become; Redis's longest string. */
const LONGEST = 512 * 1024 * 1024;

/**
 * Unpacks LZF, the compression of Redis's RDB strings (http://oldhome.schmorp.de/marc/liblzf.html describes the format).
 * @param size the length of the result.
 * @throws FormatError when the input does not give exactly that.
 */
export function lzfDecompress(input: Uint8Array, size: number): Uint8Array {
  // A byte of input gives at most 264 / 3 bytes: what promises more is not even allocated.
  if (size > LONGEST || size > input.length * 264) throw new FormatError('LZF size is not possible');
  const output = new Uint8Array(size);
  let to = 0;
  for (let from = 0; from < input.length; ) {
    const control = input[from++] as number;
    if (control < 32) {
      const literal = input.subarray(from, from + control + 1);
      if (literal.length !== control + 1 || to + literal.length > size)
        throw new FormatError('LZF is cut off');
      output.set(literal, to);
      from += literal.length;
      to += literal.length;
      continue;
    }
    let length = control >> 5;
    if (length === 7) length += input[from++] ?? Number.NaN;
    const distance = ((control & 31) << 8) + (input[from++] ?? Number.NaN) + 1;
    length += 2;
    if (Number.isNaN(length + distance) || distance > to || to + length > size) {
      throw new FormatError('LZF points outside');
    }
    // Byte by byte: source and target may overlap, which repeats a pattern.
    for (let i = 0; i < length; i++, to++) output[to] = output[to - distance] as number;
  }
  if (to !== size) throw new FormatError('LZF ended early');
  return output;
}
