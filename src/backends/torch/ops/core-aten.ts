import type { Value } from '../../onnx-graph/value.ts';
import { operate } from '../interpreter/operators.ts';
import { isNumber, numberOf, type ScriptValue, Tuple } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedTensor } from '../tracing/traced-tensor.ts';

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

/** Indices where the mask lets them through, else the first element, which is always there. */
function maskedIndices(op: OpCall, mask: Value): ScriptValue {
  return op.optionalTensors('indices').map((index) => {
    if (index === undefined) return null;
    return new TracedTensor(op.emit('Where', [mask, index, op.constant(index.dtype, 0)]));
  });
}

/** The product of three tensors, each with new dimensions, summed along some. */
const trilinear: Lower = (op) => {
  const parts = [1, 2, 3].map((n) => {
    const axes = op.ints(`expand${n}`);
    const part = op.tensor(n === 1 ? 'self' : `i${n}`);
    return axes.length === 0 ? part : op.emit('Unsqueeze', [part, op.intVector(axes)]);
  });
  const product = parts.reduce((a, b) => op.emit('Mul', [a, b]));
  return op.emit('ReduceSum', [product, op.intVector(op.ints('sumdim'))], { keepdims: 0 });
};

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
    'narrow_copy(Tensor self, int dim, int start, int length)': ['self', 'dim', 'start', 'length'],
    'diagonal_copy(Tensor self, int offset=0, int dim1=0, int dim2=1)': ['self', 'offset', 'dim1', 'dim2'],
    'unfold_copy(Tensor self, int dimension, int size, int step)': ['self', 'dimension', 'size', 'step'],
    'as_strided_copy(Tensor self, int[] size, int[] stride, int? storage_offset=None)': [
      ...['self', 'size', 'stride', 'storage_offset'],
    ],
  }),
  '_reshape_copy(Tensor self, int[] size)': as('reshape', 'self', 'size'),
  '_reshape_alias(Tensor self, int[] size, int[] stride)': as('reshape', 'self', 'size'),
  'copy(Tensor self, Operand src, bool non_blocking=False)': (op) =>
    filledWith(op, op.operand(op.raw('src'), op.tensor('self').dtype)),
  'fill(Tensor self, Operand value)': (op) => filledWith(op, op.scalar('value', op.tensor('self').dtype)),
  [`empty_permuted(int[] size, int[] physical_layout, ${OPTIONS})`]: (op) =>
    op.emit('Expand', [op.constant(op.dtype() ?? 'float', 0), op.vector('size')]),
  [`new_empty_strided(Tensor self, int[] size, int[] stride, ${OPTIONS})`]: (op) => {
    const element = op.constant(op.dtype() ?? op.tensor('self').dtype, 0);
    return op.emit('Expand', [element, op.vector('size')]);
  },
  '_unsafe_index(Tensor self, Tensor?[] indices)': as('index', 'self', 'indices'),
  '_unsafe_index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False)': as(
    ...(['index_put', 'self', 'indices', 'values', 'accumulate'] as const),
  ),
  '_unsafe_masked_index(Tensor self, Tensor mask, Tensor?[] indices, Scalar fill)': (op) => {
    const mask = op.cast(op.tensor('mask'), 'bool');
    const taken = op.call('index', op.raw('self'), maskedIndices(op, mask));
    return op.emit('Where', [mask, taken, op.scalar('fill', taken.dtype)]);
  },
  '_unsafe_masked_index_put_accumulate(Tensor self, Tensor mask, Tensor?[] indices, Tensor values)': (op) => {
    const mask = op.cast(op.tensor('mask'), 'bool');
    const values = op.tensor('values');
    const allowed = op.emit('Where', [mask, values, op.constant(values.dtype, 0)]);
    return op.call('index_put', op.raw('self'), maskedIndices(op, mask), allowed, true);
  },
  '_cdist_forward(Tensor self, Tensor x2, float p, int? compute_mode)': as(
    'cdist',
    'self',
    'x2',
    'p',
    'compute_mode',
  ),
  '_pdist_forward(Tensor self, float p=2)': as('pdist', 'self', 'p'),
  '_trilinear(Tensor self, Tensor i2, Tensor i3, int[] expand1, int[] expand2, int[] expand3, int[] sumdim, int unroll_dim=1)':
    trilinear,
  ...alike(
    ['_embedding_bag', '_embedding_bag_forward_only'].map(
      (name) =>
        `${name}(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False, int padding_idx=-1) -> (Tensor, Tensor, Tensor, Tensor)`,
    ),
    (op: OpCall) => {
      const names = ['weight', 'indices', 'offsets', 'scale_grad_by_freq', 'mode', 'sparse'];
      const args = [...names, 'per_sample_weights', 'include_last_offset'].map((name) => op.raw(name));
      const padding = op.int('padding_idx');
      return op.callMany('embedding_bag', ...args, padding < 0 ? null : padding);
    },
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
