/** A size that the model leaves open. */
export const ANY_SIZE = -1;

/** What the file says of the inputs and outputs that the runtimes do not tell. */
export interface ModelFile {
  /** Declared shapes of the inputs, ANY_SIZE where each run may have another one. */
  readonly inputShapes: readonly (readonly number[])[];
  /** The subgraph of the first signature; 0 where there is no signature. */
  readonly firstSubgraph: number;
}

const MODEL = { subgraphs: 2, signatures: 7 };
const SUBGRAPH = { tensors: 0, inputs: 1 };
const TENSOR = { shape: 0, shapeSignature: 7 };
const SIGNATURE = { subgraph: 4 };

/** Reads a .tflite file (schema.fbs of TensorFlow Lite, version 3). @throws RangeError where it is none. */
export function readModelFile(bytes: Uint8Array): ModelFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const model = new Table(view, view.getUint32(0, true));
  const firstSubgraph = model.tables(MODEL.signatures)[0]?.unsigned(SIGNATURE.subgraph) ?? 0;
  const subgraph = model.tables(MODEL.subgraphs)[firstSubgraph];
  if (subgraph === undefined) throw new RangeError('no subgraph');
  const tensors = subgraph.tables(SUBGRAPH.tensors);
  const inputShapes = subgraph.integers(SUBGRAPH.inputs).map((index) => {
    const tensor = tensors[index];
    if (tensor === undefined) throw new RangeError('no such tensor');
    const shape = tensor.integers(TENSOR.shape);
    const signature = tensor.integers(TENSOR.shapeSignature);
    return signature.length === shape.length ? signature : shape;
  });
  return { inputShapes, firstSubgraph };
}

/** A table of a flatbuffer. Fields by their place in the schema; those that are absent are empty, or 0. */
class Table {
  readonly #view: DataView;
  readonly #at: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  unsigned(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : this.#view.getUint32(at, true);
  }

  integers(field: number): number[] {
    return this.#vector(field).map((at) => this.#view.getInt32(at, true));
  }

  tables(field: number): Table[] {
    return this.#vector(field).map((at) => new Table(this.#view, at + this.#view.getUint32(at, true)));
  }

  /** Where the 4-byte elements of a vector are. */
  #vector(field: number): number[] {
    const at = this.#field(field);
    if (at === undefined) return [];
    const start = at + this.#view.getUint32(at, true);
    const length = this.#view.getUint32(start, true);
    if (length > this.#view.byteLength / 4) throw new RangeError('a vector is longer than the file');
    return Array.from({ length }, (_, i) => start + 4 + 4 * i);
  }

  #field(field: number): number | undefined {
    const vtable = this.#at - this.#view.getInt32(this.#at, true);
    const entry = 4 + 2 * field;
    if (entry >= this.#view.getUint16(vtable, true)) return undefined;
    const offset = this.#view.getUint16(vtable + entry, true);
    return offset === 0 ? undefined : this.#at + offset;
  }
}
