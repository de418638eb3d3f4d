import { Table } from './flatbuffer.ts';

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

/** Places of fields in schema.fbs of TensorFlow Lite, version 3. */
const MODEL = { operatorCodes: 1, subgraphs: 2, signatures: 7 };
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3 };
const TENSOR = { shape: 0, type: 1, isVariable: 5, shapeSignature: 7 };
const OPERATOR = { code: 0, inputs: 1 };
const OPERATOR_CODE = { oldCode: 0, code: 3 };
const SIGNATURE = { subgraph: 4 };

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

/** Whether the model has heavy operators on unsigned 8-bit integers, and no inputs or outputs that the WASM module does not give out. */
export function runsFasterInWasm(bytes: Uint8Array): boolean {
  try {
    const model = root(bytes);
    const codes = model
      .tables(MODEL.operatorCodes)
      .map((code) => Math.max(code.byte(OPERATOR_CODE.oldCode), code.unsigned(OPERATOR_CODE.code)));
    const subgraph = at(model.tables(MODEL.subgraphs), 0);
    const types = subgraph.tables(SUBGRAPH.tensors).map((tensor) => tensor.byte(TENSOR.type));
    const ends = [...subgraph.integers(SUBGRAPH.inputs), ...subgraph.integers(SUBGRAPH.outputs)];
    return (
      ends.every((index) => TYPES_IN_WASM.includes(types[index] ?? UINT8)) &&
      subgraph.tables(SUBGRAPH.operators).some((operator) => {
        const [first = -1] = operator.integers(OPERATOR.inputs);
        return HEAVY.includes(codes[operator.unsigned(OPERATOR.code)] ?? -1) && types[first] === UINT8;
      })
    );
  } catch {
    return false;
  }
}

/** A copy of the file in which two subgraphs have changed places: that one, and the first. */
export function withFirst(bytes: Uint8Array, subgraph: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  root(copy).swap(MODEL.subgraphs, 0, subgraph);
  return copy;
}

function root(bytes: Uint8Array): Table {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new Table(view, view.getUint32(0, true));
}

function at(tables: readonly Table[], index: number): Table {
  const table = tables[index];
  if (table === undefined) throw new RangeError('an index beyond the end');
  return table;
}
