import { isFloat } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { checkElements } from './checks.ts';

const MODES: Readonly<Record<string, string>> = {
  ...{ constant: 'constant', reflect: 'reflect', replicate: 'edge', circular: 'wrap' },
};

function padded(op: OpCall, mode: string): Value {
  const x = op.tensor('self');
  const rank = op.rank(x);
  const pads = op.ints('pad');
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  for (let i = 0; i < pads.length / 2; i++) {
    before[rank - 1 - i] = pads[2 * i] as number;
    after[rank - 1 - i] = pads[2 * i + 1] as number;
  }
  if (pads.every((pad) => pad === 0)) return op.emit('Identity', [x]);
  const amounts = op.intVector([...before, ...after]);
  const onnxMode = MODES[mode] ?? op.fail(`padding mode ${mode} is not supported`);
  const inputs = onnxMode === 'constant' ? [op.scalarOf(op.raw('value') ?? 0, x.dtype)] : [];
  return op.emit('Pad', [x, amounts, ...inputs], { mode: onnxMode });
}

function repeated(op: OpCall, counts: Value): Value {
  const x = op.tensor('self');
  const [length = 0] = counts.shape ?? [];
  const missing = Number(length) - op.rank(x);
  const axes = Array.from({ length: Math.max(0, missing) }, (_, i) => i);
  const wide = missing > 0 ? op.emit('Unsqueeze', [x, op.intVector(axes)]) : x;
  if (missing >= 0) return op.emit('Tile', [wide, counts]);
  const ones = op.intVector(new Array<number>(-missing).fill(1));
  return op.emit('Tile', [wide, op.emit('Concat', [ones, counts], { axis: 0 })]);
}

/** Each place so many times; how many that are, only a run tells. */
function placesRepeated(op: OpCall, repeats: Value): Value {
  const number = (element: number) => op.constant('int64', element);
  const counts = op.cast(repeats, 'int64');
  const most = op.emit('ReduceMax', [op.emit('Concat', [counts, op.intVector([0])], { axis: 0 })], {
    keepdims: 0,
  });
  const steps = op.emit('Range', [number(0), most, number(1)]);
  const isTaken = op.emit('Less', [steps, op.emit('Unsqueeze', [counts, op.intVector([1])])]);
  return op.emit('Gather', [op.emit('NonZero', [isTaken]), number(0)], { axis: 0 });
}

const repeatInterleave: Lower = (op) => {
  const given = op.tensor('self');
  const x = op.given('dim') ? given : op.reshape(given, [-1]);
  const axis = op.given('dim') ? op.axis('dim', op.rank(x)) : 0;
  const repeats = op.cast(op.tensor('repeats'), 'int64');
  const each = op.emit('Expand', [repeats, op.vectorOf([op.size(x, axis)])]);
  return op.emit('Gather', [x, placesRepeated(op, each)], { axis });
};

/** The same number of times each: no matter of what is in a tensor. */
const repeatEach: Lower = (op) => {
  const given = op.tensor('self');
  const x = op.given('dim') ? given : op.reshape(given, [-1]);
  const axis = op.given('dim') ? op.axis('dim', op.rank(x)) : 0;
  const times = op.scalar('repeats', 'int64');
  const size = op.emit('Mul', [op.scalarOf(op.size(x, axis), 'int64'), times]);
  const places = op.emit('Range', [op.constant('int64', 0), size, op.constant('int64', 1)]);
  return op.emit('Gather', [x, op.call('floor_divide', places, times)], { axis });
};

const flip: Lower = (op) => {
  const x = op.tensor('self');
  const axes = op.axes('dims', op.rank(x));
  const each = (element: number) => op.intVector(axes.map(() => element));
  return op.emit('Slice', [x, each(-1), each(Number.MIN_SAFE_INTEGER), op.intVector(axes), each(-1)]);
};

const roll: Lower = (op) => {
  let x = op.tensor('self');
  const axes = op.ints('dims').map((axis) => op.checkedAxis(axis, op.rank(x)));
  if (axes.length === 0) {
    const shape = op.emit('Shape', [x]);
    const flat = op.call('roll', op.reshape(x, [-1]), op.raw('shifts'), [0]);
    return op.emit('Reshape', [flat, shape]);
  }
  const shifts = op.raw('shifts');
  for (const [i, axis] of axes.entries()) {
    const at = op.intVector([axis]);
    const shift = op.vectorOf([Array.isArray(shifts) ? (shifts[i] ?? 0) : shifts]);
    // A size of 0 is no divisor.
    const size = op.emit('Max', [op.vectorOf([op.size(x, axis)]), op.intVector([1])]);
    const cut = op.emit('Mod', [op.emit('Neg', [shift]), size]);
    const head = op.emit('Slice', [x, cut, op.intVector([Number.MAX_SAFE_INTEGER]), at]);
    const tail = op.emit('Slice', [x, op.intVector([0]), cut, at]);
    x = op.emit('Concat', [head, tail], { axis });
  }
  return x;
};

/** A quarter turn from the first dimension to the second, so many times. */
const rot90: Lower = (op) => {
  const x = op.tensor('self');
  const [from = 0, to = 1] = op.ints('dims').map((axis) => op.checkedAxis(axis, op.rank(x)));
  const turns = ((op.int('k') % 4) + 4) % 4;
  if (turns === 0) return op.emit('Identity', [x]);
  if (turns === 2) return op.call('flip', x, [from, to]);
  return op.call('transpose', op.call('flip', x, [turns === 1 ? to : from]), from, to);
};

/** The powers of each element, falling unless told otherwise. */
const vander: Lower = (op) => {
  const given = op.tensor('self');
  const x = isFloat(given.dtype) ? given : op.cast(given, 'int64');
  const count = op.given('N') ? op.int('N') : op.knownSize(x, 0);
  checkElements(op, count);
  const powers = Array.from({ length: count }, (_, k) => (op.bool('increasing') ? k : count - 1 - k));
  const column = op.emit('Unsqueeze', [x, op.intVector([1])]);
  return op.emit('Pow', [column, op.tracer.fill(x.dtype, [count], powers)]);
};

const triangle =
  (upper: 0 | 1): Lower =>
  (op) =>
    op.emit('Trilu', [op.tensor('self'), op.scalar('diagonal', 'int64')], { upper });

export const movement = defineOps('Moving', {
  'pad(Tensor self, int[] pad, str mode=constant, Scalar? value=None)': (op) => padded(op, op.text('mode')),
  'constant_pad_nd(Tensor self, int[] pad, Scalar? value=0)': (op) => padded(op, 'constant'),
  'repeat(Tensor self, int[] repeats)': (op) => repeated(op, op.vector('repeats')),
  'tile(Tensor self, int[] dims)': (op) => repeated(op, op.vector('dims')),
  'repeat_interleave(Tensor repeats, *, int? output_size=None)': (op) =>
    placesRepeated(op, op.tensor('repeats')),
  'repeat_interleave(Tensor self, Tensor repeats, int? dim=None, *, int? output_size=None)': repeatInterleave,
  'repeat_interleave(Tensor self, int repeats, int? dim=None, *, int? output_size=None)': repeatEach,
  'flip(Tensor self, int[] dims)': flip,
  'fliplr(Tensor self)': (op) => op.call('flip', op.raw('self'), [1]),
  'flipud(Tensor self)': (op) => op.call('flip', op.raw('self'), [0]),
  'rot90(Tensor self, int k=1, int[] dims=[0,1])': rot90,
  'roll(Tensor self, int[] shifts, int[] dims=[])': roll,
  'tril(Tensor self, int diagonal=0)': triangle(0),
  'triu(Tensor self, int diagonal=0)': triangle(1),
  'vander(Tensor self, int? N=None, bool increasing=False)': vander,
});
