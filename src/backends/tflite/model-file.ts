import { Table } from './flatbuffer.ts';
import { MODEL, OPERATOR, OPERATOR_CODE, SIGNATURE, SUBGRAPH, TENSOR } from './schema.ts';

/** A size that the model leaves open. */
export const ANY_SIZE = -1;

/** What the file says that the runtimes do not tell. */
export interface ModelFile {
  /** Declared shapes of the inputs, ANY_SIZE where each run may have another one. */
  readonly inputShapes: readonly (readonly number[])[];
  /** The subgraph of the first signature; 0 where there is no signature. */
  readonly firstSubgraph: number;
  /** Whether a run leaves something behind for the next one. */
  readonly isStateful: boolean;
}

/** Of BuiltinOperator: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, where the time goes. */
const HEAVY = [3, 4, 9];
/** Of TensorType. */
const UINT8 = 3;
/** Of TensorType, those that the WASM module gives out: FLOAT32, INT32, UINT8, BOOL, INT16, INT8. */
const TYPES_IN_WASM = [0, 2, 3, 6, 7, 9];

/** Reads a .tflite file. @throws RangeError where it is none. */
export function readModelFile(bytes: Uint8Array): ModelFile {
  const model = root(bytes);
  const firstSubgraph = model.tables(MODEL.signatures)[0]?.unsigned(SIGNATURE.subgraph) ?? 0;
  const subgraph = at(model.tables(MODEL.subgraphs), firstSubgraph);
  const tensors = subgraph.tables(SUBGRAPH.tensors);
  const inputShapes = subgraph.integers(SUBGRAPH.inputs).map((index) => {
    const tensor = at(tensors, index);
    const shape = tensor.integers(TENSOR.shape);
    const signature = tensor.integers(TENSOR.shapeSignature);
    return signature.length === shape.length ? signature : shape;
  });
  const isStateful = tensors.some((tensor) => tensor.byte(TENSOR.isVariable) !== 0);
  return { inputShapes, firstSubgraph, isStateful };
}

/** Whether the model has heavy operators on unsigned 8-bit integers, which the library is slow at. */
export function hasUnsignedOperators(bytes: Uint8Array): boolean {
  try {
    const model = root(bytes);
    const codes = model
      .tables(MODEL.operatorCodes)
      .map((code) => Math.max(code.byte(OPERATOR_CODE.oldCode), code.unsigned(OPERATOR_CODE.code)));
    const subgraph = at(model.tables(MODEL.subgraphs), 0);
    const types = typesOf(subgraph);
    return subgraph.tables(SUBGRAPH.operators).some((operator) => {
      const [first = -1] = operator.integers(OPERATOR.inputs);
      return HEAVY.includes(codes[operator.unsigned(OPERATOR.code)] ?? -1) && types[first] === UINT8;
    });
  } catch {
    return false;
  }
}

/** Whether the model has no inputs or outputs but those of types that the WASM module gives out. */
export function fitsWasm(bytes: Uint8Array): boolean {
  try {
    const subgraph = at(root(bytes).tables(MODEL.subgraphs), 0);
    const types = typesOf(subgraph);
    const ends = [...subgraph.integers(SUBGRAPH.inputs), ...subgraph.integers(SUBGRAPH.outputs)];
    return ends.every((index) => TYPES_IN_WASM.includes(types[index] ?? UINT8));
  } catch {
    return false;
  }
}

function typesOf(subgraph: Table): number[] {
  return subgraph.tables(SUBGRAPH.tensors).map((tensor) => tensor.byte(TENSOR.type));
}

/** A copy of the file in which two subgraphs have changed places: that one, and the first. */
export function withFirst(bytes: Uint8Array, subgraph: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  root(copy).swap(MODEL.subgraphs, 0, subgraph);
  return copy;
}

/** The model's table. */
export function root(bytes: Uint8Array): Table {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new Table(view, view.getUint32(0, true));
}

function at(tables: readonly Table[], index: number): Table {
  const table = tables[index];
  if (table === undefined) throw new RangeError('an index beyond the end');
  return table;
}
