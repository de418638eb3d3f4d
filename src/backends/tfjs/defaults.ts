type Json = Readonly<Record<string, unknown>>;

const ints = (...i: number[]): Json => ({ list: { i } });
const text = (s: string): Json => ({ s: [...Buffer.from(s)] });

const NHWC: Json = { data_format: text('NHWC') };
const IMAGE: Json = { ...NHWC, dilations: ints(1, 1, 1, 1) };
const VOLUME: Json = { data_format: text('NDHWC'), dilations: ints(1, 1, 1, 1, 1) };

/**
 * Attributes that a graph may leave out, or that are younger than it. TensorFlow's converter writes them out, and TensorFlow.js relies on
 * it; the values are those of TensorFlow's op definitions (tensorflow/core/ops/nn_ops.cc).
 */
export const DEFAULTS: Readonly<Record<string, Json>> = {
  Conv2D: IMAGE,
  DepthwiseConv2dNative: IMAGE,
  _FusedConv2D: IMAGE,
  FusedDepthwiseConv2dNative: IMAGE,
  Conv2DBackpropInput: IMAGE,
  Conv3D: VOLUME,
  MaxPool: NHWC,
  AvgPool: NHWC,
  MaxPool3D: { data_format: text('NDHWC') },
  AvgPool3D: { data_format: text('NDHWC') },
  DepthToSpace: NHWC,
};
