import type { Attribute } from '../../onnx-graph/model-bytes.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';

/** Dimensions of an image or volume tensor, by the node's data_format. */
export interface Layout {
  readonly rank: number;
  readonly channelsLast: boolean;
}

/** @param rank of the tensor: 4 for images, 5 for volumes. */
export function layoutOf(op: OpContext, rank: number): Layout {
  const format = op.attributes.text('data_format', 'NHWC');
  if (!/^N(HWC|CHW|DHWC|CDHW)$/.test(format)) op.fail(`its data_format is ${format}`);
  return { rank, channelsLast: format.endsWith('C') };
}

/** With channels second, as ONNX has them. ONNX Runtime removes what two transpositions undo. */
export function toChannelsFirst(op: OpContext, layout: Layout, value: Value): Value {
  const { rank } = layout;
  const spatial = Array.from({ length: rank - 2 }, (_, d) => d + 1);
  return layout.channelsLast ? op.transpose(value, [0, rank - 1, ...spatial]) : value;
}

export function fromChannelsFirst(op: OpContext, layout: Layout, value: Value): Value {
  const spatial = Array.from({ length: layout.rank - 2 }, (_, d) => d + 2);
  return layout.channelsLast ? op.transpose(value, [0, ...spatial, 1]) : value;
}

/** The spatial ones of a list with one number for each dimension. */
export function spatialOf(layout: Layout, list: readonly number[]): number[] {
  return layout.channelsLast ? list.slice(1, -1) : list.slice(2);
}

/** A list attribute's spatial numbers; what it says of batch and channels has to be 1. */
export function spatialAttribute(
  op: OpContext,
  layout: Layout,
  name: string,
  given?: readonly number[],
): number[] {
  const list = given ?? op.attributes.ints(name) ?? new Array<number>(layout.rank).fill(1);
  if (list.length !== layout.rank)
    op.fail(`its ${name} [${list.join()}] are not for ${layout.rank} dimensions`);
  const rest = layout.channelsLast ? [list[0], list.at(-1)] : list.slice(0, 2);
  if (rest.some((x) => x !== 1)) op.fail(`its ${name} [${list.join()}] go over batch or channels`);
  return spatialOf(layout, list);
}

/** What a window goes over, one number for each spatial dimension; null where only a run tells. */
export interface Window {
  readonly sizes: readonly (number | null)[];
  readonly kernel: readonly (number | null)[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** The `padding` attribute as ONNX says it. @param window where ONNX Runtime does not find what SAME pads: its paddings are listed then. */
export function paddingAttributes(op: OpContext, layout: Layout, window?: Window): Record<string, Attribute> {
  const padding = op.attributes.text('padding', 'VALID');
  if (padding === 'SAME') return samePadding(op, window);
  if (padding === 'VALID') return {};
  if (padding !== 'EXPLICIT') op.fail(`its padding is ${padding}`);
  const pairs = op.attributes.ints('explicit_paddings') ?? [];
  if (pairs.length !== layout.rank * 2)
    op.fail(`its explicit_paddings [${pairs.join()}] are not for ${layout.rank} dimensions`);
  const before = spatialOf(
    layout,
    pairs.filter((_, i) => i % 2 === 0),
  );
  const after = spatialOf(
    layout,
    pairs.filter((_, i) => i % 2 === 1),
  );
  return { pads: [...before, ...after] };
}

/**
 * SAME puts what is odd at the end, as SAME_UPPER does; ONNX Runtime knows that for windows without holes only, and pools with less than
 * nothing where there is room between windows.
 */
function samePadding(op: OpContext, window: Window | undefined): Record<string, Attribute> {
  if (window === undefined) return { auto_pad: 'SAME_UPPER' };
  const { sizes, kernel, strides, dilations } = window;
  const totals = dilations.map((dilation, d) => {
    const [size, width, stride] = [sizes[d] ?? null, kernel[d] ?? null, strides[d] ?? 1];
    if (width === null) return op.fail('the shape of its dilated filters has to be known');
    const reach = (width - 1) * dilation + 1;
    if (stride === 1 || reach === 1) return reach - 1;
    if (size === null)
      return op.fail('its padding and strides need the size of the image, which only a run tells');
    return Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size);
  });
  const before = totals.map((total) => Math.floor(total / 2));
  return { pads: [...before, ...totals.map((total, d) => total - (before[d] ?? 0))] };
}

/** The spatial dimensions of a value in the node's layout; null where only a run tells. */
export function sizesOf(layout: Layout, value: Value): (number | null)[] {
  const dims = value.shape ?? new Array<null>(layout.rank).fill(null);
  const spatial = layout.channelsLast ? dims.slice(1, -1) : dims.slice(2);
  return spatial.map((dim) => (typeof dim === 'number' ? dim : null));
}

/** Channels of a value in the node's layout; null where only a run tells. */
export function channelsOf(layout: Layout, value: Value): number | null {
  const dim = layout.channelsLast ? value.shape?.at(-1) : value.shape?.[1];
  return typeof dim === 'number' ? dim : null;
}
