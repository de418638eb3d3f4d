import type { Value } from '../../onnx-graph/value.ts';
import { Tuple } from '../interpreter/values.ts';
import { defineOps } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedTensor } from '../tracing/traced-tensor.ts';
import { additive, attend, causal, hiding, multiHead } from './attention.ts';
import { linear } from './matrices.ts';
import { layerNorm } from './normalization.ts';

/** Rows of different lengths, as an encoder makes them of what its mask lets through: here they stay as long as they are, with the mask. */
class NestedTensor extends TracedTensor {
  /** [batch, steps] of bools. */
  readonly isThere: Value;

  constructor(value: Value, isThere: Value) {
    super(value);
    this.isThere = isThere;
  }
}

function maskKind(op: OpCall): number | undefined {
  return op.given('mask_type') ? op.int('mask_type') : undefined;
}

/** torch's shortcut for a whole layer, taken apart again. */
function encoderLayer(op: OpCall): Value {
  const x = op.tensor('self');
  const nested = op.raw('self');
  const given = op.optionalTensor('mask');
  const mask =
    nested instanceof NestedTensor
      ? hiding(op, op.emit('Not', [nested.isThere]), 1, x.dtype)
      : given && hiding(op, given, maskKind(op), x.dtype);
  const norm = (value: Value, n: 1 | 2) =>
    layerNorm(op, value, 1, op.tensor(`norm_weight_${n}`), op.tensor(`norm_bias_${n}`), op.float('eps'));
  const [size, heads] = [op.int('embed_dim'), op.int('num_heads')];
  const look = (one: Value) => multiHead(op, { query: one, key: one, value: one, size, heads, mask }).mixed;
  const feed = (value: Value) => {
    const wide = linear(op, value, op.tensor('ffn_weight_1'), op.tensor('ffn_bias_1'));
    const active = op.bool('use_gelu') ? op.call('gelu', wide) : op.emit('Relu', [wide]);
    return linear(op, active, op.tensor('ffn_weight_2'), op.tensor('ffn_bias_2'));
  };
  const add = (a: Value, b: Value) => op.emit('Add', [a, b]);
  if (op.bool('norm_first')) {
    const attended = add(x, look(norm(x, 1)));
    return add(attended, feed(norm(attended, 2)));
  }
  const attended = norm(add(x, look(x)), 1);
  return norm(add(attended, feed(attended)), 2);
}

/** Heads of keys or values that several heads of queries share, once for each of those. */
function repeatedHeads(op: OpCall, x: Value, query: Value): Value {
  const axis = op.rank(x) - 3;
  const [own, wanted] = [op.knownSize(x, axis), op.knownSize(query, axis)];
  if (own === wanted) return x;
  if (wanted % own !== 0) op.fail('the heads of queries are no multiple of those of keys');
  const sizes = op.sizes(x);
  const wide = op.emit('Unsqueeze', [x, op.intVector([axis + 1])]);
  const times = op.vectorOf([...sizes.slice(0, axis + 1), wanted / own, ...sizes.slice(axis + 1)]);
  return op.emit('Reshape', [op.emit('Expand', [wide, times]), op.vectorOf(sizes.with(axis, wanted))]);
}

interface Options {
  /** A factor of the scores, where it is not that of the size. */
  readonly scale?: Value | undefined;
  readonly sharesHeads?: boolean;
}

function scaledDotProduct(op: OpCall, { scale, sharesHeads }: Options = {}): ReturnType<typeof attend> {
  const query = op.tensor('self');
  const [key, value] = ['key', 'value'].map((name) =>
    sharesHeads ? repeatedHeads(op, op.tensor(name), query) : op.tensor(name),
  ) as [Value, Value];
  const { dtype } = query;
  const given = op.optionalTensor('attn_mask');
  const mask = op.bool('is_causal') ? causal(op, query, key) : given && additive(op, given, dtype);
  const root = () => op.emit('Sqrt', [op.scalarOf(op.size(query, op.rank(query) - 1), dtype)]);
  return attend(op, { query, key, value, mask, scale: scale ?? op.emit('Reciprocal', [root()]) });
}

const PROJECTIONS = 'Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias';
const LAYER =
  'Tensor norm_weight_1, Tensor norm_bias_1, Tensor norm_weight_2, Tensor norm_bias_2, Tensor ffn_weight_1, Tensor ffn_bias_1, Tensor ffn_weight_2, Tensor ffn_bias_2';
const MASK = 'Tensor? mask=None';

export const transformers = defineOps('Transformers', {
  'scaled_dot_product_attention(Tensor self, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False)':
    (op) => {
      const scale = op.given('scale') ? op.scalar('scale', op.tensor('self').dtype) : undefined;
      return scaledDotProduct(op, { scale, sharesHeads: op.bool('enable_gqa') }).mixed;
    },
  '_scaled_dot_product_attention(Tensor self, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, bool need_attn_weights=False, bool is_causal=False) -> (Tensor, Tensor)':
    (op) => {
      const { mixed, weights } = scaledDotProduct(op);
      return [mixed, op.bool('need_attn_weights') ? weights : op.tracer.fill(mixed.dtype, [0], [])];
    },
  '_masked_softmax(Tensor self, Tensor mask, int? dim=None, int? mask_type=None)': (op) => {
    const x = op.tensor('self');
    const masked = op.emit('Add', [x, hiding(op, op.tensor('mask'), maskKind(op), x.dtype)]);
    const axis = op.given('dim') ? op.axis('dim', op.rank(x)) : op.rank(x) - 1;
    return op.emit('Softmax', [masked], { axis });
  },
  [`_transformer_encoder_layer_fwd(Tensor self, int embed_dim, int num_heads, ${PROJECTIONS}, bool use_gelu, bool norm_first, float eps, ${LAYER}, ${MASK}, int? mask_type=None)`]:
    (op) => {
      const [x, result] = [op.raw('self'), encoderLayer(op)];
      return x instanceof NestedTensor ? { value: new NestedTensor(result, x.isThere) } : result;
    },
  [`_native_multi_head_attention(Tensor self, Tensor key, Tensor value, int embed_dim, int num_head, ${PROJECTIONS}, ${MASK}, bool need_weights=True, bool average_attn_weights=True, int? mask_type=None) -> (Tensor, Tensor)`]:
    (op) => {
      const query = op.tensor('self');
      const given = op.optionalTensor('mask');
      const { mixed, weights } = multiHead(op, {
        query,
        key: op.tensor('key'),
        value: op.tensor('value'),
        size: op.int('embed_dim'),
        heads: op.int('num_head'),
        mask: given && hiding(op, given, maskKind(op), query.dtype),
      });
      if (!op.bool('need_weights')) return { value: new Tuple([new TracedTensor(mixed), null]) };
      const mean = () => op.emit('ReduceMean', [weights, op.intVector([1])], { keepdims: 0 });
      return [mixed, op.bool('average_attn_weights') ? mean() : weights];
    },
  '_nested_tensor_from_mask(Tensor self, Tensor mask, bool mask_check=True)': {
    limits: 'to go into encoder layers and to_padded_tensor',
    lower: (op) => ({ value: new NestedTensor(op.tensor('self'), op.cast(op.tensor('mask'), 'bool')) }),
  },
  'to_padded_tensor(Tensor self, float padding, int[]? output_size=None)': {
    limits: 'no output_size',
    lower: (op) => {
      const nested = op.raw('self');
      if (!(nested instanceof NestedTensor)) return op.fail('only what a mask made nested can be padded');
      if (op.given('output_size')) op.fail('output_size is not supported');
      const { value: x, isThere } = nested;
      const outer = op.emit('Unsqueeze', [isThere, op.intVector([2])]);
      const whole = op.emit('Where', [outer, x, op.scalar('padding', x.dtype)]);
      // As long as the longest row is.
      const lengths = op.emit('ReduceSum', [op.cast(isThere, 'int64'), op.intVector([1])], { keepdims: 0 });
      const longest = op.emit('ReduceMax', [lengths, op.intVector([0])], { keepdims: 1 });
      return op.emit('Slice', [whole, op.intVector([0]), longest, op.intVector([1])]);
    },
  },
});
