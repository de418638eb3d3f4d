import type { Value } from '../../onnx-graph/value.ts';
import { Tuple } from '../interpreter/values.ts';
import { defineOps } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedTensor } from '../tracing/traced-tensor.ts';
import { linear, matmul } from './matrices.ts';
import { layerNorm } from './normalization.ts';

/** [..., steps, size] of queries, keys and values. */
function attention(
  op: OpCall,
  query: Value,
  key: Value,
  value: Value,
  mask: Value | undefined,
  scale: Value,
): Value {
  const rank = op.rank(key);
  const perm = Array.from({ length: rank }, (_, d) =>
    d === rank - 2 ? rank - 1 : d === rank - 1 ? rank - 2 : d,
  );
  const scores = matmul(op, op.emit('Mul', [query, scale]), op.emit('Transpose', [key], { perm }));
  const masked = mask === undefined ? scores : op.emit('Add', [scores, mask]);
  return matmul(op, op.emit('Softmax', [masked], { axis: -1 }), value);
}

/** A mask of bools as what is added to the scores: nothing, or minus infinity. */
function additive(op: OpCall, mask: Value, dtype: Value['dtype']): Value {
  if (mask.dtype !== 'bool') return op.cast(mask, dtype);
  return op.emit('Where', [mask, op.constant(dtype, 0), op.constant(dtype, Number.NEGATIVE_INFINITY)]);
}

/** Self-attention with the projections in one weight. */
function selfAttention(op: OpCall, x: Value, heads: number): Value {
  const [size, head] = [op.int('embed_dim'), op.int('embed_dim') / heads];
  const projected = linear(op, x, op.tensor('qkv_weight'), op.optionalTensor('qkv_bias'));
  const parts = op.emitMany('Split', [projected], { axis: 2, num_outputs: 3 }, { count: 3 });
  const [query, key, value] = parts.map((part) =>
    op.emit('Transpose', [op.reshape(part, [0, 0, heads, head])], { perm: [0, 2, 1, 3] }),
  ) as [Value, Value, Value];
  const mixed = attention(op, query, key, value, undefined, op.constant(x.dtype, 1 / Math.sqrt(head)));
  const merged = op.reshape(op.emit('Transpose', [mixed], { perm: [0, 2, 1, 3] }), [0, 0, size]);
  return linear(op, merged, op.tensor('proj_weight'), op.optionalTensor('proj_bias'));
}

/** torch's shortcut for a whole layer, taken apart again. */
function encoderLayer(op: OpCall): Value {
  if (op.given('mask')) op.fail('masks are not supported');
  const x = op.tensor('self');
  const norm = (value: Value, n: 1 | 2) =>
    layerNorm(op, value, 1, op.tensor(`norm_weight_${n}`), op.tensor(`norm_bias_${n}`), op.float('eps'));
  const attend = (value: Value) => selfAttention(op, value, op.int('num_heads'));
  const feed = (value: Value) => {
    const wide = linear(op, value, op.tensor('ffn_weight_1'), op.tensor('ffn_bias_1'));
    const active = op.bool('use_gelu') ? op.call('gelu', wide) : op.emit('Relu', [wide]);
    return linear(op, active, op.tensor('ffn_weight_2'), op.tensor('ffn_bias_2'));
  };
  const add = (a: Value, b: Value) => op.emit('Add', [a, b]);
  if (op.bool('norm_first')) {
    const attended = add(x, attend(norm(x, 1)));
    return add(attended, feed(norm(attended, 2)));
  }
  const attended = norm(add(x, attend(x)), 1);
  return norm(add(attended, feed(attended)), 2);
}

const PROJECTIONS = 'Tensor qkv_weight, Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias';

export const transformers = defineOps('Transformers', {
  'scaled_dot_product_attention(Tensor self, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False)':
    (op) => {
      const [query, key] = [op.tensor('self'), op.tensor('key')];
      const { dtype } = query;
      const size = op.scalarOf(op.size(query, op.rank(query) - 1), dtype);
      const scale = op.given('scale')
        ? op.scalar('scale', dtype)
        : op.emit('Reciprocal', [op.emit('Sqrt', [size])]);
      const given = op.optionalTensor('attn_mask');
      let mask = given && additive(op, given, dtype);
      if (op.bool('is_causal')) {
        const shape = op.vectorOf([query, key].map((one) => op.size(one, op.rank(one) - 2)));
        const ones = op.emit('Expand', [op.constant('int32', 1), shape]);
        mask = additive(op, op.cast(op.emit('Trilu', [ones], { upper: 0 }), 'bool'), dtype);
      }
      return attention(op, query, key, op.tensor('value'), mask, scale);
    },
  [`_transformer_encoder_layer_fwd(Tensor self, int embed_dim, int num_heads, ${PROJECTIONS}, bool use_gelu, bool norm_first, float eps, Tensor norm_weight_1, Tensor norm_bias_1, Tensor norm_weight_2, Tensor norm_bias_2, Tensor ffn_weight_1, Tensor ffn_bias_1, Tensor ffn_weight_2, Tensor ffn_bias_2, Tensor? mask=None, int? mask_type=None)`]:
    { limits: 'no masks', lower: encoderLayer },
  [`_native_multi_head_attention(Tensor self, Tensor key, Tensor value, int embed_dim, int num_head, ${PROJECTIONS}, Tensor? mask=None, bool need_weights=True, bool average_attn_weights=True, int? mask_type=None) -> (Tensor, Tensor)`]:
    {
      limits: 'self-attention without masks and weights',
      lower: (op) => {
        if (op.given('mask') || op.raw('self') !== op.raw('key'))
          op.fail('only self-attention without a mask is supported');
        const result = selfAttention(op, op.tensor('self'), op.int('num_head'));
        return { value: new Tuple([new TracedTensor(result), null]) };
      },
    },
});
