import type { AttributeOutline, GraphOutline, NodeOutline, TensorOutline } from './outline.ts';

/** For each dimension a size that it is not under, whatever the run; 0 where nothing is known. */
export type Sizes = readonly number[];

/** Sizes beyond these are no image's, and sums of them might overflow in ONNX Runtime. */
const MAX_NUMBER = 2 ** 31;
const INT64 = 7;

/** A node with its attributes as numbers. */
export class Operator {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly #attributes: ReadonlyMap<string, AttributeOutline>;

  /** @throws RangeError when an attribute comes twice: ONNX Runtime might read the other one. */
  constructor(node: NodeOutline) {
    this.type = node.domain === '' || node.domain === 'ai.onnx' ? node.opType : '';
    this.inputs = node.input;
    this.#attributes = new Map(node.attribute.map((attribute) => [attribute.name, attribute]));
    if (this.#attributes.size < node.attribute.length) throw new RangeError('an attribute comes twice');
  }

  int(name: string): number | undefined {
    const attribute = this.#attributes.get(name);
    return attribute && bounded(attribute.i.toNumber());
  }

  ints(name: string): readonly number[] | undefined {
    return this.#attributes.get(name)?.ints.map((value) => bounded(value.toNumber()));
  }

  text(name: string): string | undefined {
    const attribute = this.#attributes.get(name);
    return attribute && Buffer.from(attribute.s).toString('latin1');
  }

  tensor(name: string): TensorOutline | undefined {
    return only(this.#attributes.get(name)?.t);
  }
}

/** The element, unless there are more: ONNX Runtime would make one of them. */
function only<T>(all: readonly T[] | undefined): T | undefined {
  return all?.length === 1 ? all[0] : undefined;
}

/** @throws RangeError */
function bounded(value: number): number {
  if (Math.abs(value) >= MAX_NUMBER) throw new RangeError(`${value} is out of bounds`);
  return value;
}

/** @throws RangeError */
function positive(value: number): number {
  if (value < 1) throw new RangeError(`${value} is not positive`);
  return value;
}

/** A window of a convolution or a pool over one dimension. */
export interface Window {
  /** From its first to its last element, the holes between included. */
  readonly reach: number;
  readonly stride: number;
  /** Both sides together; null: as many as one output for each stride takes. */
  readonly padding: number | null;
}

/** The windows of an operator over `kernel`. ONNX Runtime counts no holes when it pads by itself, so that too little is left of them. */
export function windowsOf(operator: Operator, kernel: readonly number[]): Window[] {
  const autoPad = operator.text('auto_pad') ?? 'NOTSET';
  const pads = autoPad === 'NOTSET' ? (operator.ints('pads') ?? []) : [];
  return kernel.map((size, d) => {
    const dilation = positive(operator.ints('dilations')?.[d] ?? 1);
    const isSame = autoPad.startsWith('SAME') && dilation === 1;
    const padding = (pads[d] ?? 0) + (pads[d + kernel.length] ?? 0);
    return {
      reach: (size - 1) * dilation + 1,
      stride: positive(operator.ints('strides')?.[d] ?? 1),
      padding: isSame ? null : padding,
    };
  });
}

function afterWindow(size: number, { reach, stride, padding }: Window): number {
  if (padding === null) return Math.ceil(size / stride);
  return Math.max(0, Math.floor((size + padding - reach) / stride) + 1);
}

/** What is known of a graph's values on the way through its operators. */
export class KnownSizes {
  readonly #sizes = new Map<string, Sizes>();
  readonly #tensors = new Map<string, TensorOutline>();

  /** Only what ONNX Runtime holds against the tensors themselves: it takes shapes declared of other values as hints. */
  constructor(graph: GraphOutline) {
    for (const { name, type } of graph.input) {
      const tensorType = only(only(type)?.tensorType);
      const dims = only(tensorType?.shape)?.dim;
      if (dims)
        this.#sizes.set(
          name,
          dims.map(({ dimValue }) => Math.max(0, dimValue.toNumber())),
        );
    }
    for (const tensor of graph.initializer) this.#keep(tensor.name, tensor);
  }

  of(name: string | undefined): Sizes | undefined {
    return name === undefined ? undefined : this.#sizes.get(name);
  }

  /** Learns the sizes of what comes out of a node, where it knows the operator. */
  follow(node: NodeOutline): void {
    const name = node.output[0];
    const operator = new Operator(node);
    if (!name) return;
    const tensor = operator.type === 'Constant' ? operator.tensor('value') : undefined;
    if (tensor !== undefined) this.#keep(name, tensor);
    const sizes = RULES[operator.type]?.(operator, this);
    if (sizes !== undefined) this.#sizes.set(name, sizes);
  }

  /** The elements of a constant int64 tensor. */
  content(name: string | undefined): number[] | undefined {
    const tensor = name === undefined ? undefined : this.#tensors.get(name);
    if (tensor?.dataType !== INT64) return undefined;
    const { rawData, int64Data } = tensor;
    if (rawData.length === 0) return int64Data.map((value) => bounded(value.toNumber()));
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    return Array.from({ length: rawData.length >> 3 }, (_, i) =>
      bounded(Number(view.getBigInt64(i * 8, true))),
    );
  }

  #keep(name: string, tensor: TensorOutline): void {
    this.#tensors.set(name, tensor);
    this.#sizes.set(
      name,
      tensor.dims.map((dim) => bounded(dim.toNumber())),
    );
  }
}

type Rule = (operator: Operator, known: KnownSizes) => Sizes | undefined;

const same: Rule = ({ inputs }, known) => known.of(inputs[0]);

/** Of two sizes that are broadcast the larger one comes out, unless the other is 0. */
function broadcast(a: number, b: number): number {
  const larger = Math.max(a, b);
  return Math.min(a, b) > 0 || larger > 1 ? larger : 0;
}

const broadcasting: Rule = ({ inputs }, known) => {
  const all = inputs.map((name) => known.of(name));
  if (!all.every((sizes) => sizes !== undefined)) return undefined;
  const rank = Math.max(...all.map((sizes) => sizes.length));
  return Array.from({ length: rank }, (_, d) =>
    all.map((sizes) => sizes[d - rank + sizes.length] ?? 1).reduce(broadcast),
  );
};

function windowed(
  operator: Operator,
  known: KnownSizes,
  kernel: readonly number[] | undefined,
  channels = 0,
) {
  const sizes = known.of(operator.inputs[0]);
  if (sizes === undefined || kernel?.length !== sizes.length - 2) return undefined;
  const spatial = windowsOf(operator, kernel).map((window, d) => afterWindow(sizes[d + 2] ?? 0, window));
  return [sizes[0] ?? 0, channels, ...spatial];
}

const convolution: Rule = (operator, known) => {
  const filters = known.of(operator.inputs[1]);
  return windowed(operator, known, operator.ints('kernel_shape') ?? filters?.slice(2), filters?.[0]);
};

const pool: Rule = (operator, known) =>
  windowed(operator, known, operator.ints('kernel_shape'), known.of(operator.inputs[0])?.[1]);

const concat: Rule = (operator, known) => {
  const all = operator.inputs.map((name) => known.of(name));
  const rank = all.find((sizes) => sizes !== undefined)?.length;
  if (rank === undefined) return undefined;
  const axis = operator.int('axis') ?? 1;
  return Array.from({ length: rank }, (_, d) => {
    const column = all.map((sizes) => sizes?.[d] ?? 0);
    return d === (axis < 0 ? axis + rank : axis) ? column.reduce((a, b) => a + b, 0) : Math.max(...column);
  });
};

const transpose: Rule = (operator, known) => {
  const sizes = known.of(operator.inputs[0]);
  const order = operator.ints('perm') ?? sizes?.map((_, d) => d).reverse();
  return sizes && order?.map((from) => sizes[from] ?? 0);
};

const reshape: Rule = (operator, known) =>
  known.content(operator.inputs[1])?.map((size) => Math.max(0, size));

const pad: Rule = (operator, known) => {
  const sizes = known.of(operator.inputs[0]);
  const pads = known.content(operator.inputs[1]) ?? operator.ints('pads');
  if (sizes === undefined || operator.inputs.length > 3 || pads?.length !== sizes.length * 2)
    return undefined;
  return sizes.map((size, d) => Math.max(0, size + (pads[d] ?? 0) + (pads[d + sizes.length] ?? 0)));
};

const alike = (names: string, rule: Rule) =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule] as const));

const RULES: Readonly<Record<string, Rule>> = {
  ...alike('Identity Cast Dropout BatchNormalization InstanceNormalization LRN QuantizeLinear', same),
  ...alike('DequantizeLinear Relu LeakyRelu Elu Selu Celu Gelu Clip Sigmoid HardSigmoid Tanh', same),
  ...alike(
    'Softplus Softsign HardSwish Mish Abs Neg Exp Log Sqrt Reciprocal Erf Floor Ceil Round Softmax',
    same,
  ),
  ...alike('Add Sub Mul Div Pow Max Min Sum PRelu', broadcasting),
  Conv: convolution,
  MaxPool: pool,
  AveragePool: pool,
  Concat: concat,
  Transpose: transpose,
  Reshape: reshape,
  Pad: pad,
};
