import type { DataType } from '../../onnx-graph/data-types.ts';
import { NUMBERS } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';
import { joined, sizeAt, sizesFrom, upTo } from './sizes.ts';

const DTYPES: readonly DataType[] = [...NUMBERS, 'bool'];

/** Diagonals from number `low` to number `high`; 0 is the main one, those above it are positive. */
interface Band {
  readonly low: number;
  readonly high: number;
  /** Whether shorter ones stand at the right end of their row, where each is written as a row. */
  readonly superRight: boolean;
  readonly subRight: boolean;
}

function bandOf(op: OpContext, k: readonly number[]): Band {
  const [low = 0, high = low] = k;
  // Before the third version all stood at the left.
  const [above, below] = op.node.op.endsWith('V3')
    ? op.attributes.text('align', 'RIGHT_LEFT').split('_')
    : ['LEFT', 'LEFT'];
  return { low, high, superRight: above === 'RIGHT', subRight: below === 'RIGHT' };
}

function add(op: OpContext, ...terms: readonly Value[]): Value {
  return terms.reduce((sum, term) => op.emit('Add', [sum, term]));
}

/** How long the diagonals of these numbers are in a matrix of that size. */
function lengths(op: OpContext, rows: Value, columns: Value, numbers: Value): Value {
  const zero = op.scalar('int64', 0);
  return op.emit('Min', [
    op.emit('Sub', [columns, op.emit('Max', [numbers, zero])]),
    add(op, rows, op.emit('Min', [numbers, zero])),
  ]);
}

/** How far in its row each diagonal begins. */
function offsets(op: OpContext, band: Band, longest: Value, length: Value, numbers: Value): Value {
  const { superRight, subRight } = band;
  if (!superRight && !subRight) return op.scalar('int64', 0);
  const gap = op.emit('Sub', [longest, length]);
  if (superRight && subRight) return gap;
  const zero = op.scalar('int64', 0);
  const right = op.emit(superRight ? 'GreaterOrEqual' : 'LessOrEqual', [numbers, zero]);
  return op.emit('Where', [right, gap, zero]);
}

function longestOf(op: OpContext, { low, high }: Band, rows: Value, columns: Value): Value {
  const upper = op.emit('Sub', [columns, op.ints([Math.max(low, 0)])]);
  return op.emit('Min', [add(op, rows, op.ints([Math.min(high, 0)])), upper]);
}

function between(op: OpContext, value: Value, low: Value, high: Value): Value {
  return op.emit('And', [op.emit('GreaterOrEqual', [value, low]), op.emit('LessOrEqual', [value, high])]);
}

/** The columns' numbers minus the rows', [rows, columns]. */
function diagonalNumbers(op: OpContext, rows: Value, columns: Value): Value {
  return op.emit('Sub', [upTo(op, columns), op.emit('Unsqueeze', [upTo(op, rows), op.ints([1])])]);
}

/** Matrices with the diagonals in place, and `rest` elsewhere. */
function placed(
  op: OpContext,
  diagonal: Value,
  band: Band,
  [rows, columns]: readonly [Value, Value],
  rest: Value,
): Value {
  const { low, high } = band;
  const numbers = diagonalNumbers(op, rows, columns);
  const inBand = between(op, numbers, op.scalar('int64', low), op.scalar('int64', high));
  const longest = sizeAt(op, diagonal, -1);
  const length = lengths(op, rows, columns, numbers);
  const zero = op.scalar('int64', 0);
  const column = op.emit('Sub', [upTo(op, columns), op.emit('Max', [numbers, zero])]);
  const inRow = add(op, column, offsets(op, band, longest, length, numbers));
  const row = op.emit('Sub', [op.scalar('int64', high), numbers]);
  const at = add(op, op.emit('Mul', [row, longest]), inRow);
  const [rank, isBand] = [op.knownRank(diagonal, 'diagonal'), low !== high];
  const outer = sizesFrom(op, diagonal, 0, isBand ? rank - 2 : rank - 1);
  const flat = isBand ? op.emit('Reshape', [diagonal, joined(op, outer, op.ints([-1]))]) : diagonal;
  const taken = op.emit('Gather', [flat, op.emit('Where', [inBand, at, zero])], { axis: -1 });
  return op.emit('Where', [inBand, taken, rest]);
}

/** The diagonals as rows, [.., diagonals, longest], or [.., length] where it is one. */
function taken(op: OpContext, x: Value, band: Band, padding: Value): Value {
  const { low, high } = band;
  const rank = op.knownRank(x, 'input');
  const [rows, columns] = [sizeAt(op, x, -2), sizeAt(op, x, -1)];
  const longest = longestOf(op, band, rows, columns);
  const count = high - low + 1;
  const list = Array.from({ length: count }, (_, i) => high - i);
  const numbers = op.builder.fill('int64', [count, 1], list);
  const length = lengths(op, rows, columns, numbers);
  const zero = op.scalar('int64', 0);
  const inDiagonal = op.emit('Sub', [upTo(op, longest), offsets(op, band, longest, length, numbers)]);
  const exists = op.emit('And', [
    op.emit('GreaterOrEqual', [inDiagonal, zero]),
    op.emit('Less', [inDiagonal, length]),
  ]);
  const row = op.emit('Sub', [inDiagonal, op.emit('Min', [numbers, zero])]);
  const column = add(op, inDiagonal, op.emit('Max', [numbers, zero]));
  const at = op.emit('Where', [exists, add(op, op.emit('Mul', [row, columns]), column), zero]);
  const flat = op.emit('Reshape', [x, joined(op, sizesFrom(op, x, 0, rank - 2), op.ints([-1]))]);
  const values = op.emit('Where', [exists, op.emit('Gather', [flat, at], { axis: -1 }), padding]);
  return count === 1 ? op.emit('Squeeze', [values, op.ints([-2])]) : values;
}

function nothing(op: OpContext, dtype: DataType): Value {
  return op.scalar(dtype, 0);
}

/** How large the matrix is: as told, or as small as it can be, square where nothing is told. */
function matrixSizes(op: OpContext, diagonal: Value, { low, high }: Band): [Value, Value] {
  const [rows, columns] = [op.constantInt(2, 'num_rows'), op.constantInt(3, 'num_cols')];
  const longest = sizeAt(op, diagonal, -1);
  const leastRows = add(op, longest, op.ints([-Math.min(high, 0)]));
  const leastColumns = add(op, longest, op.ints([Math.max(low, 0)]));
  if (rows === -1 && columns === -1) {
    const size = op.emit('Max', [leastRows, leastColumns]);
    return [size, size];
  }
  return [rows === -1 ? leastRows : op.ints([rows]), columns === -1 ? leastColumns : op.ints([columns])];
}

const MAIN: Band = { low: 0, high: 0, superRight: false, subRight: false };
const BAND = 'a constant k';

const matrixDiag: OpDefinition = {
  dtypes: DTYPES,
  limits: `${BAND}, constant sizes`,
  lower(op) {
    const diagonal = op.input(0);
    const band = bandOf(op, op.constantInts(1, 'k'));
    return placed(op, diagonal, band, matrixSizes(op, diagonal, band), op.input(4));
  },
};

const matrixDiagPart: OpDefinition = {
  dtypes: DTYPES,
  outputs: ['diagonal'],
  limits: BAND,
  lower: (op) => taken(op, op.input(0), bandOf(op, op.constantInts(1, 'k')), op.input(2)),
};

const matrixSetDiag: OpDefinition = {
  dtypes: DTYPES,
  limits: BAND,
  lower(op) {
    const x = op.input(0);
    const band = op.inputCount === 2 ? MAIN : bandOf(op, op.constantInts(2, 'k'));
    return placed(op, op.input(1), band, [sizeAt(op, x, -2), sizeAt(op, x, -1)], x);
  },
};

export const diagonals = defineOps('Diagonals and bands', {
  MatrixDiag: {
    dtypes: DTYPES,
    lower(op) {
      const diagonal = op.input(0);
      const size = sizeAt(op, diagonal, -1);
      return placed(op, diagonal, MAIN, [size, size], nothing(op, diagonal.dtype));
    },
  },
  ...alike(['MatrixDiagV2', 'MatrixDiagV3'], matrixDiag),
  MatrixDiagPart: {
    dtypes: DTYPES,
    lower: (op) => taken(op, op.input(0), MAIN, nothing(op, op.input(0).dtype)),
  },
  ...alike(['MatrixDiagPartV2', 'MatrixDiagPartV3'], matrixDiagPart),
  ...alike(['MatrixSetDiag', 'MatrixSetDiagV2', 'MatrixSetDiagV3'], matrixSetDiag),
  Diag: {
    dtypes: DTYPES,
    lower(op) {
      const x = op.input(0);
      const vector = op.reshape(x, [-1]);
      const size = op.shapeOf(vector);
      const matrix = placed(op, vector, MAIN, [size, size], nothing(op, x.dtype));
      const shape = op.shapeOf(x);
      return op.emit('Reshape', [matrix, joined(op, shape, shape)]);
    },
  },
  DiagPart: {
    dtypes: DTYPES,
    lower(op) {
      const x = op.input(0);
      const half = sizesFrom(op, x, 0, op.knownRank(x, 'input') / 2);
      const size = op.emit('ReduceProd', [half, op.ints([0])], { keepdims: 1 });
      const matrix = op.emit('Reshape', [x, joined(op, size, size)]);
      return op.emit('Reshape', [taken(op, matrix, MAIN, nothing(op, x.dtype)), half]);
    },
  },
  MatrixBandPart: {
    dtypes: DTYPES,
    lower(op) {
      const x = op.input(0);
      const numbers = diagonalNumbers(op, sizeAt(op, x, -2), sizeAt(op, x, -1));
      const zero = op.scalar('int64', 0);
      const within = (index: number, distance: Value) => {
        const limit = op.reshape(op.cast(op.input(index), 'int64'), []);
        return op.emit('Or', [op.emit('Less', [limit, zero]), op.emit('LessOrEqual', [distance, limit])]);
      };
      const kept = op.emit('And', [within(1, op.emit('Neg', [numbers])), within(2, numbers)]);
      return op.emit('Where', [kept, x, nothing(op, x.dtype)]);
    },
  },
});
