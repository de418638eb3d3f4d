import type { Value } from '../../onnx-graph/value.ts';
import { operate } from '../interpreter/operators.ts';
import { isNumber, numberOf, type ScriptValue, Tuple } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

/** Another op of the table on the arguments of these names. */
const as =
  (name: string, ...args: readonly string[]): Lower =>
  (op) =>
    op.call(name, ...args.map((arg) => op.raw(arg)));

/** The same op, but the result is no view: the last of the names are those of the arguments. */
function copies(ops: Readonly<Record<string, readonly string[]>>): Record<string, Lower> {
  return Object.fromEntries(
    Object.entries(ops).map(([schema, args]) => {
      const name = schema.slice(0, schema.indexOf('_copy('));
      return [
        schema,
        schema.endsWith('[]')
          ? (op: OpCall) => op.callMany(name, ...args.map((arg) => op.raw(arg)))
          : as(name, ...args),
      ];
    }),
  );
}

/** Rows of which nothing is let through give zeros, not NaNs. */
function safeSoftmax(op: OpCall): Value {
  const result = op.call('softmax', op.raw('self'), op.raw('dim'), op.raw('dtype'));
  const x = op.floating();
  const axes = op.intVector([op.axis('dim', op.rank(x))]);
  const most = op.emit('ReduceMax', [x, axes], { keepdims: 1 });
  const isEmpty = op.emit('Equal', [most, op.constant(x.dtype, Number.NEGATIVE_INFINITY)]);
  return op.emit('Where', [isEmpty, op.constant(result.dtype, 0), result]);
}

/** any and all along several dimensions, or all of them: of bools as integers. */
const alongSeveral =
  (operator: 'ReduceMax' | 'ReduceMin'): Lower =>
  (op) => {
    const x = op.cast(op.cast(op.tensor('self'), 'bool'), 'int32');
    const axes = op.intVector(op.axes('dim', op.rank(x)));
    return op.cast(op.emit(operator, [x, axes], { keepdims: op.bool('keepdim') ? 1 : 0 }), 'bool');
  };

function filledWith(op: OpCall, element: Value): Value {
  const x = op.tensor('self');
  return op.emit('Expand', [op.cast(element, x.dtype), op.emit('Shape', [x])]);
}

/** Of the tensor as it would lie in memory: rows one after the other. */
function strideOf(op: OpCall): ScriptValue {
  const sizes = op.sizes(op.tensor('self'));
  const behind = sizes.slice(op.axis('dim', sizes.length) + 1);
  return behind.reduce((product: ScriptValue, size) => operate(op.tracer, '*', product, size), 1);
}

/** @throws ScriptError where it is known to fail; else it is taken to hold, as it was when the program was exported. */
const asserted: Lower = (op) => {
  const condition = op.raw('self');
  if (isNumber(condition) && numberOf(condition) === 0) return op.fail(op.text('assert_msg'));
  return { value: null };
};
const nothing: Lower = () => ({ value: null });

/** One layer in one direction, as torch takes it for its own kernel on CPUs; its steps are the first dimension. */
const layerOfLstm: Lower = (op) => {
  const LSTM = 2;
  const isPlain =
    op.int('mode') === LSTM &&
    op.int('num_layers') === 1 &&
    !op.bool('bidirectional') &&
    !op.bool('batch_first');
  if (!isPlain || op.ints('batch_sizes').length > 0) op.fail('only one layer of an LSTM is supported');
  const turned = (x: Value) => (op.bool('reverse') ? op.call('flip', x, [0]) : x);
  const names = op.bool('has_biases') ? ['weight0', 'weight1', 'weight2', 'weight3'] : ['weight0', 'weight1'];
  const [steps, hidden, cell] = op.callMany(
    'lstm',
    turned(op.tensor('self')),
    [op.raw('hx_'), op.raw('cx_')] as ScriptValue,
    names.map((name) => op.raw(name)) as ScriptValue,
    ...([op.bool('has_biases'), 1, 0, false, false, false] as const),
  ) as [Value, Value, Value];
  return [turned(steps), hidden, cell];
};

/** @param mask the argument that has it. */
const attention =
  (mask: string | null): Lower =>
  (op) => {
    if (op.float('dropout_p') !== 0)
      op.fail('the module is in training mode: call eval() before it is saved');
    const result = op.tracer.call(
      'aten::scaled_dot_product_attention',
      [op.raw('self'), op.raw('key'), op.raw('value'), mask === null ? null : op.raw(mask)],
      new Map([
        ['is_causal', op.raw('is_causal')],
        ['scale', op.raw('scale')],
      ]),
    );
    // What comes besides is for the way back only.
    return { value: new Tuple([result]) };
  };

const QKV = 'Tensor self, Tensor key, Tensor value';
const OPTIONS = '*, ScalarType? dtype=None, Any layout=None, Any device=None, Any pin_memory=None';

/** Ops that torch.export's programs have besides those of modules; what torch calls the core ATen IR. */
export const coreAten = defineOps('Exported programs', {
  '_safe_softmax(Tensor self, int dim, ScalarType? dtype=None)': safeSoftmax,
  [`_to_copy(Tensor self, ${OPTIONS}, bool non_blocking=False, Any memory_format=None)`]: (op) => {
    const x = op.tensor('self');
    return op.cast(x, op.dtype() ?? x.dtype);
  },
  ...copies({
    'view_copy(Tensor self, int[] size)': ['self', 'size'],
    'permute_copy(Tensor self, int[] dims)': ['self', 'dims'],
    'transpose_copy(Tensor self, int dim0, int dim1)': ['self', 'dim0', 'dim1'],
    't_copy(Tensor self)': ['self'],
    'expand_copy(Tensor self, int[] size, *, bool implicit=False)': ['self', 'size'],
    'slice_copy(Tensor self, int dim=0, int? start=None, int? end=None, int step=1)': [
      ...['self', 'dim', 'start', 'end', 'step'],
    ],
    'select_copy(Tensor self, int dim, int index)': ['self', 'dim', 'index'],
    'unsqueeze_copy(Tensor self, int dim)': ['self', 'dim'],
    'squeeze_copy(Tensor self)': ['self'],
    'squeeze_copy(Tensor self, int[] dim)': ['self', 'dim'],
    'alias_copy(Tensor self)': ['self'],
    'detach_copy(Tensor self)': ['self'],
    'lift_fresh_copy(Tensor self)': ['self'],
    'split_copy(Tensor self, int split_size, int dim=0) -> Tensor[]': ['self', 'split_size', 'dim'],
    'split_with_sizes_copy(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]': [
      ...['self', 'split_sizes', 'dim'],
    ],
    'unbind_copy(Tensor self, int dim=0) -> Tensor[]': ['self', 'dim'],
  }),
  'unsafe_split_with_sizes(Tensor self, int[] split_sizes, int dim=0) -> Tensor[]': (op) =>
    op.callMany('split_with_sizes', op.raw('self'), op.raw('split_sizes'), op.raw('dim')),
  '_reshape_copy(Tensor self, int[] size)': as('reshape', 'self', 'size'),
  '_reshape_alias(Tensor self, int[] size, int[] stride)': as('reshape', 'self', 'size'),
  'copy(Tensor self, Operand src, bool non_blocking=False)': (op) =>
    filledWith(op, op.operand(op.raw('src'), op.tensor('self').dtype)),
  'fill(Tensor self, Operand value)': (op) => filledWith(op, op.scalar('value', op.tensor('self').dtype)),
  [`new_empty_strided(Tensor self, int[] size, int[] stride, ${OPTIONS})`]: (op) => {
    const element = op.constant(op.dtype() ?? op.tensor('self').dtype, 0);
    return op.emit('Expand', [element, op.vector('size')]);
  },
  '_unsafe_index(Tensor self, Tensor?[] indices)': as('index', 'self', 'indices'),
  '_unsafe_index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False)': as(
    ...(['index_put', 'self', 'indices', 'values', 'accumulate'] as const),
  ),
  'any(Tensor self, int[]? dim=None, bool keepdim=False)': alongSeveral('ReduceMax'),
  'all(Tensor self, int[]? dim=None, bool keepdim=False)': alongSeveral('ReduceMin'),
  '_local_scalar_dense(Tensor self) -> Scalar': (op) => ({ value: op.tracer.item(op.tensor('self')) }),
  'sym_size(Tensor self, int dim) -> int': (op) => {
    const x = op.tensor('self');
    return { value: op.size(x, op.axis('dim', op.rank(x))) };
  },
  'sym_numel(Tensor self) -> int': (op) => ({
    value: op.tracer.call('aten::numel', [op.raw('self')], new Map()),
  }),
  'sym_stride(Tensor self, int dim) -> int': (op) => ({ value: strideOf(op) }),
  'sym_storage_offset(Tensor self) -> int': () => ({ value: 0 }),
  'sym_is_contiguous(Tensor self, Any memory_format=None) -> bool': () => ({ value: true }),
  ...alike(
    [
      ...[
        '_assert_scalar(Scalar self, str assert_msg) -> ()',
        '_assert_async(Tensor self, str assert_msg) -> ()',
      ],
    ],
    asserted,
  ),
  ...alike(
    [
      '_assert_async(Tensor self) -> ()',
      '_assert_tensor_metadata(Tensor a, Any size=None, Any stride=None, Any dtype=None, *, Any device=None, Any layout=None) -> ()',
      'sym_constrain_range(Scalar size, *, int? min=None, int? max=None) -> ()',
      'sym_constrain_range_for_size(Scalar size, *, int? min=None, int? max=None) -> ()',
    ],
    nothing,
  ),
  'native_dropout(Tensor self, float p, bool? train) -> (Tensor, Tensor)': (op) => {
    // None is the mode of the module, which is in training then.
    if (op.raw('train') !== false && op.float('p') !== 0)
      op.fail('the module is in training mode: call eval() before it is saved');
    const x = op.tensor('self');
    return [x, op.emit('Expand', [op.constant('bool', 1), op.emit('Shape', [x])])];
  },
  ...Object.fromEntries(
    [1, 2, 3].flatMap((rank): [string, Lower][] => [
      [
        `reflection_pad${rank}d(Tensor self, int[] padding)`,
        (op) => op.call('pad', op.raw('self'), op.raw('padding'), 'reflect'),
      ],
      [
        `replication_pad${rank}d(Tensor self, int[] padding)`,
        (op) => op.call('pad', op.raw('self'), op.raw('padding'), 'replicate'),
      ],
    ]),
  ),
  'log_sigmoid_forward(Tensor self) -> (Tensor, Tensor)': (op) => {
    const x = op.floating();
    return [op.call('log_sigmoid', x), op.tracer.fill(x.dtype, [0], [])];
  },
  '_prelu_kernel(Tensor self, Tensor weight)': (op) =>
    op.emit('PRelu', [op.tensor('self'), op.tensor('weight')]),
  [`_scaled_dot_product_flash_attention_for_cpu(${QKV}, float dropout_p=0.0, bool is_causal=False, *, Tensor? attn_mask=None, float? scale=None) -> (Tensor, Tensor)`]:
    attention('attn_mask'),
  [`_scaled_dot_product_flash_attention(${QKV}, float dropout_p=0.0, bool is_causal=False, bool return_debug_mask=False, *, float? scale=None) -> (Tensor, Tensor)`]:
    attention(null),
  [`_scaled_dot_product_efficient_attention(${QKV}, Tensor? attn_bias, bool compute_log_sumexp, float dropout_p=0.0, bool is_causal=False, *, float? scale=None) -> (Tensor, Tensor)`]:
    attention('attn_bias'),
  [`_scaled_dot_product_cudnn_attention(${QKV}, Tensor? attn_bias, bool compute_log_sumexp, float dropout_p=0.0, bool is_causal=False, bool return_debug_mask=False, *, float? scale=None) -> (Tensor, Tensor)`]:
    attention('attn_bias'),
  [`_scaled_dot_product_attention_math(${QKV}, Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False, Tensor? dropout_mask=None, *, float? scale=None, bool enable_gqa=False) -> (Tensor, Tensor)`]:
    attention('attn_mask'),
  'mkldnn_rnn_layer(Tensor self, Tensor weight0, Tensor weight1, Tensor weight2, Tensor weight3, Tensor hx_, Tensor cx_, bool reverse, int[] batch_sizes, int mode, int hidden_size, int num_layers, bool has_biases, bool bidirectional, bool batch_first, bool train) -> (Tensor, Tensor, Tensor, Tensor)':
    { limits: 'an LSTM of one layer', lower: layerOfLstm },
});
