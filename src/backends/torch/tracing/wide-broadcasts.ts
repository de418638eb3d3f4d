import { staticShape, type Value } from '../../onnx-graph/value.ts';

const ELEMENTWISE: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div']);
/** Colours of an image. */
const MOST_CHANNELS = 8;

/** What this emits with. */
interface Emitter {
  one(op: string, inputs: readonly (Value | null)[], attributes?: { readonly axis?: number }): Value;
  ints(elements: readonly number[]): Value;
}

/**
 * ONNX Runtime computes elementwise operators in pieces as long as the innermost dimensions that both operands have in full: `image - mean`,
 * of [224, 224, 3] and [3], in pieces of three, which takes ten times as long as one in pieces of a row. So such a vector becomes a row.
 * @returns the operands, which broadcast to the same as before.
 */
export function widened(
  op: string,
  inputs: readonly (Value | null)[],
  emitter: Emitter,
): readonly (Value | null)[] {
  const [left, right] = inputs;
  if (!ELEMENTWISE.has(op) || !left || !right) return inputs;
  if (isChannels(right) && isImage(left)) return [left, rowOf(right, left, emitter)];
  if (isChannels(left) && isImage(right)) return [rowOf(left, right, emitter), right];
  return inputs;
}

function isChannels(value: Value): boolean {
  const [count, ...others] = staticShape(value.shape) ?? [];
  return others.length === 0 && count !== undefined && count > 1 && count <= MOST_CHANNELS;
}

function isImage({ shape }: Value): boolean {
  return shape !== undefined && shape.length >= 3;
}

function rowOf(channels: Value, image: Value, { one, ints }: Emitter): Value {
  const [count = 0] = staticShape(channels.shape) ?? [];
  const width = one('Gather', [one('Shape', [image]), ints([(image.shape?.length ?? 0) - 2])], { axis: 0 });
  return one('Expand', [channels, one('Concat', [width, ints([count])], { axis: 0 })]);
}
