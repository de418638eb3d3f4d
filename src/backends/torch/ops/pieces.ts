import type { Value } from '../../onnx-graph/value.ts';
import { defineOps, type Lower, views } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { checkParts } from './checks.ts';

/** Consecutive parts of an axis. */
function parts(op: OpCall, axis: number, sizes: readonly number[]): readonly Value[] {
  const x = op.tensor('self');
  checkParts(op, sizes.length);
  if (sizes.length === 1) return [op.emit('Identity', [x])];
  return op.emitMany('Split', [x, op.intVector(sizes)], { axis }, { count: sizes.length });
}

function evenSizes(op: OpCall, total: number, size: number): number[] {
  if (size < 1 && total > 0) op.fail('the size of the parts must be positive');
  const count = size < 1 ? 1 : Math.max(1, Math.ceil(total / size));
  checkParts(op, count);
  return Array.from({ length: count }, (_, i) => Math.min(size, total - i * size));
}

const split: Lower = (op) => {
  const x = op.tensor('self');
  const axis = op.axis('dim', op.rank(x));
  return parts(op, axis, evenSizes(op, op.knownSize(x, axis), op.int('split_size')));
};

const splitSizes: Lower = (op) =>
  parts(op, op.axis('dim', op.rank(op.tensor('self'))), op.ints('split_sizes'));

function positive(op: OpCall, name: string): number {
  const given = op.int(name);
  return given > 0 ? given : op.fail(`expected \`${name}\` to be greater than 0, got: ${given}`);
}

const chunk: Lower = (op) => {
  const x = op.tensor('self');
  const axis = op.axis('dim', op.rank(x));
  const total = op.knownSize(x, axis);
  return parts(op, axis, evenSizes(op, total, Math.max(1, Math.ceil(total / positive(op, 'chunks')))));
};

/** As even as they come: the first ones are longer. */
function evenly(total: number, sections: number): number[] {
  return Array.from(
    { length: sections },
    (_, i) => Math.floor(total / sections) + Number(i < total % sections),
  );
}

/** Sections of an axis, or cut at indices. */
function sections(op: OpCall, axis: number, isEven = false): readonly Value[] {
  const x = op.tensor('self');
  const given = op.raw('indices_or_sections');
  if (!Array.isArray(given)) {
    const [total, count] = [op.knownSize(x, axis), op.int('indices_or_sections')];
    if (count < 1) return op.fail('number of sections must be larger than 0');
    if (isEven && total % count !== 0)
      return op.fail(`dimension ${axis} of size ${total} has no ${count} parts of the same size`);
    checkParts(op, count);
    return parts(op, axis, evenly(total, count));
  }
  const ends = [...given, null];
  return ends.map((end, i) => op.call('slice', x, axis, i === 0 ? 0 : (given[i - 1] ?? 0), end, 1));
}

const tensorSplit: Lower = (op) => sections(op, op.axis('dim', op.rank(op.tensor('self'))));
const splitAt =
  (axisOf: (rank: number) => number): Lower =>
  (op) =>
    sections(op, axisOf(op.rank(op.tensor('self'))), true);

const SECTIONS = ['int indices_or_sections', 'int[] indices_or_sections'];
const of = (name: string, more: string, lower: Lower): Record<string, Lower> =>
  Object.fromEntries(SECTIONS.map((type) => [`${name}(Tensor self, ${type}${more}) -> Tensor[]`, lower]));

/** Windows of an axis, each a new last dimension. */
const unfold: Lower = (op) => {
  const given = op.tensor('self');
  const x = op.rank(given) === 0 ? op.reshape(given, [1]) : given;
  const axis = op.axis('dimension', op.rank(given));
  const number = (element: number) => op.constant('int64', element);
  const [size, step] = [op.scalar('size', 'int64'), op.scalar('step', 'int64')];
  const length = op.scalarOf(op.size(x, axis), 'int64');
  const end = op.emit('Add', [op.emit('Sub', [length, size]), number(1)]);
  const starts = op.emit('Range', [number(0), end, step]);
  const within = op.emit('Range', [number(0), size, number(1)]);
  const places = op.emit('Add', [op.emit('Unsqueeze', [starts, op.intVector([1])]), within]);
  const windows = op.emit('Gather', [x, places], { axis });
  const order = Array.from({ length: op.rank(windows) }, (_, d) => d).filter((d) => d !== axis + 1);
  return op.rank(given) === 0
    ? op.reshape(windows, [-1])
    : op.emit('Transpose', [windows], { perm: [...order, axis + 1] });
};

export const pieces = defineOps('Pieces', {
  ...views({
    'split(Tensor self, int split_size, int dim=0) -> Tensor[]': split,
    'split(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]': splitSizes,
    'split_with_sizes(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]': splitSizes,
    'unsafe_split_with_sizes(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]': splitSizes,
    'unsafe_split(Tensor self, int split_size, int dim=0) -> Tensor[]': split,
    'chunk(Tensor self, int chunks, int dim=0) -> Tensor[]': chunk,
    'unsafe_chunk(Tensor self, int chunks, int dim=0) -> Tensor[]': chunk,
    'unbind(Tensor self, int dim=0) -> Tensor[]': (op) => {
      const x = op.tensor('self');
      const axis = op.axis('dim', op.rank(x));
      checkParts(op, op.knownSize(x, axis));
      return Array.from({ length: op.knownSize(x, axis) }, (_, i) =>
        op.emit('Gather', [x, op.constant('int64', i)], { axis }),
      );
    },
    ...of('tensor_split', ', int dim=0', tensorSplit),
    ...of(
      'hsplit',
      '',
      splitAt((rank) => (rank === 1 ? 0 : 1)),
    ),
    ...of(
      'vsplit',
      '',
      splitAt(() => 0),
    ),
    ...of(
      'dsplit',
      '',
      splitAt(() => 2),
    ),
    'unfold(Tensor self, int dimension, int size, int step)': unfold,
  }),
});
