import type { Dtype } from '../../tensors/dtype.ts';
import { type TensorValue, tensorOf } from './tensor-value.ts';

/** How pixels become numbers. */
export const PIXEL_RANGES = ['0..255', '0..1', '-1..1', 'imagenet'] as const;
export type PixelRange = (typeof PIXEL_RANGES)[number];

export interface ImageOptions {
  /** Undefined: as large as it is. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  readonly gray: boolean;
  readonly layout: 'nchw' | 'nhwc';
  readonly range: PixelRange;
  readonly dtype: Dtype;
}

const IMAGENET_MEAN = [0.485, 0.456, 0.406];
const IMAGENET_DEVIATION = [0.229, 0.224, 0.225];

/** A PNG, JPEG, WebP.. as a tensor [1, channels, height, width] or [1, height, width, channels]. @throws Error for what is no image. */
export async function readImage(file: Buffer, options: ImageOptions): Promise<TensorValue> {
  const { size, gray, layout, range, dtype } = options;
  const { default: sharp } = await import('sharp');
  // As it is seen: turned as the camera says, on black where it is transparent.
  let image = sharp(file)
    .rotate()
    .flatten()
    .toColourspace(gray ? 'b-w' : 'srgb');
  if (size !== undefined) image = image.resize(size.width, size.height, { fit: 'fill' });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const plane = width * height;
  const values = new Array<number>(data.length);
  for (let pixel = 0; pixel < plane; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      const from = pixel * channels + channel;
      values[layout === 'nhwc' ? from : channel * plane + pixel] = ranged(
        data[from] as number,
        channel,
        range,
      );
    }
  }
  const shape = layout === 'nhwc' ? [1, height, width, channels] : [1, channels, height, width];
  return tensorOf(dtype, shape, values);
}

function ranged(value: number, channel: number, range: PixelRange): number {
  if (range === '0..255') return value;
  if (range === '-1..1') return value / 127.5 - 1;
  if (range === '0..1') return value / 255;
  return (value / 255 - (IMAGENET_MEAN[channel] as number)) / (IMAGENET_DEVIATION[channel] as number);
}
