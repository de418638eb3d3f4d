import type { DataType } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedTensor } from '../tracing/traced-tensor.ts';

function commonType(op: OpCall, tensors: readonly Value[]): DataType {
  return op.resultType(...tensors.map((tensor) => new TracedTensor(tensor)));
}

function joined(op: OpCall, tensors: readonly Value[], axis: number): Value {
  const dtype = commonType(op, tensors);
  const parts = tensors.map((tensor) => op.cast(tensor, dtype));
  return parts.length === 1 ? op.emit('Identity', parts) : op.emit('Concat', parts, { axis });
}

const cat: Lower = (op) => {
  // torch passes over empty vectors, whatever the rank of the others.
  const tensors = op.tensors('tensors');
  const filled = tensors.filter(({ shape }) => !(shape?.length === 1 && shape[0] === 0));
  const [first] = filled;
  if (first === undefined) return tensors[0] ?? op.fail('expected a non-empty list of Tensors');
  return joined(op, filled, op.axis('dim', op.rank(first)));
};

const stack: Lower = (op) => {
  const tensors = op.tensors('tensors');
  const [first] = tensors;
  if (first === undefined) return op.fail('stack expects a non-empty TensorList');
  const axis = op.axis('dim', op.rank(first) + 1);
  return joined(
    op,
    tensors.map((tensor) => op.emit('Unsqueeze', [tensor, op.intVector([axis])])),
    axis,
  );
};

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

const repeat: Lower = (op) => {
  const counts = op.vector('repeats');
  const x = op.tensor('self');
  const [length = 0] = counts.shape ?? [];
  const missing = Number(length) - op.rank(x);
  const axes = Array.from({ length: Math.max(0, missing) }, (_, i) => i);
  const wide = missing > 0 ? op.emit('Unsqueeze', [x, op.intVector(axes)]) : x;
  return op.emit('Tile', [wide, counts]);
};

const flip: Lower = (op) => {
  const x = op.tensor('self');
  const axes = op.axes('dims', op.rank(x));
  const each = (element: number) => op.intVector(axes.map(() => element));
  return op.emit('Slice', [x, each(-1), each(Number.MIN_SAFE_INTEGER), op.intVector(axes), each(-1)]);
};

const roll: Lower = (op) => {
  let x = op.tensor('self');
  const shifts = op.ints('shifts');
  const axes = op.ints('dims').map((axis) => op.checkedAxis(axis, op.rank(x)));
  if (axes.length === 0) {
    const shape = op.emit('Shape', [x]);
    const flat = op.call('roll', op.reshape(x, [-1]), shifts, [0]);
    return op.emit('Reshape', [flat, shape]);
  }
  for (const [i, axis] of axes.entries()) {
    const at = op.intVector([axis]);
    // The end comes first: a slice counts it from behind, or from the front for shifts the other way.
    const cut = op.intVector([-(shifts[i] as number)]);
    const head = op.emit('Slice', [x, cut, op.intVector([Number.MAX_SAFE_INTEGER]), at]);
    const tail = op.emit('Slice', [x, op.intVector([0]), cut, at]);
    if (shifts[i] !== 0) x = op.emit('Concat', [head, tail], { axis });
  }
  return x;
};

const triangle =
  (upper: 0 | 1): Lower =>
  (op) =>
    op.emit('Trilu', [op.tensor('self'), op.scalar('diagonal', 'int64')], { upper });

export const movement = defineOps('Joining and moving', {
  'cat(Tensor[] tensors, int dim=0)': cat,
  'concat(Tensor[] tensors, int dim=0)': cat,
  'stack(Tensor[] tensors, int dim=0)': stack,
  'pad(Tensor self, int[] pad, str mode=constant, Scalar? value=None)': (op) => padded(op, op.text('mode')),
  'constant_pad_nd(Tensor self, int[] pad, Scalar? value=0)': (op) => padded(op, 'constant'),
  'repeat(Tensor self, int[] repeats)': repeat,
  'tile(Tensor self, int[] repeats)': repeat,
  'flip(Tensor self, int[] dims)': flip,
  'roll(Tensor self, int[] shifts, int[] dims=[])': { limits: 'shifts within the size', lower: roll },
  'tril(Tensor self, int diagonal=0)': triangle(0),
  'triu(Tensor self, int diagonal=0)': triangle(1),
  'meshgrid(Tensor[] tensors, *, str indexing=ij) -> Tensor[]': (op) => {
    const tensors = op.tensors('tensors');
    const sizes = tensors.map((tensor) => op.size(tensor, 0));
    if (op.text('indexing') !== 'ij') op.fail('only indexing ij is supported');
    return tensors.map((tensor, i) => {
      const column = op.reshape(
        tensor,
        tensors.map((_, d) => (d === i ? -1 : 1)),
      );
      return op.emit('Expand', [column, op.vectorOf(sizes)]);
    });
  },
});
