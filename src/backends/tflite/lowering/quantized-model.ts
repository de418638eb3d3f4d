import type { DataType } from '../../onnx-graph/data-types.ts';
import { sizeOf } from '../../onnx-graph/host-tensor.ts';
import type { Table } from '../flatbuffer.ts';
import { root } from '../model-file.ts';
import { BUFFER, MODEL, OPERATOR, OPERATOR_CODE, QUANTIZATION, SUBGRAPH, TENSOR } from '../schema.ts';

/** By TensorType of the schema. */
const TYPES: Partial<Record<number, DataType>> = { 0: 'float', 2: 'int32', 3: 'uint8' };
const BYTES: Partial<Record<DataType, number>> = { float: 4, int32: 4, uint8: 1 };

/** One tensor of the model: a constant where it has data. Quantized: real = scale * (element - zeroPoint). */
export interface QuantizedTensor {
  readonly index: number;
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: Uint8Array | null;
  /** Null where the elements stand for themselves. */
  readonly scale: number | null;
  readonly zeroPoint: number;
}

export interface QuantizedOperator {
  /** BuiltinOperator of the schema. */
  readonly code: number;
  readonly inputs: readonly (QuantizedTensor | null)[];
  readonly output: QuantizedTensor;
  readonly options: Table | undefined;
}

export interface QuantizedModel {
  readonly inputs: readonly QuantizedTensor[];
  readonly outputs: readonly QuantizedTensor[];
  readonly operators: readonly QuantizedOperator[];
}

/** Something that has no lowering: the model runs in a runtime of TensorFlow Lite. */
export class NotLowered extends Error {}

/** The first subgraph of a model, all of whose tensors are float, int32, or unsigned bytes with one scale each. @throws NotLowered, RangeError */
export function readQuantizedModel(bytes: Uint8Array): QuantizedModel {
  const model = root(bytes);
  const codes = model
    .tables(MODEL.operatorCodes)
    .map((code) => Math.max(code.byte(OPERATOR_CODE.oldCode), code.unsigned(OPERATOR_CODE.code)));
  const subgraphs = model.tables(MODEL.subgraphs);
  const [subgraph] = subgraphs;
  if (subgraph === undefined || subgraphs.length > 1) throw new NotLowered('several subgraphs');
  const buffers = model.tables(MODEL.buffers);
  const tensors = subgraph
    .tables(SUBGRAPH.tensors)
    .map((tensor, index) => readTensor(tensor, index, buffers[tensor.unsigned(TENSOR.buffer)]));
  const known = (index: number): QuantizedTensor => {
    const tensor = tensors[index];
    if (tensor === undefined) throw new RangeError('an index beyond the end');
    return tensor;
  };
  const operators = subgraph.tables(SUBGRAPH.operators).map((operator) => {
    const [output, ...others] = operator.integers(OPERATOR.outputs);
    if (output === undefined || others.length > 0) throw new NotLowered('an operator with several outputs');
    return {
      code: codes[operator.unsigned(OPERATOR.code)] ?? -1,
      inputs: operator.integers(OPERATOR.inputs).map((index) => (index < 0 ? null : known(index))),
      output: known(output),
      options: operator.table(OPERATOR.options),
    };
  });
  return {
    inputs: subgraph.integers(SUBGRAPH.inputs).map(known),
    outputs: subgraph.integers(SUBGRAPH.outputs).map(known),
    operators,
  };
}

function readTensor(tensor: Table, index: number, buffer: Table | undefined): QuantizedTensor {
  const dtype = TYPES[tensor.byte(TENSOR.type)];
  if (dtype === undefined) throw new NotLowered('a tensor of another type');
  const shape = tensor.integers(TENSOR.shape);
  const isOpen = tensor.integers(TENSOR.shapeSignature).some((size, d) => size < 0 && d > 0);
  if (isOpen || tensor.byte(TENSOR.isVariable) !== 0) throw new NotLowered('sizes or tensors that vary');
  const bytes = buffer?.bytes(BUFFER.data);
  const data = bytes === undefined || bytes.length === 0 ? null : bytes;
  if (data !== null && data.length !== sizeOf(shape) * (BYTES[dtype] as number)) {
    throw new NotLowered('a constant of another size than its shape');
  }
  const quantization = tensor.table(TENSOR.quantization);
  const [scale = null, ...scales] = quantization?.floats(QUANTIZATION.scale) ?? [];
  if (scales.length > 0) throw new NotLowered('a scale for each channel');
  const [zeroPoint = 0] = quantization?.longs(QUANTIZATION.zeroPoint) ?? [];
  if (scale !== null && !(scale > 0 && Number.isFinite(scale))) throw new NotLowered('a scale that is none');
  return { index, name: tensor.text(TENSOR.name), dtype, shape, data, scale, zeroPoint };
}
