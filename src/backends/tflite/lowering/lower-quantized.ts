import type { Dtype } from '../../../tensors/dtype.ts';
import type { DataType } from '../../onnx-graph/data-types.ts';
import { GraphBuilder } from '../../onnx-graph/graph-builder.ts';
import type { Shape, Value } from '../../onnx-graph/value.ts';
import type { DeclaredInput } from '../input-shape.ts';
import { LOWERINGS } from './operators.ts';
import { QuantizedGraph } from './quantized-graph.ts';
import { NotLowered, readQuantizedModel } from './quantized-model.ts';

const DTYPES: Partial<Record<DataType, Dtype>> = { float: 'FLOAT', int32: 'INT32', uint8: 'UINT8' };

/** A model as an ONNX graph. Its inputs and outputs are those of the model, as the model lays them out. */
export interface LoweredModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly DeclaredInput[];
  readonly outputs: readonly string[];
  /** Whether dimension 0 may be another one than the model says. */
  readonly takesRows: boolean;
}

/**
 * Lowers a model of unsigned 8-bit operators to ONNX, with quantize and dequantize nodes that ONNX Runtime makes 8-bit kernels of. Null where
 * something in it has no lowering; never wrong for the rest: what an operator leaves open is not guessed.
 */
export function lowerQuantized(bytes: Uint8Array): LoweredModel | null {
  try {
    // Rows of a graph that a reshape fixes are those that the model says.
    return lower(bytes, true) ?? lower(bytes, false);
  } catch (error) {
    if (error instanceof NotLowered || error instanceof RangeError) return null;
    throw error;
  }
}

/** Null where the rows cannot be left open. */
function lower(bytes: Uint8Array, takesRows: boolean): LoweredModel | null {
  const model = readQuantizedModel(bytes);
  const builder = GraphBuilder.create();
  const graph = new QuantizedGraph(builder);
  for (const tensor of model.inputs) {
    if (tensor.data !== null) throw new NotLowered('an input that is a constant');
    const shape: Shape =
      takesRows && tensor.shape.length > 0 ? ['rows', ...tensor.shape.slice(1)] : tensor.shape;
    graph.set(tensor, builder.input(tensor.dtype, shape));
  }
  for (const operator of model.operators) {
    const lowering = LOWERINGS.get(operator.code);
    if (lowering === undefined) throw new NotLowered(`operator ${operator.code}`);
    lowering(graph, operator);
  }
  const outputs: Value[] = model.outputs.map((tensor) => graph.stored(tensor, 'rowMajor'));
  for (const value of outputs) builder.output(value);
  if (takesRows && !outputs.every(({ shape }) => shape?.[0] === 'rows')) return null;
  return {
    bytes: builder.bytes(),
    inputs: model.inputs.map(({ name, dtype, shape }) => ({
      ...{ name, dtype: DTYPES[dtype], typeName: dtype },
      ...{ declared: shape, own: shape },
    })),
    outputs: model.outputs.map(({ name }) => name),
    takesRows,
  };
}
