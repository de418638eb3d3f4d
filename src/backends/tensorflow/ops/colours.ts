import { FLOATS } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps } from '../op-registry.ts';

type Colour = readonly [Value, Value, Value];

/** The three planes of the last dimension, which stays as one element. */
function planes(op: OpContext, image: Value): Colour {
  const plane = (i: number) => op.emit('Gather', [image, op.ints([i])], { axis: -1 });
  return [plane(0), plane(1), plane(2)];
}

function image(op: OpContext, colour: Colour): Value {
  return op.emit('Concat', colour, { axis: -1 });
}

function toHsv(op: OpContext, [r, g, b]: Colour): Colour {
  const number = (x: number) => op.scalar(r.dtype, x);
  const add = (x: Value, y: number) => op.emit('Add', [x, number(y)]);
  const value = op.emit('Max', [r, g, b]);
  const range = op.emit('Sub', [value, op.emit('Min', [r, g, b])]);
  const zero = number(0);
  const hasRange = op.emit('Greater', [range, zero]);
  // Where the others would divide by zero, grey and black have no hue and no saturation.
  const divisor = op.emit('Where', [hasRange, range, number(1)]);
  const isLit = op.emit('Greater', [value, zero]);
  const ratio = op.emit('Div', [range, op.emit('Where', [isLit, value, number(1)])]);
  const saturation = op.emit('Where', [isLit, ratio, zero]);
  const sixth = op.emit('Mul', [divisor, number(6)]);
  const turn = (x: Value, y: Value, from: number) =>
    add(op.emit('Div', [op.emit('Sub', [x, y]), sixth]), from);
  const rest = op.emit('Where', [op.emit('Equal', [g, value]), turn(b, r, 2 / 6), turn(r, g, 4 / 6)]);
  const raw = op.emit('Where', [op.emit('Equal', [r, value]), turn(g, b, 0), rest]);
  const hue = op.emit('Where', [hasRange, raw, zero]);
  return [op.emit('Where', [op.emit('Less', [hue, zero]), add(hue, 1), hue]), saturation, value];
}

function toRgb(op: OpContext, [hue, saturation, value]: Colour): Colour {
  const number = (x: number) => op.scalar(hue.dtype, x);
  const around = op.emit('Mul', [hue, number(6)]);
  const clipped = (x: Value) => op.emit('Min', [op.emit('Max', [x, number(0)]), number(1)]);
  const distance = (centre: number) => op.emit('Abs', [op.emit('Sub', [around, number(centre)])]);
  const base = op.emit('Sub', [number(1), saturation]);
  const mixed = (share: Value) =>
    op.emit('Mul', [op.emit('Add', [base, op.emit('Mul', [saturation, clipped(share)])]), value]);
  const two = number(2);
  return [
    mixed(op.emit('Sub', [distance(3), number(1)])),
    mixed(op.emit('Sub', [two, distance(2)])),
    mixed(op.emit('Sub', [two, distance(4)])),
  ];
}

/** A number of the node as a scalar of the image's dtype. */
function factor(op: OpContext, dtype: Value['dtype']): Value {
  return op.cast(op.input(1), dtype);
}

export const colours = defineOps('Colours', {
  RGBToHSV: { dtypes: FLOATS, lower: (op) => image(op, toHsv(op, planes(op, op.input(0)))) },
  HSVToRGB: { dtypes: FLOATS, lower: (op) => image(op, toRgb(op, planes(op, op.input(0)))) },
  AdjustHue: {
    dtypes: ['float', 'float16'],
    lower(op) {
      const [hue, saturation, value] = toHsv(op, planes(op, op.input(0)));
      const moved = op.emit('Add', [hue, factor(op, hue.dtype)]);
      const turned = op.emit('Sub', [moved, op.emit('Floor', [moved])]);
      return image(op, toRgb(op, [turned, saturation, value]));
    },
  },
  AdjustSaturation: {
    dtypes: ['float', 'float16'],
    lower(op) {
      const [hue, saturation, value] = toHsv(op, planes(op, op.input(0)));
      const scaled = op.emit('Mul', [saturation, factor(op, hue.dtype)]);
      const number = (x: number) => op.scalar(hue.dtype, x);
      const clipped = op.emit('Min', [op.emit('Max', [scaled, number(0)]), number(1)]);
      return image(op, toRgb(op, [hue, clipped, value]));
    },
  },
  AdjustContrastv2: {
    dtypes: ['float', 'float16'],
    lower(op) {
      const x = op.input(0);
      const mean = op.emit('ReduceMean', [x, op.ints([-3, -2])], { keepdims: 1 });
      const contrast = op.emit('Mul', [op.emit('Sub', [x, mean]), factor(op, x.dtype)]);
      return op.emit('Add', [contrast, mean]);
    },
  },
});
