import { isFloat } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { notFromBehind } from './embeddings.ts';

const [NONE, MEAN] = [0, 1];

/** One loss for each element, or their mean or sum. */
function reduced(op: OpCall, losses: Value): Value {
  const reduction = op.int('reduction');
  if (reduction === NONE) return losses;
  const axes = Array.from({ length: op.rank(losses) }, (_, d) => d);
  if (axes.length === 0) return losses;
  return op.emit(reduction === MEAN ? 'ReduceMean' : 'ReduceSum', [losses, op.intVector(axes)], {
    keepdims: 0,
  });
}

/** Small arithmetic on one dtype, numbers included. */
function calculator(op: OpCall, dtype: Value['dtype']) {
  const value = (x: Value | number) => (typeof x === 'number' ? op.constant(dtype, x) : op.cast(x, dtype));
  const binary = (operator: string) => (a: Value | number, b: Value | number) =>
    op.emit(operator, [value(a), value(b)]);
  const unary = (operator: string) => (a: Value) => op.emit(operator, [a]);
  return {
    ...{ add: binary('Add'), sub: binary('Sub'), mul: binary('Mul'), div: binary('Div') },
    ...{ max: binary('Max'), min: binary('Min'), less: binary('Less'), equal: binary('Equal') },
    ...{ abs: unary('Abs'), exp: unary('Exp'), log: unary('Log'), neg: unary('Neg'), sqrt: unary('Sqrt') },
    softplus: unary('Softplus'),
    sum: (x: Value, axes: readonly number[], keepdims = 0) =>
      op.emit('ReduceSum', [x, op.intVector(axes)], { keepdims }),
    where: (condition: Value, a: Value | number, b: Value | number) =>
      op.emit('Where', [condition, value(a), value(b)]),
  };
}
type Calculator = ReturnType<typeof calculator>;

/** A loss of each element of two tensors. */
const pairwise =
  (of: (k: Calculator, x: Value, y: Value, op: OpCall) => Value): Lower =>
  (op) => {
    const [x, y] = op.promoted('self', 'target') as [Value, Value];
    return reduced(op, of(calculator(op, x.dtype), x, y, op));
  };

const smooth = (k: Calculator, off: Value, width: number, scale: number): Value => {
  const far = k.mul(k.sub(off, width / 2), scale * width);
  return k.where(k.less(off, width), k.mul(k.mul(off, off), scale / 2), far);
};

/** Logarithms of no less than -100. */
const bounded = (k: Calculator, x: Value): Value => k.max(k.log(x), -100);

function weighted(op: OpCall, k: Calculator, losses: Value): Value {
  const weight = op.optionalTensor('weight');
  return weight === undefined ? losses : k.mul(losses, weight);
}

const withLogits: Lower = (op) => {
  const [x, y] = op.promoted('self', 'target') as [Value, Value];
  const k = calculator(op, x.dtype);
  const positive = op.optionalTensor('pos_weight');
  const surprise = k.softplus(k.neg(k.abs(x)));
  const other = k.mul(k.sub(1, y), x);
  const share = positive === undefined ? 1 : k.add(k.mul(k.sub(positive, 1), y), 1);
  const losses = k.add(other, k.mul(share, k.add(surprise, k.max(k.neg(x), 0))));
  return reduced(op, weighted(op, k, losses));
};

interface Classes {
  /** Logarithms of probabilities, classes along `axis`. */
  readonly logs: Value;
  readonly axis: number;
  readonly smoothing: number;
}

/** Of targets that are classes. @returns losses with the classes' axis gone. */
function ofClasses(op: OpCall, { logs, axis, smoothing }: Classes): Value {
  const k = calculator(op, logs.dtype);
  const target = op.cast(op.tensor('target'), 'int64');
  const ignored = op.emit('Equal', [target, op.scalar('ignore_index', 'int64')]);
  const safe = notFromBehind(op, op.emit('Where', [ignored, op.constant('int64', 0), target]));
  const at = op.intVector([axis]);
  const found = op.emit('GatherElements', [logs, op.emit('Unsqueeze', [safe, at])], { axis });
  const weight = op.optionalTensor('weight');
  const shares = weight && op.emit('Gather', [weight, safe], { axis: 0 });
  const own = k.neg(op.emit('Squeeze', [found, at]));
  const scaled = shares === undefined ? own : k.mul(own, shares);
  let losses = k.where(ignored, 0, scaled);
  if (smoothing > 0) {
    const rest = Array.from({ length: op.rank(logs) - axis - 1 }, () => 1);
    const all = weight === undefined ? logs : k.mul(logs, op.reshape(weight, [-1, ...rest]));
    const even = k.where(ignored, 0, k.neg(k.sum(all, [axis])));
    const classes = op.scalarOf(op.size(logs, axis), logs.dtype);
    losses = k.add(k.mul(losses, 1 - smoothing), k.div(k.mul(even, smoothing), classes));
  }
  if (op.int('reduction') !== MEAN) return reduced(op, losses);
  const counted = k.where(ignored, 0, shares ?? 1);
  const axes = Array.from({ length: op.rank(losses) }, (_, d) => d);
  const wide = op.emit('Expand', [counted, op.emit('Shape', [losses])]);
  return axes.length === 0 ? k.div(losses, counted) : k.div(k.sum(losses, axes), k.sum(wide, axes));
}

function logSoftmax(op: OpCall): { logs: Value; axis: number } {
  const x = op.tensor('self');
  const axis = op.rank(x) === 1 ? 0 : 1;
  return { logs: op.emit('LogSoftmax', [x], { axis }), axis };
}

const crossEntropy: Lower = (op) => {
  const { logs, axis } = logSoftmax(op);
  const smoothing = op.float('label_smoothing');
  const target = op.tensor('target');
  if (!isFloat(target.dtype)) return ofClasses(op, { logs, axis, smoothing });
  // Of targets that are probabilities.
  const k = calculator(op, logs.dtype);
  const classes = op.scalarOf(op.size(logs, axis), logs.dtype);
  const wanted =
    smoothing === 0
      ? target
      : k.add(k.mul(target, 1 - smoothing), k.div(op.constant(logs.dtype, smoothing), classes));
  const weight = op.optionalTensor('weight');
  const rest = Array.from({ length: op.rank(logs) - axis - 1 }, () => 1);
  const shares = weight === undefined ? wanted : k.mul(wanted, op.reshape(weight, [-1, ...rest]));
  const losses = k.neg(k.sum(k.mul(logs, shares), [axis]));
  return reduced(op, losses);
};

const negativeLog: Lower = (op) => {
  const logs = op.tensor('self');
  return ofClasses(op, { logs, axis: op.rank(logs) === 1 ? 0 : 1, smoothing: 0 });
};

const divergence: Lower = (op) => {
  const [x, y] = op.promoted('self', 'target') as [Value, Value];
  const k = calculator(op, x.dtype);
  if (op.bool('log_target')) return reduced(op, k.mul(k.exp(y), k.sub(y, x)));
  const known = k.less(0, y);
  return reduced(op, k.where(known, k.mul(y, k.sub(k.log(k.where(known, y, 1)), x)), k.mul(k.neg(y), x)));
};

const poisson: Lower = (op) => {
  const [x, y] = op.promoted('self', 'target') as [Value, Value];
  const k = calculator(op, x.dtype);
  const epsilon = op.float('eps');
  let losses = op.bool('log_input')
    ? k.sub(k.exp(x), k.mul(y, x))
    : k.sub(x, k.mul(y, k.log(k.add(x, epsilon))));
  if (op.bool('full')) {
    const stirling = k.add(k.sub(k.mul(y, k.log(y)), y), k.mul(k.log(k.mul(y, 2 * Math.PI)), 0.5));
    losses = k.add(losses, k.where(k.less(1, y), stirling, 0));
  }
  return reduced(op, losses);
};

/** The distance of rows, and how alike their directions are. */
function distance(op: OpCall, a: Value, b: Value, p: number, epsilon: number, keep = false): Value {
  const k = calculator(op, a.dtype);
  const off = k.add(k.sub(a, b), epsilon);
  return op.call('linalg_vector_norm', off, p, [-1], keep);
}

const cosine: Lower = (op) => {
  const [a, b] = op.promoted('self', 'x2') as [Value, Value];
  const k = calculator(op, a.dtype);
  const shape = op.emit('Shape', [k.mul(a, b)]);
  const [wideA, wideB] = [a, b].map((one) => op.emit('Expand', [one, shape])) as [Value, Value];
  const axis = op.axis('dim', op.rank(wideA));
  const unit = (x: Value) => k.div(x, k.max(k.sqrt(k.sum(k.mul(x, x), [axis], 1)), op.float('eps')));
  return k.sum(k.mul(unit(wideA), unit(wideB)), [axis]);
};

const LOSS = 'Tensor self, Tensor target';

export const losses = defineOps('Losses and distances', {
  [`mse_loss(${LOSS}, int reduction=1)`]: pairwise((k, x, y) => k.mul(k.sub(x, y), k.sub(x, y))),
  [`l1_loss(${LOSS}, int reduction=1)`]: pairwise((k, x, y) => k.abs(k.sub(x, y))),
  [`smooth_l1_loss(${LOSS}, int reduction=1, float beta=1.0)`]: pairwise((k, x, y, op) => {
    const [off, beta] = [k.abs(k.sub(x, y)), op.float('beta')];
    return beta === 0 ? off : smooth(k, off, beta, 1 / beta);
  }),
  [`huber_loss(${LOSS}, int reduction=1, float delta=1.0)`]: pairwise((k, x, y, op) =>
    smooth(k, k.abs(k.sub(x, y)), op.float('delta'), 1),
  ),
  [`soft_margin_loss(${LOSS}, int reduction=1)`]: pairwise((k, x, y) =>
    k.log(k.add(k.exp(k.mul(k.neg(y), x)), 1)),
  ),
  [`binary_cross_entropy(${LOSS}, Tensor? weight=None, int reduction=1)`]: (op) => {
    const [x, y] = op.promoted('self', 'target') as [Value, Value];
    const k = calculator(op, x.dtype);
    const losses = k.neg(k.add(k.mul(y, bounded(k, x)), k.mul(k.sub(1, y), bounded(k, k.sub(1, x)))));
    return reduced(op, weighted(op, k, losses));
  },
  [`binary_cross_entropy_with_logits(${LOSS}, Tensor? weight=None, Tensor? pos_weight=None, int reduction=1)`]:
    withLogits,
  [`cross_entropy_loss(${LOSS}, Tensor? weight=None, int reduction=1, int ignore_index=-100, float label_smoothing=0.0)`]:
    crossEntropy,
  ...Object.fromEntries(
    ['nll_loss', 'nll_loss2d', 'nll_loss_nd'].map((name) => [
      `${name}(${LOSS}, Tensor? weight=None, int reduction=1, int ignore_index=-100)`,
      negativeLog,
    ]),
  ),
  [`kl_div(${LOSS}, int reduction=1, *, bool log_target=False)`]: divergence,
  [`poisson_nll_loss(${LOSS}, bool log_input, bool full, float eps, int reduction)`]: poisson,
  [`hinge_embedding_loss(${LOSS}, float margin=1.0, int reduction=1)`]: pairwise((k, x, y, op) => {
    const alike = k.where(k.equal(y, 1), x, 0);
    const unlike = k.where(k.equal(y, -1), k.max(k.sub(op.float('margin'), x), 0), 0);
    return k.add(alike, unlike);
  }),
  'margin_ranking_loss(Tensor self, Tensor input2, Tensor target, float margin=0.0, int reduction=1)': (
    op,
  ) => {
    const [a, b, y] = op.promoted('self', 'input2', 'target') as [Value, Value, Value];
    const k = calculator(op, a.dtype);
    return reduced(op, k.max(k.add(k.mul(k.neg(y), k.sub(a, b)), op.float('margin')), 0));
  },
  'cosine_embedding_loss(Tensor self, Tensor input2, Tensor target, float margin=0.0, int reduction=1)': (
    op,
  ) => {
    const [a, b] = op.promoted('self', 'input2') as [Value, Value];
    const k = calculator(op, a.dtype);
    const last = [op.rank(a) - 1];
    const square = (x: Value) => k.add(k.sum(k.mul(x, x), last), 1e-12);
    const alike = k.div(k.sum(k.mul(a, b), last), k.sqrt(k.mul(square(a), square(b))));
    const y = op.cast(op.tensor('target'), a.dtype);
    const same = k.where(k.equal(y, 1), k.sub(1, alike), 0);
    const other = k.where(k.equal(y, -1), k.max(k.sub(alike, op.float('margin')), 0), 0);
    return reduced(op, k.add(same, other));
  },
  'triplet_margin_loss(Tensor self, Tensor positive, Tensor negative, float margin=1.0, float p=2, float eps=1e-06, bool swap=False, int reduction=1)':
    (op) => {
      const [anchor, near, far] = op.promoted('self', 'positive', 'negative') as [Value, Value, Value];
      const k = calculator(op, anchor.dtype);
      const between = (a: Value, b: Value) => distance(op, a, b, op.float('p'), op.float('eps'));
      const other = between(anchor, far);
      const away = op.bool('swap') ? k.min(other, between(near, far)) : other;
      return reduced(op, k.max(k.add(k.sub(between(anchor, near), away), op.float('margin')), 0));
    },
  [`multi_margin_loss(${LOSS}, Scalar p=1, Scalar margin=1, Tensor? weight=None, int reduction=1)`]: (op) => {
    const given = op.tensor('self');
    const isSingle = op.rank(given) === 1;
    const first = op.intVector([0]);
    const x = isSingle ? op.emit('Unsqueeze', [given, first]) : given;
    const target = notFromBehind(op, op.reshape(op.cast(op.tensor('target'), 'int64'), [-1, 1]));
    const k = calculator(op, x.dtype);
    const own = op.emit('GatherElements', [x, target], { axis: 1 });
    const margins = k.max(k.add(k.sub(x, own), op.float('margin')), 0);
    const raised = op.float('p') === 2 ? k.mul(margins, margins) : margins;
    const classes = op.emit(
      'Range',
      [0, op.size(x, 1), 1].map((bound) => op.scalarOf(bound, 'int64')),
    );
    const others = k.where(op.emit('Equal', [target, classes]), 0, raised);
    const weight = op.optionalTensor('weight');
    const shares = weight && op.emit('Gather', [weight, target], { axis: 0 });
    const all = k.sum(shares === undefined ? others : k.mul(others, shares), [1]);
    const losses = k.div(all, op.scalarOf(op.size(x, 1), x.dtype));
    return reduced(op, isSingle ? op.emit('Squeeze', [losses, first]) : losses);
  },
  'cosine_similarity(Tensor self, Tensor x2, int dim=1, float eps=1e-08)': cosine,
  'pairwise_distance(Tensor self, Tensor x2, float p=2, float eps=1e-06, bool keepdim=False)': (op) => {
    const [a, b] = op.promoted('self', 'x2') as [Value, Value];
    return distance(op, a, b, op.float('p'), op.float('eps'), op.bool('keepdim'));
  },
});
