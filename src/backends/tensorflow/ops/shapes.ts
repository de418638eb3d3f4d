import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';

/** As the node's `out_type`, int32 unless it says otherwise. */
function counted(op: OpContext, value: Value): Value {
  return op.cast(value, op.attributes.dtype('out_type') ?? 'int32');
}

const transpose: OpDefinition = {
  lower(op) {
    const perm = op.constantInts(1, 'permutation');
    return op.transpose(
      op.input(0),
      perm.map((d) => (d < 0 ? d + perm.length : d)),
    );
  },
};

function concat(op: OpContext, values: readonly Value[], axisInput: number): Value {
  return values.length === 1
    ? (values[0] as Value)
    : op.emit('Concat', values, { axis: op.constantInt(axisInput, 'axis') });
}

function range(op: OpContext, start: Value, limit: Value, delta: Value): Value {
  return op.emit('Range', [start, limit, delta]);
}

export const shapes = defineOps('Shapes', {
  Shape: { lower: (op) => counted(op, op.shapeOf(op.input(0))) },
  ShapeN: { lower: (op) => op.inputs.map((x) => counted(op, op.shapeOf(x))) },
  Size: { lower: (op) => counted(op, op.emit('Size', [op.input(0)])) },
  Rank: { lower: (op) => op.cast(op.emit('Size', [op.shapeOf(op.input(0))]), 'int32') },
  Reshape: {
    lower(op) {
      const shape = op.vector(1);
      // 0 is a size here; ONNX would take the dimension from the input unless it is told.
      const allowzero = shape.content?.every((d) => typeof d === 'number' && d !== 0) ? undefined : 1;
      return op.emit('Reshape', [op.input(0), shape], { allowzero });
    },
  },
  ExpandDims: { lower: (op) => op.emit('Unsqueeze', [op.input(0), op.vector(1)]) },
  Squeeze: {
    lower(op) {
      const axes = op.attributes.ints('squeeze_dims') ?? op.attributes.ints('axis') ?? [];
      return op.emit('Squeeze', axes.length === 0 ? [op.input(0)] : [op.input(0), op.ints(axes)]);
    },
  },
  ...alike(['Transpose', 'ConjugateTranspose'], { ...transpose, limits: 'a constant permutation' }),
  Concat: { limits: 'a constant axis', lower: (op) => concat(op, op.inputs.slice(1), 0) },
  ConcatV2: { limits: 'a constant axis', lower: (op) => concat(op, op.inputs.slice(0, -1), -1) },
  ...alike(['Pack', 'Stack'], {
    lower(op) {
      const axis = op.attributes.int('axis', 0);
      // All have to be alike: one that nothing is known of is a scalar where another is, though no client can send a scalar.
      const hasScalar = op.inputs.some((x) => x.shape?.length === 0);
      const parts = op.inputs.map((x) => {
        const alike = hasScalar && x.shape === undefined ? op.reshape(x, []) : x;
        return op.emit('Unsqueeze', [alike, op.ints([axis])]);
      });
      return parts.length === 1 ? (parts[0] as Value) : op.emit('Concat', parts, { axis });
    },
  }),
  ...alike(['Unpack', 'Unstack'], {
    lower(op) {
      const [count, axis] = [op.attributes.int('num', 0), op.attributes.int('axis', 0)];
      const x = op.input(0);
      const sizes = op.ints(new Array(count).fill(1));
      const parts = count === 1 ? [x] : op.emitMany('Split', [x, sizes], { axis }, count);
      return parts.map((part) => op.emit('Squeeze', [part, op.ints([axis])]));
    },
  }),
  Split: {
    limits: 'a constant axis',
    lower(op) {
      const [count, axis] = [op.attributes.int('num_split', 1), op.constantInt(0, 'axis')];
      const x = op.input(1);
      return count === 1 ? [x] : op.emitMany('Split', [x], { axis, num_outputs: count }, count);
    },
  },
  SplitV: {
    limits: 'a constant axis; sizes with -1 have to be constant',
    lower(op) {
      const [count, axis] = [op.attributes.int('num_split', 1), op.constantInt(2, 'axis')];
      const x = op.input(0);
      if (count === 1) return [x];
      const sizes = op.knownInts(1);
      const rest = sizes?.indexOf(-1) ?? -1;
      if (sizes === undefined || rest < 0) return op.emitMany('Split', [x, op.vector(1)], { axis }, count);
      const size = op.emit('Gather', [op.shapeOf(x), op.ints([axis])], { axis: 0 });
      const others = sizes.reduce((sum, s) => sum + s, 0) + 1;
      const left = op.emit('Sub', [size, op.ints([others])]);
      const parts = sizes.map((s) => (s === -1 ? left : op.ints([s])));
      return op.emitMany('Split', [x, op.emit('Concat', parts, { axis: 0 })], { axis }, count);
    },
  },
  Tile: { lower: (op) => op.emit('Tile', [op.input(0), op.vector(1)]) },
  Fill: { lower: (op) => op.emit('Expand', [op.input(1), op.vector(0)]) },
  BroadcastTo: { lower: (op) => op.emit('Expand', [op.input(0), op.vector(1)]) },
  Range: {
    dtypes: ['float', 'double', 'int16', 'int32', 'int64'],
    typeAttribute: 'Tidx',
    lower: (op) => range(op, op.input(0), op.input(1), op.input(2)),
  },
  LinSpace: {
    dtypes: ['float', 'double'],
    lower(op) {
      const [start, stop] = [op.input(0), op.input(1)];
      if ((op.knownInts(2)?.[0] ?? 1) < 1) op.fail('it is asked for no numbers');
      const num = op.cast(op.input(2), 'int64');
      const [zero, one] = [op.scalar('int64', 0), op.scalar('int64', 1)];
      const steps = op.emit('Max', [op.emit('Sub', [num, one]), one]);
      const step = op.emit('Div', [op.emit('Sub', [stop, start]), op.cast(steps, start.dtype)]);
      const counts = range(op, zero, num, one);
      const numbers = op.emit('Add', [op.emit('Mul', [op.cast(counts, start.dtype), step]), start]);
      // The step is rounded, and the last number is the end all the same; a single one is the start.
      const isLast = op.emit('And', [op.emit('Equal', [counts, steps]), op.emit('Greater', [num, one])]);
      return op.emit('Where', [isLast, stop, numbers]);
    },
  },
});
