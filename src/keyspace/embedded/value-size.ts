import { INLINE_BYTES } from '../../protocol/latin1.ts';
import type { StoredValue } from '../keyspace.ts';
import { collectionOf } from '../values/operations.ts';

/** A value, or what stands for one that is on the disk alone and costs nothing here. */
type Sized = StoredValue | { readonly type: 'onDisk' };

/** Costs outside of the bytes themselves, measured on 200,000 of each: heap and, for buffers, what the system allocates for them. */
const INLINE_STRING_OVERHEAD_BYTES = 240;
export const BUFFER_OVERHEAD_BYTES = 460;
const MODEL_OVERHEAD_BYTES = 500;
/** Of an experiment's arm: nearly all of it are the histograms of its statistics. */
const ARM_BYTES = 9000;

/** Bytes that belong to the value alone, those in its buffer not among them. */
export function ownBytes(value: Sized): number {
  switch (value.type) {
    case 'onDisk':
    case 'tensor':
      return 0;
    case 'string':
      return isInline(value.bytes) ? INLINE_STRING_OVERHEAD_BYTES + value.bytes.length : 0;
    case 'model':
    case 'script':
      return MODEL_OVERHEAD_BYTES;
    case 'experiment':
      return value.experiment.arms.length * ARM_BYTES;
    default:
      return collectionOf(value)?.bytes ?? 0;
  }
}

/** The buffer of a value that never changes: others may share it, and all of it stays as long as one does. */
export function bufferOf(value: Sized): ArrayBufferLike | undefined {
  switch (value.type) {
    case 'string':
      return isInline(value.bytes) ? undefined : value.bytes.buffer;
    case 'tensor':
      return value.tensor.buffer;
    case 'model':
      return value.model.blob.buffer;
    case 'script':
      return value.script.blob.buffer;
    default:
      return undefined;
  }
}

/** Whether nobody has asked for its buffer. One that begins elsewhere is a view on something larger. */
function isInline(bytes: Uint8Array): boolean {
  return bytes.length <= INLINE_BYTES && bytes.byteOffset === 0;
}
