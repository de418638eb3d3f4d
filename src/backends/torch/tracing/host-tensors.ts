import { DATA_TYPES, type DataType } from '../../onnx-graph/data-types.ts';
import { type HostTensor, sizeOf } from '../../onnx-graph/host-tensor.ts';
import type { PickledTensor } from '../archive/pickle.ts';
import { ScriptError } from '../interpreter/values.ts';

const STORAGES: Readonly<Record<string, DataType>> = {
  ...{ FloatStorage: 'float', DoubleStorage: 'double', HalfStorage: 'float16', BoolStorage: 'bool' },
  ...{ LongStorage: 'int64', IntStorage: 'int32', ShortStorage: 'int16', CharStorage: 'int8' },
  ByteStorage: 'uint8',
};
const BFLOAT16 = 'BFloat16Storage';
/** A tensor may show the elements of its storage several times; one that comes to more bytes than this by that is damage. */
const MAX_REPEATED = 64 * 2 ** 20;

const known = new WeakMap<PickledTensor, HostTensor>();

/**
 * A tensor of an archive, the same one each time; a view of the archive's bytes where it lies in them in order.
 * @throws ScriptError
 */
export function toHostTensor(tensor: PickledTensor): HostTensor {
  const made = known.get(tensor) ?? read(tensor);
  known.set(tensor, made);
  return made;
}

function read(tensor: PickledTensor): HostTensor {
  const { storage, offset, shape, strides } = tensor;
  const dtype = storage.type === BFLOAT16 ? 'float' : STORAGES[storage.type];
  if (dtype === undefined) throw new ScriptError(`tensors of ${storage.type} are not supported`);
  const width = storage.type === BFLOAT16 ? 2 : DATA_TYPES[dtype].bytes;
  const count = sizeOf(shape);
  const last = count === 0 ? -1 : shape.reduce((sum, size, d) => sum + (size - 1) * (strides[d] ?? 0), 0);
  if (strides.length !== shape.length || (offset + last + 1) * width > storage.bytes.length) {
    throw new ScriptError('a tensor of the archive goes past the end of its storage');
  }
  if (count * width > Math.max(storage.bytes.length, MAX_REPEATED)) {
    throw new ScriptError('a tensor of the archive is much larger than its storage');
  }
  const bytes = inOrder(shape, strides)
    ? storage.bytes.subarray(offset * width, (offset + count) * width)
    : gathered(tensor, width, count);
  return { dtype, shape, bytes: storage.type === BFLOAT16 ? widened(bytes) : bytes };
}

function inOrder(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && strides[d] !== expected) return false;
    expected *= shape[d] as number;
  }
  return true;
}

function gathered(
  { storage, offset, shape, strides }: PickledTensor,
  width: number,
  count: number,
): Uint8Array {
  const bytes = new Uint8Array(count * width);
  const at = shape.map(() => 0);
  for (let i = 0; i < count; i++) {
    const from = at.reduce((sum, x, d) => sum + x * (strides[d] as number), offset) * width;
    bytes.set(storage.bytes.subarray(from, from + width), i * width);
    for (let d = shape.length - 1; d >= 0; d--) {
      at[d] = (at[d] as number) + 1;
      if ((at[d] as number) < (shape[d] as number)) break;
      at[d] = 0;
    }
  }
  return bytes;
}

/** bfloat16 is the upper half of a float. */
function widened(bytes: Uint8Array): Uint8Array {
  const wide = new Uint8Array(bytes.length * 2);
  for (let i = 0; i < bytes.length; i += 2) {
    wide[2 * i + 2] = bytes[i] as number;
    wide[2 * i + 3] = bytes[i + 1] as number;
  }
  return wide;
}
