import type { Value } from '../../onnx-graph/value.ts';
import { Tuple } from '../interpreter/values.ts';
import { defineOps } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedTensor } from '../tracing/traced-tensor.ts';

/** Rows of [image, x1, y1, x2, y2]. */
function regions(op: OpCall): { boxes: Value; images: Value } {
  const rois = op.tensor('rois');
  if (op.rank(rois) !== 2 || op.knownSize(rois, 1) !== 5) op.fail('rois must have shape as Tensor[K, 5]');
  const columns = (from: number, to: number) =>
    op.emit('Slice', [rois, op.intVector([from]), op.intVector([to]), op.intVector([1])]);
  const images = op.emit('Squeeze', [columns(0, 1), op.intVector([1])]);
  return { boxes: columns(1, 5), images: op.cast(images, 'int64') };
}

/** [regions, channels, height, width]. @param isAligned whether pixels are counted from their middle. */
function aligned(op: OpCall, isAligned: boolean): Value {
  const { boxes, images } = regions(op);
  return op.emit('RoiAlign', [op.tensor('self'), boxes, images], {
    mode: 'avg',
    output_height: op.int('pooled_height'),
    output_width: op.int('pooled_width'),
    // 0 takes as many samples as the region is large.
    sampling_ratio: Math.max(0, op.int('sampling_ratio')),
    spatial_scale: { float: op.float('spatial_scale') },
    coordinate_transformation_mode: isAligned ? 'half_pixel' : 'output_half_pixel',
  });
}

/** A tuple whose second member, which only training needs, is not there. */
function withoutPositions(value: Value): { value: Tuple } {
  return { value: new Tuple([new TracedTensor(value), null]) };
}

const SIZES = 'float spatial_scale, int pooled_height, int pooled_width';

export const detection = defineOps('Detection', {
  'torchvision::nms(Tensor self, Tensor scores, float iou_threshold)': (op) => {
    const [boxes, scores] = [op.tensor('self'), op.tensor('scores')];
    if (op.rank(boxes) !== 2) op.fail(`boxes should be a 2d tensor, got ${op.rank(boxes)}D`);
    if (op.rank(scores) !== 1) op.fail(`scores should be a 1d tensor, got ${op.rank(scores)}D`);
    const first = op.intVector([0]);
    const found = op.emit('NonMaxSuppression', [
      op.cast(op.emit('Unsqueeze', [boxes, first]), 'float'),
      op.cast(op.emit('Unsqueeze', [scores, op.intVector([0, 1])]), 'float'),
      op.intVector([Number.MAX_SAFE_INTEGER]),
      op.tracer.fill('float', [1], [op.float('iou_threshold')]),
    ]);
    return op.emit('Gather', [found, op.constant('int64', 2)], { axis: 1 });
  },
  [`torchvision::roi_align(Tensor self, Tensor rois, ${SIZES}, int sampling_ratio, bool aligned)`]: (op) =>
    aligned(op, op.bool('aligned')),
  [`torchvision::roi_pool(Tensor self, Tensor rois, ${SIZES}) -> (Tensor, Tensor)`]: {
    limits: 'no positions',
    lower: (op) =>
      withoutPositions(
        op.emit('MaxRoiPool', [op.tensor('self'), op.tensor('rois')], {
          pooled_shape: [op.int('pooled_height'), op.int('pooled_width')],
          spatial_scale: { float: op.float('spatial_scale') },
        }),
      ),
  },
  [`torchvision::ps_roi_align(Tensor self, Tensor rois, ${SIZES}, int sampling_ratio) -> (Tensor, Tensor)`]: {
    limits: 'no positions',
    lower: (op) => {
      const area = op.int('pooled_height') * op.int('pooled_width');
      const channels = op.knownSize(op.tensor('self'), 1) / area;
      if (!Number.isInteger(channels))
        op.fail('input channels must be a multiple of pooling height * pooling width');
      // Each place of the result has channels of its own: of all places of those only that one counts.
      const all = op.reshape(aligned(op, true), [-1, channels, area, area]);
      const eye = Array.from({ length: area * area }, (_, i) => Number(i % (area + 1) === 0));
      const own = op.emit('Mul', [all, op.tracer.fill(all.dtype, [area, area], eye)]);
      const sums = op.emit('ReduceSum', [own, op.intVector([3])], { keepdims: 0 });
      const shape = [-1, channels, op.int('pooled_height'), op.int('pooled_width')];
      return withoutPositions(op.reshape(sums, shape));
    },
  },
  'torchvision::deform_conv2d(Tensor self, Tensor weight, Tensor offset, Tensor mask, Tensor bias, int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w, int groups, int offset_groups, bool use_mask)':
    (op) => {
      const padding = [op.int('pad_h'), op.int('pad_w')];
      const inputs = ['self', 'weight', 'offset', 'bias'].map((name) => op.tensor(name));
      return op.emit('DeformConv', op.bool('use_mask') ? [...inputs, op.tensor('mask')] : inputs, {
        strides: [op.int('stride_h'), op.int('stride_w')],
        pads: [...padding, ...padding],
        dilations: [op.int('dilation_h'), op.int('dilation_w')],
        group: op.int('groups'),
        offset_group: op.int('offset_groups'),
      });
    },
});
