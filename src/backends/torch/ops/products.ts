import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { commonType } from './combining.ts';
import { everyAxis } from './reductions.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function einsum(op: OpCall, equation: string, tensors: readonly Value[]): Value {
  const dtype = commonType(op, tensors);
  return op.emit(
    'Einsum',
    tensors.map((tensor) => op.cast(tensor, dtype)),
    { equation },
  );
}

/** The equation with letters of their own for the dimensions that `...` stands for, and with what comes out. */
function spelledOut(op: OpCall, equation: string, tensors: readonly Value[]): string {
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  const operands = left.split(',');
  const free = [...LETTERS].filter((letter) => !equation.includes(letter));
  const counts = operands.map((letters, i) =>
    letters.includes('...') ? op.rank(tensors[i] as Value) - (letters.length - 3) : 0,
  );
  const most = Math.max(...counts);
  const ellipsis = free.slice(0, most).join('');
  const spelled = operands.map((letters, i) =>
    letters.replace('...', ellipsis.slice(most - (counts[i] as number))),
  );
  const all = operands.join('').replaceAll('.', '');
  const once = [...new Set(all)].filter((letter) => all.split(letter).length === 2).sort();
  const out = right === undefined ? `...${once.join('')}` : right;
  return `${spelled.join(',')}->${out.replace('...', ellipsis)}`;
}

/** The dimensions of both that are multiplied and summed up. */
function tensordot(op: OpCall, x: Value, y: Value, ofX: readonly number[], ofY: readonly number[]): Value {
  const names = [...LETTERS];
  const left = everyAxis(op, x).map(() => names.shift() as string);
  const right = everyAxis(op, y).map((d) => {
    const at = ofY.indexOf(d);
    return at < 0 ? (names.shift() as string) : (left[ofX[at] as number] as string);
  });
  const out = [...left.filter((_, d) => !ofX.includes(d)), ...right.filter((_, d) => !ofY.includes(d))];
  return einsum(op, `${left.join('')},${right.join('')}->${out.join('')}`, [x, y]);
}

const inner: Lower = (op) => {
  const [x, y] = [op.tensor('self'), op.tensor('other')];
  const [left, right] = [op.rank(x), op.rank(y)];
  if (left === 0 || right === 0) return op.call('mul', x, y);
  return tensordot(op, x, y, [left - 1], [right - 1]);
};

/** By the components, in turn. */
function cross(op: OpCall, x: Value, y: Value, axis: number): Value {
  const turned = (of: Value, by: readonly number[]) => op.emit('Gather', [of, op.intVector(by)], { axis });
  const product = (a: readonly number[], b: readonly number[]) =>
    op.emit('Mul', [turned(x, a), turned(y, b)]);
  return op.emit('Sub', [product([1, 2, 0], [2, 0, 1]), product([2, 0, 1], [1, 2, 0])]);
}

/** torch takes the first dimension of three where none is named. */
function firstOfThree(op: OpCall, x: Value): number {
  const found = everyAxis(op, x).find((axis) => op.knownSize(x, axis) === 3);
  return found ?? op.fail('no dimension of size 3 in input');
}

/** Each element of the one times all of the other. */
function kron(op: OpCall): Value {
  const [x, y] = op.promoted('self', 'other') as [Value, Value];
  const rank = Math.max(op.rank(x), op.rank(y));
  const wide = (of: Value) => {
    const missing = Array.from({ length: rank - op.rank(of) }, (_, d) => d);
    return missing.length === 0 ? of : op.emit('Unsqueeze', [of, op.intVector(missing)]);
  };
  const [a, b] = [wide(x), wide(y)];
  const spread = (of: Value, from: 0 | 1) =>
    op.emit('Unsqueeze', [of, op.intVector(everyAxis(op, a).map((d) => 2 * d + from))]);
  const sizes = op.emit('Mul', [op.emit('Shape', [a]), op.emit('Shape', [b])]);
  return op.emit('Reshape', [op.call('mul', spread(a, 1), spread(b, 0)), sizes]);
}

/** beta times the tensor plus alpha times a product; a beta of 0 makes NaN count for nothing. */
function added(op: OpCall, product: Value): Value {
  const scaled = (value: Value, by: string) =>
    op.raw(by) === 1 ? value : op.emit('Mul', [value, op.scalar(by, value.dtype)]);
  const times = scaled(product, 'alpha');
  if (op.float('beta') === 0) return times;
  return op.call('add', scaled(op.cast(op.tensor('self'), product.dtype), 'beta'), times);
}

const outer = (op: OpCall, left: string): Value => {
  const [x, y] = op.promoted(left, 'vec2') as [Value, Value];
  return op.call('mul', op.reshape(x, [-1, 1]), y);
};

const SCALES = '*, Scalar beta=1, Scalar alpha=1';

export const products = defineOps('Products', {
  'einsum(str equation, Tensor[] tensors, *, int[]? path=None)': (op) => {
    const tensors = op.tensors('tensors');
    return einsum(op, spelledOut(op, op.text('equation'), tensors), tensors);
  },
  'tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other)': (op) => {
    const [x, y] = [op.tensor('self'), op.tensor('other')];
    const axes = (name: string, of: Value) => op.ints(name).map((axis) => op.checkedAxis(axis, op.rank(of)));
    return tensordot(op, x, y, axes('dims_self', x), axes('dims_other', y));
  },
  'inner(Tensor self, Tensor other)': inner,
  ...alike(['outer(Tensor self, Tensor vec2)', 'ger(Tensor self, Tensor vec2)'], (op: OpCall) =>
    outer(op, 'self'),
  ),
  [`addr(Tensor self, Tensor vec1, Tensor vec2, ${SCALES})`]: (op) => added(op, outer(op, 'vec1')),
  [`addmv(Tensor self, Tensor mat, Tensor vec, ${SCALES})`]: (op) =>
    added(op, op.call('mv', op.raw('mat'), op.raw('vec'))),
  [`addbmm(Tensor self, Tensor batch1, Tensor batch2, ${SCALES})`]: (op) =>
    added(op, op.call('sum', op.call('bmm', op.raw('batch1'), op.raw('batch2')), [0])),
  'cross(Tensor self, Tensor other, int? dim=None)': (op) => {
    const [x, y] = op.promoted('self', 'other') as [Value, Value];
    return cross(op, x, y, op.given('dim') ? op.int('dim') : firstOfThree(op, x));
  },
  'linalg_cross(Tensor self, Tensor other, *, int dim=-1)': (op) => {
    const [x, y] = op.promoted('self', 'other') as [Value, Value];
    return cross(op, x, y, op.int('dim'));
  },
  'kron(Tensor self, Tensor other)': kron,
});
