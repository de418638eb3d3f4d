import type { DataType } from '../../onnx-graph/data-types.ts';
import { sizeOf } from '../../onnx-graph/host-tensor.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps, type OpDefinition } from '../op-registry.ts';
import { joined, sizeAt, sizesFrom } from './sizes.ts';
import { fromChannelsFirst, layoutOf, toChannelsFirst } from './spatial.ts';

/** What ONNX Runtime has a kernel for, or for something wider. */
const DTYPES: readonly DataType[] = [
  ...(['float', 'double', 'float16', 'int8', 'uint8'] as const),
  ...(['int16', 'uint16'] as const),
];

const betweenChannels = (onnx: string, attributes = {}): OpDefinition => ({
  dtypes: DTYPES,
  ranks: [4],
  lower(op) {
    const layout = layoutOf(op, 4);
    const blocksize = op.attributes.int('block_size', 2);
    const y = op.emit(onnx, [toChannelsFirst(op, layout, op.input(0))], { blocksize, ...attributes });
    return fromChannelsFirst(op, layout, y);
  },
});

function over(op: OpContext, size: Value, by: number): Value {
  return op.emit('Div', [size, op.ints([by])]);
}

/** Moves blocks of space into the batch. @param paddings before and after for each dimension of `blocks`, an int64 matrix. */
function toBatch(op: OpContext, blocks: readonly number[], paddings: Value): Value {
  const given = op.input(0);
  const [rank, m] = [op.knownRank(given, 'input'), blocks.length];
  const inner = rank - 1 - m;
  const zeros = (count: number) => op.ints(new Array(count).fill(0));
  const column = (i: number) => op.reshape(op.emit('Gather', [paddings, op.ints([i])], { axis: 1 }), [-1]);
  const pads = joined(op, zeros(1), column(0), zeros(inner + 1), column(1), zeros(inner));
  const x = op.emit('Pad', [given, pads], { mode: 'constant' });
  const pieces = blocks.flatMap((block, i) => [over(op, sizeAt(op, x, i + 1), block), op.ints([block])]);
  const rest = sizesFrom(op, x, m + 1);
  const split = op.emit('Reshape', [x, joined(op, sizeAt(op, x, 0), ...pieces, rest)]);
  const perm = [
    ...blocks.map((_, i) => 2 * i + 2),
    0,
    ...blocks.map((_, i) => 2 * i + 1),
    ...Array.from({ length: inner }, (_, i) => 1 + 2 * m + i),
  ];
  const batch = op.emit('Mul', [sizeAt(op, x, 0), op.ints([sizeOf(blocks)])]);
  const space = blocks.map((block, i) => over(op, sizeAt(op, x, i + 1), block));
  return op.emit('Reshape', [op.transpose(split, perm), joined(op, batch, ...space, rest)]);
}

/** The other way: blocks from the batch into space, of which the edges are cut. */
function fromBatch(op: OpContext, blocks: readonly number[], crops: Value): Value {
  const x = op.input(0);
  const [rank, m] = [op.knownRank(x, 'input'), blocks.length];
  const inner = rank - 1 - m;
  const rest = sizesFrom(op, x, m + 1);
  const batch = over(op, sizeAt(op, x, 0), sizeOf(blocks));
  const split = op.emit('Reshape', [x, joined(op, op.ints(blocks), batch, sizesFrom(op, x, 1, m + 1), rest)]);
  const perm = [
    m,
    ...blocks.flatMap((_, i) => [m + 1 + i, i]),
    ...Array.from({ length: inner }, (_, i) => 2 * m + 1 + i),
  ];
  const space = blocks.map((block, i) => op.emit('Mul', [sizeAt(op, x, i + 1), op.ints([block])]));
  const whole = op.emit('Reshape', [op.transpose(split, perm), joined(op, batch, ...space, rest)]);
  const column = (i: number) => op.reshape(op.emit('Gather', [crops, op.ints([i])], { axis: 1 }), [-1]);
  const ends = op.emit('Sub', [joined(op, ...space), column(1)]);
  return op.emit('Slice', [whole, column(0), ends, op.ints(blocks.map((_, i) => i + 1))]);
}

type Move = (op: OpContext, blocks: readonly number[], edges: Value) => Value;

const blockwise = (move: Move): OpDefinition => ({
  limits: 'a constant block_shape',
  lower: (op) => move(op, op.constantInts(1, 'block_shape'), op.cast(op.input(2), 'int64')),
});

/** Both dimensions of an image in blocks of one size. */
const square = (move: Move): OpDefinition => ({
  ranks: [4],
  lower(op) {
    const size = op.attributes.int('block_size', 2);
    return move(op, [size, size], op.cast(op.input(1), 'int64'));
  },
});

export const blocks = defineOps('Blocks of space', {
  DepthToSpace: betweenChannels('DepthToSpace', { mode: 'DCR' }),
  SpaceToDepth: betweenChannels('SpaceToDepth'),
  SpaceToBatchND: blockwise(toBatch),
  BatchToSpaceND: blockwise(fromBatch),
  SpaceToBatch: square(toBatch),
  BatchToSpace: square(fromBatch),
});
