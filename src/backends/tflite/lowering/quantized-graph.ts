import type { DataType } from '../../onnx-graph/data-types.ts';
import type { Attributes, GraphBuilder } from '../../onnx-graph/graph-builder.ts';
import { hostTensor } from '../../onnx-graph/host-tensor.ts';
import type { Shape, Value } from '../../onnx-graph/value.ts';
import { NotLowered, type QuantizedTensor } from './quantized-model.ts';

/** Images lie in memory as the model has them, channels last, or as ONNX's operators want them, channels first. */
export type Layout = 'rowMajor' | 'channelsFirst';

const PERMUTATIONS: Readonly<Record<Layout, readonly number[]>> = {
  channelsFirst: [0, 3, 1, 2],
  rowMajor: [0, 2, 3, 1],
};

/** The values of a model's tensors in the graph, quantized as the model has them, in one layout or both. */
export class QuantizedGraph {
  readonly builder: GraphBuilder;
  readonly #values = new Map<number, Partial<Record<Layout, Value>>>();

  constructor(builder: GraphBuilder) {
    this.builder = builder;
  }

  set(tensor: QuantizedTensor, value: Value, layout: Layout = 'rowMajor'): void {
    this.#values.set(tensor.index, { [layout]: value });
  }

  /** The elements as the model has them; of constants always row-major. @throws NotLowered where nothing has made them. */
  stored(tensor: QuantizedTensor, layout: Layout): Value {
    if (tensor.data !== null) {
      const { dtype, shape, data } = tensor;
      return this.builder.constant({ dtype, shape, bytes: data });
    }
    const values = this.#values.get(tensor.index);
    if (values === undefined) throw new NotLowered('a tensor that nothing makes');
    const found = values[layout];
    if (found !== undefined) return found;
    const other = values[layout === 'rowMajor' ? 'channelsFirst' : 'rowMajor'] as Value;
    const value = this.#inLayout(other, layout);
    values[layout] = value;
    return value;
  }

  /** The numbers that the elements stand for. */
  real(tensor: QuantizedTensor, layout: Layout = 'rowMajor'): Value {
    return this.dequantized(this.stored(tensor, layout), tensor);
  }

  /** Of elements that were moved, too. @param scale instead of the tensor's own. */
  dequantized(value: Value, { scale: own, zeroPoint }: QuantizedTensor, scale = own): Value {
    if (value.dtype === 'float') return value;
    if (scale === null) throw new NotLowered('integers that stand for themselves');
    return this.#emit('DequantizeLinear', value, scale, zeroPoint, value.dtype, 'float');
  }

  /** Keeps the numbers as the model wants them. */
  setReal(tensor: QuantizedTensor, value: Value, layout: Layout = 'rowMajor'): void {
    const { dtype, scale, zeroPoint } = tensor;
    if (dtype === 'float') this.set(tensor, value, layout);
    else if (dtype !== 'uint8' || scale === null) throw new NotLowered(`a result of ${dtype}`);
    else this.set(tensor, this.#emit('QuantizeLinear', value, scale, zeroPoint, dtype, dtype), layout);
  }

  /** One operator, of the shape that its rule says. */
  emit(op: string, inputs: readonly (Value | null)[], attributes: Attributes = {}): Value {
    return this.builder.emit(op, inputs, attributes);
  }

  #emit(op: string, value: Value, scale: number, zeroPoint: number, at: DataType, to: DataType): Value {
    const zero = this.builder.constant(hostTensor(at, [], [zeroPoint]));
    const outputs = [{ dtype: to, shape: value.shape as Shape }];
    return this.builder.emit(op, [value, this.builder.scalar('float', scale), zero], {}, { outputs });
  }

  #inLayout(value: Value, layout: Layout): Value {
    if (value.shape?.length !== 4) throw new NotLowered('an image that is none');
    return this.emit('Transpose', [value], { perm: PERMUTATIONS[layout] });
  }
}
