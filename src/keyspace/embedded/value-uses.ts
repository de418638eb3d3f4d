import type { Runnable } from '../../backends/model.ts';
import { noKeys, type StoredValue, type ValueType } from '../keyspace.ts';
import { BUFFER_OVERHEAD_BYTES, bufferOf } from './value-size.ts';

type Uses<K extends object> = Pick<WeakMap<K, number>, 'get' | 'set' | 'delete'>;
type Value = StoredValue | { readonly type: 'onDisk'; readonly of: ValueType };

/**
 * How often the buffers, models and scripts of values are used: a buffer that several share counts once, and a model or script is dropped with
 * its last key.
 */
export class ValueUses {
  /** Weak, though counted: the table that a growing Map leaves behind keeps its keys, and these are large. */
  readonly #buffers = new WeakMap<ArrayBufferLike, number>();
  readonly #models = new Map<Runnable, number>();
  readonly #droppedListeners: ((model: Runnable) => void)[] = [];
  readonly byType = noKeys();
  #bytes = 0;

  /** What all buffers in use take. */
  get bytes(): number {
    return this.#bytes;
  }

  onModelDropped(listener: (model: Runnable) => void): void {
    this.#droppedListeners.push(listener);
  }

  retain(value: Value): void {
    this.#count(value, 1);
    const model = runnableOf(value);
    if (model !== undefined) count(this.#models, model, 1);
    const buffer = bufferOf(value);
    if (buffer !== undefined) this.use(buffer, 1);
  }

  release(value: Value): void {
    this.#count(value, -1);
    const buffer = bufferOf(value);
    if (buffer !== undefined) this.use(buffer, -1);
    const model = runnableOf(value);
    if (model !== undefined && count(this.#models, model, -1) === 0) {
      for (const listener of this.#droppedListeners) listener(model);
    }
  }

  /** Counts the first use of a buffer, and the last one's end. */
  use(buffer: ArrayBufferLike, by: 1 | -1): void {
    const uses = count(this.#buffers, buffer, by);
    if (by === 1 && uses === 1) this.#bytes += costOf(buffer);
    else if (uses === 0) this.#bytes -= costOf(buffer);
  }

  #count(value: Value, by: 1 | -1): void {
    const counts = this.byType[value.type === 'onDisk' ? value.of : value.type];
    counts.keys += by;
    counts.bytes += by * payloadBytes(value);
  }

  /** What the value's buffer takes, divided among all that use it. */
  shareOf(value: Value): number {
    const buffer = bufferOf(value);
    return buffer === undefined ? 0 : Math.round(costOf(buffer) / (this.#buffers.get(buffer) ?? 1));
  }
}

/** The bytes of values that never change; collections, and what is on the disk alone, have none here. */
function payloadBytes(value: Value): number {
  switch (value.type) {
    case 'string':
      return value.bytes.byteLength;
    case 'tensor':
      return value.tensor.byteLength;
    case 'model':
      return value.model.blob.byteLength;
    case 'script':
      return value.script.blob.byteLength;
    default:
      return 0;
  }
}

function runnableOf(value: Value): Runnable | undefined {
  if (value.type === 'model') return value.model;
  return value.type === 'script' ? value.script : undefined;
}

function count<K extends object>(uses: Uses<K>, key: K, by: number): number {
  const now = (uses.get(key) ?? 0) + by;
  if (now === 0) uses.delete(key);
  else uses.set(key, now);
  return now;
}

function costOf(buffer: ArrayBufferLike): number {
  return BUFFER_OVERHEAD_BYTES + buffer.byteLength;
}
