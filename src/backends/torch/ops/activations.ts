import { isFloat } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

const plain =
  (operator: string): Lower =>
  (op) =>
    op.emit(operator, [op.floating()]);

const softmax =
  (operator: 'Softmax' | 'LogSoftmax', widens?: string): Lower =>
  (op) => {
    const dtype = widens === undefined ? op.dtype() : op.bool(widens) ? 'float' : undefined;
    const x = op.floating();
    const wide = dtype === undefined ? x : op.cast(x, dtype);
    const axis = op.axis('dim', op.rank(x));
    if (op.rank(x) > 0) return op.emit(operator, [wide], { axis });
    return op.reshape(op.emit(operator, [op.reshape(wide, [1])], { axis }), []);
  };

/** Short forms for formulas on one floating dtype. */
function formulas(op: OpCall, x: Value) {
  const k = (element: number) => op.constant(x.dtype, element);
  const add = (a: Value, b: Value) => op.emit('Add', [a, b]);
  const mul = (a: Value, b: Value) => op.emit('Mul', [a, b]);
  const above = (a: Value) => op.emit('Max', [a, k(0)]);
  const below = (a: Value) => op.emit('Min', [a, k(0)]);
  const exp = (a: Value) => op.emit('Exp', [a]);
  /** log(1 + exp(-|a|)) */
  const tail = (a: Value) => op.emit('Log', [add(exp(op.emit('Neg', [op.emit('Abs', [a])])), k(1))]);
  return { k, add, mul, above, below, exp, tail };
}

/** ONNX Runtime has kernels of these for single precision only. */
const isSingle = (x: Value) => x.dtype === 'float';

function gelu(op: OpCall): Value {
  const x = op.floating();
  const { k, add, mul } = formulas(op, x);
  if (op.text('approximate') === 'tanh') {
    const inner = add(x, mul(mul(mul(x, x), x), k(0.044715)));
    const bent = op.emit('Tanh', [mul(inner, k(Math.sqrt(2 / Math.PI)))]);
    return mul(mul(x, k(0.5)), add(bent, k(1)));
  }
  const scaled = op.emit('Div', [x, k(Math.SQRT2)]);
  const error = isSingle(x) ? op.emit('Erf', [scaled]) : op.call('erf', scaled);
  // The order of ONNX Runtime's own pattern, which it fuses to one kernel.
  return mul(mul(x, add(error, k(1))), k(0.5));
}

function softplus(op: OpCall, x: Value): Value {
  if (isSingle(x)) return op.emit('Softplus', [x]);
  const { add, above, tail } = formulas(op, x);
  return add(above(x), tail(x));
}

function leaky(op: OpCall, x: Value, slope: number): Value {
  if (isSingle(x)) return op.emit('LeakyRelu', [x], { alpha: { float: slope } });
  const { k, add, mul, above, below } = formulas(op, x);
  return add(above(x), mul(below(x), k(slope)));
}

/** scale times x, or times alpha * (exp(inner * x) - 1) below 0. */
function exponential(op: OpCall, alpha: number, scale: number, inner: number): Value {
  const x = op.floating();
  if (isSingle(x) && scale === 1 && inner === 1) return op.emit('Elu', [x], { alpha: { float: alpha } });
  const { k, add, mul, above, below, exp } = formulas(op, x);
  const bent = mul(add(exp(mul(below(x), k(inner))), k(-1)), k(alpha * scale));
  return add(mul(above(x), k(scale)), bent);
}

/** (x + 3) / 6 between 0 and 1. */
function hardSigmoid(op: OpCall, x: Value): Value {
  if (isSingle(x)) return op.emit('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
  const { k, add } = formulas(op, x);
  return op.emit('Div', [op.emit('Clip', [add(x, k(3)), k(0), k(6)]), k(6)]);
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
  'mish(Tensor self)': (op) => {
    const x = op.floating();
    return op.emit('Mul', [x, op.emit('Tanh', [softplus(op, x)])]);
  },
  'selu(Tensor self)': (op) => {
    const x = op.floating();
    return isSingle(x) ? op.emit('Selu', [x]) : exponential(op, 1.6732632423543772, 1.0507009873554805, 1);
  },
  'silu(Tensor self)': (op) => {
    const x = op.floating();
    if (isSingle(x)) return op.emit('Mul', [x, op.emit('Sigmoid', [x])]);
    const { k, add, exp } = formulas(op, x);
    return op.emit('Div', [x, add(exp(op.emit('Neg', [x])), k(1))]);
  },
  'gelu(Tensor self, *, str approximate=none)': gelu,
  'leaky_relu(Tensor self, Scalar negative_slope=0.01)': (op) =>
    leaky(op, op.floating(), op.float('negative_slope')),
  'elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1)': (op) =>
    exponential(op, op.float('alpha'), op.float('scale'), op.float('input_scale')),
  'celu(Tensor self, Scalar alpha=1)': (op) => exponential(op, op.float('alpha'), 1, 1 / op.float('alpha')),
  'prelu(Tensor self, Tensor weight)': (op) => {
    const [x, weight] = [op.tensor('self'), op.tensor('weight')];
    const rank = op.rank(x);
    const isShared = op.knownSize(weight, 0) === 1;
    const shaped =
      isShared || rank < 2 ? weight : op.reshape(weight, [-1, ...new Array<number>(rank - 2).fill(1)]);
    return op.emit('PRelu', [x, shaped]);
  },
  'softplus(Tensor self, Scalar beta=1, Scalar threshold=20)': (op) => {
    const x = op.floating();
    const beta = op.constant(x.dtype, op.float('beta'));
    const grown = op.emit('Mul', [x, beta]);
    const soft = op.emit('Div', [softplus(op, grown), beta]);
    return op.emit('Where', [
      op.emit('Greater', [grown, op.constant(x.dtype, op.float('threshold'))]),
      x,
      soft,
    ]);
  },
  'hardsigmoid(Tensor self)': (op) => hardSigmoid(op, op.floating()),
  'hardswish(Tensor self)': (op) => op.emit('Mul', [op.floating(), hardSigmoid(op, op.floating())]),
  'log_sigmoid(Tensor self)': (op) => {
    const x = op.floating();
    return op.emit('Neg', [softplus(op, op.emit('Neg', [x]))]);
  },
  'hardshrink(Tensor self, Scalar lambd=0.5)': (op) => {
    const x = op.tensor('self');
    const isNear = op.emit('LessOrEqual', [op.emit('Abs', [x]), op.scalar('lambd', x.dtype)]);
    return op.emit('Where', [isNear, op.constant(x.dtype, 0), x]);
  },
  'softshrink(Tensor self, Scalar lambd=0.5)': (op) => {
    const x = op.tensor('self');
    const bound = op.scalar('lambd', x.dtype);
    const held = op.emit('Max', [op.emit('Min', [x, bound]), op.emit('Neg', [bound])]);
    return op.emit('Sub', [x, held]);
  },
  'rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.3333333333333333, bool training=False, Any generator=None)':
    (op) => {
      if (op.bool('training')) op.fail('the module is in training mode: call eval() before it is saved');
      const slope = (op.float('lower') + op.float('upper')) / 2;
      return leaky(op, op.floating(), slope);
    },
  'threshold(Tensor self, Scalar threshold, Scalar value)': (op) => {
    const x = op.tensor('self');
    const whole = (name: string) => (isFloat(x.dtype) ? op.float(name) : Math.trunc(op.float(name)));
    const isAbove = op.emit('Greater', [x, op.constant(x.dtype, whole('threshold'))]);
    return op.emit('Where', [isAbove, x, op.constant(x.dtype, whole('value'))]);
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
  '_softmax(Tensor self, int dim, bool half_to_float)': softmax('Softmax', 'half_to_float'),
  '_log_softmax(Tensor self, int dim, bool half_to_float)': softmax('LogSoftmax', 'half_to_float'),
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
