import { isFloat } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

const plain =
  (operator: string): Lower =>
  (op) =>
    op.emit(operator, [op.floating()]);

const softmax =
  (operator: string): Lower =>
  (op) => {
    const dtype = op.dtype();
    const x = op.floating();
    const wide = dtype === undefined ? x : op.cast(x, dtype);
    return op.emit(operator, [wide], { axis: op.axis('dim', op.rank(x)) });
  };

function gelu(op: OpCall): Value {
  const x = op.floating();
  const k = (element: number) => op.constant(x.dtype, element);
  const half = op.emit('Mul', [x, k(0.5)]);
  if (op.text('approximate') === 'tanh') {
    const cubed = op.emit('Mul', [op.emit('Mul', [x, x]), x]);
    const inner = op.emit('Add', [x, op.emit('Mul', [cubed, k(0.044715)])]);
    const bent = op.emit('Tanh', [op.emit('Mul', [inner, k(Math.sqrt(2 / Math.PI))])]);
    return op.emit('Mul', [half, op.emit('Add', [bent, k(1)])]);
  }
  const error = op.emit('Erf', [op.emit('Div', [x, k(Math.SQRT2)])]);
  // The order of ONNX Runtime's own pattern, which it fuses to one kernel.
  return op.emit('Mul', [op.emit('Mul', [x, op.emit('Add', [error, k(1)])]), k(0.5)]);
}

const hard =
  (least: (op: OpCall) => number, most: (op: OpCall) => number): Lower =>
  (op) => {
    const x = op.tensor('self');
    return op.emit('Clip', [x, op.constant(x.dtype, least(op)), op.constant(x.dtype, most(op))]);
  };

export const activations = defineOps('Activations', {
  'relu(Tensor self)': (op) => op.emit('Relu', [op.tensor('self')]),
  ...alike(
    ['relu6(Tensor self)'],
    hard(
      () => 0,
      () => 6,
    ),
  ),
  ...alike(
    ['hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1)'],
    hard(
      (op) => op.float('min_val'),
      (op) => op.float('max_val'),
    ),
  ),
  ...alike(['sigmoid(Tensor self)', 'special_expit(Tensor self)'], plain('Sigmoid')),
  'tanh(Tensor self)': plain('Tanh'),
  'softsign(Tensor self)': plain('Softsign'),
  'mish(Tensor self)': plain('Mish'),
  'selu(Tensor self)': plain('Selu'),
  'silu(Tensor self)': (op) => {
    const x = op.floating();
    return op.emit('Mul', [x, op.emit('Sigmoid', [x])]);
  },
  'gelu(Tensor self, *, str approximate=none)': gelu,
  'leaky_relu(Tensor self, Scalar negative_slope=0.01)': (op) =>
    op.emit('LeakyRelu', [op.tensor('self')], { alpha: { float: op.float('negative_slope') } }),
  'elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1)': {
    limits: 'scale and input_scale of 1',
    lower: (op) => {
      if (op.float('scale') !== 1 || op.float('input_scale') !== 1) op.fail('scales are not supported');
      return op.emit('Elu', [op.tensor('self')], { alpha: { float: op.float('alpha') } });
    },
  },
  'celu(Tensor self, Scalar alpha=1)': (op) =>
    op.emit('Celu', [op.tensor('self')], { alpha: { float: op.float('alpha') } }),
  'prelu(Tensor self, Tensor weight)': (op) => {
    const [x, weight] = [op.tensor('self'), op.tensor('weight')];
    const rank = op.rank(x);
    const isSingle = op.knownSize(weight, 0) === 1;
    const shaped =
      isSingle || rank < 2 ? weight : op.reshape(weight, [-1, ...new Array<number>(rank - 2).fill(1)]);
    return op.emit('PRelu', [x, shaped]);
  },
  'softplus(Tensor self, Scalar beta=1, Scalar threshold=20)': (op) => {
    const x = op.floating();
    const beta = op.constant(x.dtype, op.float('beta'));
    const grown = op.emit('Mul', [x, beta]);
    const soft = op.emit('Div', [op.emit('Softplus', [grown]), beta]);
    return op.emit('Where', [
      op.emit('Greater', [grown, op.constant(x.dtype, op.float('threshold'))]),
      x,
      soft,
    ]);
  },
  'hardsigmoid(Tensor self)': (op) =>
    op.emit('HardSigmoid', [op.tensor('self')], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  'hardswish(Tensor self)': (op) => op.emit('HardSwish', [op.tensor('self')]),
  'log_sigmoid(Tensor self)': (op) => {
    const x = op.floating();
    return op.emit('Neg', [op.emit('Softplus', [op.emit('Neg', [x])])]);
  },
  'threshold(Tensor self, Scalar threshold, Scalar value)': (op) => {
    const x = op.tensor('self');
    const isAbove = op.emit('Greater', [x, op.scalar('threshold', x.dtype)]);
    return op.emit('Where', [isAbove, x, op.scalar('value', x.dtype)]);
  },
  'glu(Tensor self, int dim=-1)': (op) => {
    const x = op.tensor('self');
    const [left, right] = op.emitMany(
      'Split',
      [x],
      { axis: op.axis('dim', op.rank(x)), num_outputs: 2 },
      { count: 2 },
    );
    return op.emit('Mul', [left as Value, op.emit('Sigmoid', [right as Value])]);
  },
  ...alike(
    ['softmax', 'special_softmax'].map((name) => `${name}(Tensor self, int dim, ScalarType? dtype=None)`),
    softmax('Softmax'),
  ),
  '_softmax(Tensor self, int dim, ScalarType? dtype=None)': softmax('Softmax'),
  ...alike(
    ['log_softmax', 'special_log_softmax'].map(
      (name) => `${name}(Tensor self, int dim, ScalarType? dtype=None)`,
    ),
    softmax('LogSoftmax'),
  ),
  // Dropout is nothing outside of training.
  ...alike(
    ['dropout', 'feature_dropout', 'alpha_dropout', 'feature_alpha_dropout'].map(
      (name) => `${name}(Tensor self, float p, bool train)`,
    ),
    (op: OpCall) => {
      if (op.bool('train') && op.float('p') !== 0)
        op.fail('the module is in training mode: call eval() before it is saved');
      return isFloat(op.tensor('self').dtype) ? op.tensor('self') : op.floating();
    },
  ),
});
