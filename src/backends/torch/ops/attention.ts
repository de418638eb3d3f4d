import type { Value } from '../../onnx-graph/value.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { linear, matmul } from './matrices.ts';

interface Attention {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  /** What is added to the scores. */
  readonly mask?: Value | undefined;
  /** A factor of the scores. */
  readonly scale: Value;
}

/** What was found, and how much each step looked at each other one. */
interface Attended {
  readonly mixed: Value;
  readonly weights: Value;
}

/** [..., steps, size] of queries, keys and values. */
export function attend(op: OpCall, { query, key, value, mask, scale }: Attention): Attended {
  const rank = op.rank(key);
  const perm = Array.from({ length: rank }, (_, d) =>
    d === rank - 2 ? rank - 1 : d === rank - 1 ? rank - 2 : d,
  );
  const scores = matmul(op, op.emit('Mul', [query, scale]), op.emit('Transpose', [key], { perm }));
  const masked = mask === undefined ? scores : op.emit('Add', [scores, mask]);
  const weights = op.emit('Softmax', [masked], { axis: -1 });
  return { mixed: matmul(op, weights, value), weights };
}

/** A mask of bools as what is added to the scores: nothing where it lets through, else minus infinity. */
export function additive(op: OpCall, mask: Value, dtype: Value['dtype']): Value {
  if (mask.dtype !== 'bool') return op.cast(mask, dtype);
  return op.emit('Where', [mask, op.constant(dtype, 0), op.constant(dtype, Number.NEGATIVE_INFINITY)]);
}

/** Lets each step look at itself and at those before it. */
export function causal(op: OpCall, query: Value, key: Value): Value {
  const shape = op.vectorOf([query, key].map((one) => op.size(one, op.rank(one) - 2)));
  const ones = op.emit('Expand', [op.constant('int32', 1), shape]);
  return additive(op, op.cast(op.emit('Trilu', [ones], { upper: 0 }), 'bool'), query.dtype);
}

/** As torch numbers what a mask is of: pairs of steps, steps of each row, or all of the scores. */
const [PAIRS, STEPS] = [0, 1];

/** What hides scores [batch, heads, steps, steps], true where it does, as what is added to them. */
export function hiding(op: OpCall, mask: Value, kind: number | undefined, dtype: Value['dtype']): Value {
  const isHidden = op.cast(mask, 'bool');
  const axes = kind === PAIRS ? [0, 1] : kind === STEPS ? [1, 2] : [];
  const wide =
    axes.length > 0 && op.rank(mask) === 2 ? op.emit('Unsqueeze', [isHidden, op.intVector(axes)]) : isHidden;
  return additive(op, op.emit('Not', [wide]), dtype);
}

interface Heads {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly size: number;
  readonly heads: number;
  readonly mask?: Value | undefined;
}

/** With the projections of all three in one weight: [batch, steps, size], and the weights of each head. */
export function multiHead(op: OpCall, { query, key, value, size, heads, mask }: Heads): Attended {
  const [weight, bias] = [op.tensor('qkv_weight'), op.optionalTensor('qkv_bias')];
  const head = size / heads;
  const thirds = (whole: Value | undefined, axis: number) =>
    whole === undefined ? [] : op.emitMany('Split', [whole], { axis, num_outputs: 3 }, { count: 3 });
  const project = () => {
    if (query === key && key === value) return thirds(linear(op, query, weight, bias), 2);
    const [weights, biases] = [thirds(weight, 0), thirds(bias, 0)];
    return [query, key, value].map((one, i) => linear(op, one, weights[i] as Value, biases[i]));
  };
  const [q, k, v] = project().map((part) =>
    op.emit('Transpose', [op.reshape(part, [0, 0, heads, head])], { perm: [0, 2, 1, 3] }),
  ) as [Value, Value, Value];
  const scale = op.constant(query.dtype, 1 / Math.sqrt(head));
  const { mixed, weights } = attend(op, { query: q, key: k, value: v, mask, scale });
  const merged = op.reshape(op.emit('Transpose', [mixed], { perm: [0, 2, 1, 3] }), [0, 0, size]);
  return { mixed: linear(op, merged, op.tensor('proj_weight'), op.optionalTensor('proj_bias')), weights };
}
