import { seededRandom } from '../../scripts/onnx-builder.ts';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { type Attr, attr, constant, placeholder, type TfNode, tensor } from './tensorflow-graphs.ts';

/** A network as TensorFlow would freeze it, with random weights. */
export interface TensorflowModel {
  readonly name: string;
  readonly nodes: readonly TfNode[];
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly string[];
}

const FLOAT = { T: attr.type('float') };

/** Nodes one after the other, each named after its op; what adds one returns its name. */
class Network {
  readonly nodes: TfNode[] = [];
  readonly feeds: Record<string, Tensor> = {};
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  numbers(count: number, low = -1, high = 1): number[] {
    return Array.from({ length: count }, () => low + this.#random() * (high - low));
  }

  /** An image or the like, fed with noise. */
  feed(name: string, shape: readonly number[]): string {
    this.nodes.push(placeholder(name, 'float', [-1, ...shape.slice(1)]));
    this.feeds[name] = tensor('FLOAT', shape, this.numbers(shape.reduce((a, b) => a * b)));
    return name;
  }

  feedInts(name: string, shape: readonly number[], below: number): string {
    this.nodes.push(placeholder(name, 'int32', [-1, ...shape.slice(1)]));
    const values = this.numbers(
      shape.reduce((a, b) => a * b),
      0,
      below,
    ).map(Math.floor);
    this.feeds[name] = tensor('INT32', shape, values);
    return name;
  }

  add(op: string, input: readonly string[], attributes: Record<string, Attr> = {}): string {
    const name = `${op}_${this.nodes.length}`;
    this.nodes.push({ name, op, input, attr: { ...FLOAT, ...attributes } });
    return name;
  }

  constant(shape: readonly number[], values: readonly number[], dtype: 'float' | 'int32' = 'float'): string {
    const name = `Const_${this.nodes.length}`;
    this.nodes.push(constant(name, dtype, shape, values));
    return name;
  }

  ints(...values: number[]): string {
    return this.constant([values.length], values, 'int32');
  }

  /** Weights that keep the size of what goes through them. */
  weights(...shape: number[]): string {
    const inputs = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const limit = Math.sqrt(3 / inputs);
    return this.constant(shape, this.numbers(inputs * (shape.at(-1) as number), -limit, limit));
  }

  normalized(x: string, channels: number): string {
    const [scale, offset, mean, variance] = [
      [0.5, 1.5],
      [-0.2, 0.2],
      [-0.2, 0.2],
      [0.5, 1.5],
    ].map(([low, high]) => this.constant([channels], this.numbers(channels, low, high))) as [
      string,
      string,
      string,
      string,
    ];
    const attributes = {
      epsilon: attr.float(1e-3),
      is_training: attr.bool(false),
      data_format: attr.text('NHWC'),
    };
    return this.add('FusedBatchNormV3', [x, scale, offset, mean, variance], attributes);
  }

  convolved(x: string, size: number, [from, to]: readonly [number, number], stride = 1): string {
    const strides = { strides: attr.ints(1, stride, stride, 1), padding: attr.text('SAME') };
    return this.add('Conv2D', [x, this.weights(size, size, from, to)], strides);
  }

  /** A depthwise convolution and one of single pixels, as MobileNet has them. */
  separable(x: string, [from, to]: readonly [number, number], stride = 1): string {
    const strides = { strides: attr.ints(1, stride, stride, 1), padding: attr.text('SAME') };
    const filters = this.constant([3, 3, from, 1], this.numbers(9 * from, -0.6, 0.6));
    const each = this.add('DepthwiseConv2dNative', [x, filters], strides);
    const active = this.add('Relu6', [this.normalized(each, from)]);
    return this.add('Relu6', [this.normalized(this.convolved(active, 1, [from, to]), to)]);
  }

  dense(x: string, [from, to]: readonly [number, number]): string {
    const bias = this.constant([to], this.numbers(to, -0.1, 0.1));
    return this.add('BiasAdd', [this.add('MatMul', [x, this.weights(from, to)]), bias]);
  }

  reshaped(x: string, ...shape: number[]): string {
    return this.add('Reshape', [x, this.ints(...shape)]);
  }

  transposed(x: string, ...perm: number[]): string {
    return this.add('Transpose', [x, this.ints(...perm)]);
  }

  number(x: number): string {
    return this.constant([], [x]);
  }

  model(name: string, ...outputs: string[]): TensorflowModel {
    return { name, nodes: this.nodes, feeds: this.feeds, outputs };
  }
}

/** ResNet-50: 3, 4, 6 and 3 blocks of three convolutions with a way around, an eighth as wide as the original. */
export function resnet(): TensorflowModel {
  const net = new Network(50);
  const pool = { ksize: attr.ints(1, 3, 3, 1), strides: attr.ints(1, 2, 2, 1), padding: attr.text('SAME') };
  const stem = net.convolved(net.feed('image', [2, 32, 32, 3]), 7, [3, 16], 2);
  let x = net.add('MaxPool', [net.add('Relu', [net.normalized(stem, 16)])], pool);
  const stages = [
    { blocks: 3, to: 32, stride: 1 },
    { blocks: 4, to: 64, stride: 2 },
    { blocks: 6, to: 128, stride: 2 },
    { blocks: 3, to: 256, stride: 2 },
  ];
  const blocks = stages.flatMap(({ blocks: count, to, stride }) =>
    Array.from({ length: count }, (_, i) => ({ to, stride: i === 0 ? stride : 1 })),
  );
  let from = 16;
  for (const { to, stride } of blocks) {
    const inner = to / 4;
    const first = net.add('Relu', [net.normalized(net.convolved(x, 1, [from, inner]), inner)]);
    const second = net.add('Relu', [net.normalized(net.convolved(first, 3, [inner, inner], stride), inner)]);
    const third = net.normalized(net.convolved(second, 1, [inner, to]), to);
    const around = from === to ? x : net.normalized(net.convolved(x, 1, [from, to], stride), to);
    x = net.add('Relu', [net.add('AddV2', [third, around])]);
    from = to;
  }
  const mean = net.add('Mean', [x, net.ints(1, 2)], { keep_dims: attr.bool(false) });
  return net.model('resnet50', net.add('Softmax', [net.dense(mean, [256, 10])]));
}

/** Separable convolutions, an average pool, and the classes as a convolution of one pixel. */
export function mobilenet(): TensorflowModel {
  const net = new Network(1);
  const image = net.feed('image', [1, 32, 32, 3]);
  const scaled = net.add('Sub', [net.add('Mul', [image, net.number(2)]), net.number(1)]);
  let x = net.add('Relu6', [net.normalized(net.convolved(scaled, 3, [3, 8], 2), 8)]);
  x = net.separable(x, [8, 16]);
  x = net.separable(x, [16, 32], 2);
  x = net.separable(x, [32, 32], 2);
  const pool = { ksize: attr.ints(1, 4, 4, 1), strides: attr.ints(1, 1, 1, 1), padding: attr.text('VALID') };
  const logits = net.convolved(net.add('AvgPool', [x], pool), 1, [32, 10]);
  return net.model('mobilenet', net.add('Softmax', [net.reshaped(logits, -1, 10)]));
}

const [TOKENS, LENGTH, WIDTH, HEADS] = [50, 12, 32, 4];

function layerNorm(net: Network, x: string): string {
  const last = net.ints(-1);
  const keep = { keep_dims: attr.bool(true) };
  const mean = net.add('Mean', [x, last], keep);
  const variance = net.add('Mean', [net.add('SquaredDifference', [x, mean]), last], keep);
  const deviation = net.add('Rsqrt', [net.add('AddV2', [variance, net.number(1e-6)])]);
  const scale = net.add('Mul', [deviation, net.constant([WIDTH], net.numbers(WIDTH, 0.8, 1.2))]);
  const offset = net.add('Sub', [
    net.constant([WIDTH], net.numbers(WIDTH, -0.1, 0.1)),
    net.add('Mul', [mean, scale]),
  ]);
  return net.add('AddV2', [net.add('Mul', [x, scale]), offset]);
}

function attention(net: Network, x: string, mask: string): string {
  const heads = () => {
    const split = net.reshaped(net.dense(x, [WIDTH, WIDTH]), -1, LENGTH, HEADS, WIDTH / HEADS);
    return net.transposed(split, 0, 2, 1, 3);
  };
  const scores = net.add('BatchMatMulV2', [heads(), heads()], { adj_y: attr.bool(true) });
  const scaled = net.add('Mul', [scores, net.number(1 / Math.sqrt(WIDTH / HEADS))]);
  const weights = net.add('Softmax', [net.add('AddV2', [scaled, mask])]);
  const mixed = net.transposed(net.add('BatchMatMulV2', [weights, heads()]), 0, 2, 1, 3);
  return net.dense(net.reshaped(mixed, -1, WIDTH), [WIDTH, WIDTH]);
}

/** Two layers of an encoder over embeddings, with a mask, and the pooled first token. */
export function bert(): TensorflowModel {
  const net = new Network(2);
  const ids = net.feedInts('ids', [2, LENGTH], TOKENS);
  const given = net.feedInts('mask', [2, LENGTH], 2);
  const gather = { Tparams: attr.type('float'), Tindices: attr.type('int32'), Taxis: attr.type('int32') };
  const axis = net.constant([], [0], 'int32');
  const words = net.add('GatherV2', [net.weights(TOKENS, WIDTH), ids, axis], gather);
  const placed = net.add('AddV2', [words, net.weights(LENGTH, WIDTH)]);
  const float = net.add('Cast', [given], { SrcT: attr.type('int32'), DstT: attr.type('float') });
  const hidden = net.add('Mul', [net.add('Sub', [net.number(1), float]), net.number(-10000)]);
  const mask = net.reshaped(hidden, -1, 1, 1, LENGTH);
  let x = net.reshaped(layerNorm(net, placed), -1, WIDTH);
  for (let layer = 0; layer < 2; layer++) {
    x = layerNorm(net, net.add('AddV2', [x, attention(net, x, mask)]));
    const wide = net.dense(x, [WIDTH, 2 * WIDTH]);
    const erf = net.add('Erf', [net.add('Mul', [wide, net.number(Math.SQRT1_2)])]);
    const half = net.add('Mul', [wide, net.number(0.5)]);
    const gelu = net.add('Mul', [half, net.add('AddV2', [erf, net.number(1)])]);
    x = layerNorm(net, net.add('AddV2', [x, net.dense(gelu, [2 * WIDTH, WIDTH])]));
  }
  const sequence = net.reshaped(x, -1, LENGTH, WIDTH);
  const first = net.add('Slice', [sequence, net.ints(0, 0, 0), net.ints(-1, 1, -1)]);
  const pooled = net.add('Tanh', [net.dense(net.reshaped(first, -1, WIDTH), [WIDTH, WIDTH])]);
  return net.model('bert', sequence, pooled);
}

/** Centres and sizes of boxes around the pixels of a feature map. */
function anchors(size: number): number[] {
  return Array.from({ length: size * size * 2 }, (_, n) => {
    const [pixel, isTall] = [n >> 1, n % 2 === 1];
    const centre = (at: number) => (at + 0.5) / size;
    const [height, width] = isTall ? [2 / size, 1 / size] : [1.4 / size, 1.4 / size];
    return [centre(Math.floor(pixel / size)), centre(pixel % size), height, width];
  }).flat();
}

/** A detector of one class: two feature maps, boxes relative to anchors, suppression of what overlaps. */
export function ssd(): TensorflowModel {
  const net = new Network(3);
  const image = net.feed('image', [1, 32, 32, 3]);
  const stem = net.add('Relu6', [net.normalized(net.convolved(image, 3, [3, 8], 2), 8)]);
  const large = net.separable(stem, [8, 16], 2);
  const small = net.separable(large, [16, 16], 2);
  const heads = (width: number) =>
    [large, small].map((map) => net.reshaped(net.convolved(map, 3, [16, 2 * width]), -1, width));
  const axis = net.constant([], [0], 'int32');
  const both = (parts: readonly string[]) => net.add('ConcatV2', [...parts, axis], { N: attr.int(2) });
  const [codes, logits] = [both(heads(4)), both(heads(1))];
  const centres = net.constant([160, 4], [...anchors(8), ...anchors(4)]);
  const columns = (matrix: string) => {
    const unpacked = net.add('Unpack', [net.transposed(matrix, 1, 0)], { num: attr.int(4) });
    return [0, 1, 2, 3].map((i) => (i === 0 ? unpacked : `${unpacked}:${i}`)) as [
      string,
      string,
      string,
      string,
    ];
  };
  const [ty, tx, th, tw] = columns(codes);
  const [ay, ax, ah, aw] = columns(centres);
  const scaled = (x: string, by: number) => net.add('Mul', [x, net.number(by)]);
  const middle = (t: string, size: string, at: string) =>
    net.add('AddV2', [net.add('Mul', [scaled(t, 0.1), size]), at]);
  const extent = (t: string, size: string) =>
    scaled(net.add('Mul', [net.add('Exp', [scaled(t, 0.2)]), size]), 0.5);
  const [y, x, h, w] = [middle(ty, ah, ay), middle(tx, aw, ax), extent(th, ah), extent(tw, aw)];
  const edges = [
    net.add('Sub', [y, h]),
    net.add('Sub', [x, w]),
    net.add('AddV2', [y, h]),
    net.add('AddV2', [x, w]),
  ];
  const boxes = net.transposed(net.add('Pack', edges, { N: attr.int(4) }), 1, 0);
  const scores = net.add('Sigmoid', [net.reshaped(logits, -1)]);
  const most = net.constant([], [20], 'int32');
  const kept = net.add('NonMaxSuppressionV3', [boxes, scores, most, net.number(0.4), net.number(0.3)]);
  const gather = { Tparams: attr.type('float'), Tindices: attr.type('int32'), Taxis: attr.type('int32') };
  return net.model(
    'ssd',
    kept,
    net.add('GatherV2', [boxes, kept, axis], gather),
    net.add('GatherV2', [scores, kept, axis], gather),
  );
}
