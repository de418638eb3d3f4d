import { InferenceError } from './inference-error.ts';

const LENGTH_BYTES = 4;
const NUL = Buffer.from([0]);

/**
 * Elements as the protocol has them in binary data: 4 bytes of length, little-endian, before each.
 * @param what names the tensor in errors.
 * @throws InferenceError where the bytes are not that.
 */
export function splitCounted(bytes: Buffer, what: string): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + LENGTH_BYTES;
    const end = start + (start <= bytes.length ? bytes.readUInt32LE(at) : 0);
    if (end > bytes.length)
      throw new InferenceError(400, `the binary data of ${what} ends inside an element`);
    elements.push(bytes.subarray(start, end));
    at = end;
  }
  return elements;
}

export function joinCounted(elements: readonly Buffer[]): Buffer {
  return Buffer.concat(
    elements.flatMap((element) => {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(element.length);
      return [length, element];
    }),
  );
}

/** Elements of a STRING tensor's bytes, each of which ends with a NUL. */
export function splitTerminated(bytes: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = 0, end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, at)) {
    elements.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return elements;
}

/**
 * @param what names the tensor in errors.
 * @throws InferenceError where an element has a NUL in it: no STRING tensor can.
 */
export function joinTerminated(elements: readonly Buffer[], what: string): Buffer {
  const broken = elements.findIndex((element) => element.includes(0));
  if (broken >= 0) throw new InferenceError(400, `element ${broken} of ${what} has a NUL byte in it`);
  return Buffer.concat(elements.flatMap((element) => [element, NUL]));
}
