import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { linear, matmul } from './matrices.ts';
import { packed, padded, type Rows, rowsOf } from './packed-sequences.ts';

type Kind = 'LSTM' | 'GRU' | 'RNN';

/** Where ONNX has the gates that torch has in order: input, forget, cell, output; reset, update, new. */
const GATES: Readonly<Record<Kind, readonly number[]>> = { LSTM: [0, 3, 1, 2], GRU: [1, 0, 2], RNN: [0] };

function reordered(op: OpCall, kind: Kind, weights: Value): Value {
  const gates = GATES[kind];
  if (gates.length === 1) return weights;
  const count = gates.length;
  const parts = op.emitMany('Split', [weights], { axis: 0, num_outputs: count }, { count });
  return op.emit(
    'Concat',
    gates.map((gate) => parts[gate] as Value),
    { axis: 0 },
  );
}

interface Stack {
  readonly kind: Kind;
  /** Of an RNN. */
  readonly activation?: 'Tanh' | 'Relu';
  /** [steps, batch, size] */
  readonly x: Value;
  /** Steps of each row, int32; undefined where all have the same. */
  readonly lengths: Value | undefined;
  /** Each [layers * directions, batch, size]: hidden, and the cell's for an LSTM. */
  readonly states: readonly Value[];
}

/** What a layer gives: all steps, [steps, batch, directions * size], and its last states. */
interface LayerResult {
  readonly all: Value;
  readonly last: readonly Value[];
}

/** One ONNX operator. @param params of each direction: weights of the input and of the state, and biases of both where there are any. */
function layer(op: OpCall, stack: Stack, params: readonly (readonly Value[])[]): LayerResult {
  const { kind, activation, x, lengths, states } = stack;
  const hidden = op.knownSize(params[0]?.[1] as Value, 1);
  const isBidirectional = params.length === 2;
  const stacked = (make: (direction: readonly Value[]) => Value) => {
    const made = params.map((direction) => op.emit('Unsqueeze', [make(direction), op.intVector([0])]));
    return made.length === 1 ? (made[0] as Value) : op.emit('Concat', made, { axis: 0 });
  };
  const weight = (index: number) => (direction: readonly Value[]) =>
    reordered(op, kind, direction[index] as Value);
  const biases = (direction: readonly Value[]) =>
    op.emit('Concat', [weight(2)(direction), weight(3)(direction)], { axis: 0 });
  const hasBiases = params[0]?.length === 4;
  const inputs = [x, stacked(weight(0)), stacked(weight(1)), hasBiases ? stacked(biases) : null];
  const attributes = {
    hidden_size: hidden,
    direction: isBidirectional ? 'bidirectional' : 'forward',
    linear_before_reset: kind === 'GRU' ? 1 : undefined,
    activations: activation && { strings: params.map(() => activation) },
  };
  const [all, ...last] = op.emitMany(kind, [...inputs, lengths ?? null, ...states], attributes, {
    count: 1 + states.length,
  });
  // [steps, directions, batch, hidden]
  const joined = isBidirectional
    ? op.reshape(op.emit('Transpose', [all as Value], { perm: [0, 2, 1, 3] }), [0, 0, 2 * hidden])
    : op.emit('Squeeze', [all as Value, op.intVector([1])]);
  return { all: joined, last };
}

/** An LSTM whose state is projected to another size: ONNX has none, so that each step is written down. */
function projectedLayer(op: OpCall, stack: Stack, params: readonly (readonly Value[])[]): LayerResult {
  const { x, lengths, states } = stack;
  if (lengths !== undefined) op.fail('projections of packed sequences are not supported');
  const steps = op.knownSize(x, 0);
  const row = (value: Value, index: number) =>
    op.emit('Gather', [value, op.constant('int64', index)], { axis: 0 });
  const results = params.map((direction, d) => {
    const [input, state, ...rest] = direction as [Value, Value, ...Value[]];
    const projection = rest.at(-1) as Value;
    const [inputBias, stateBias] = rest.slice(0, -1);
    const ins = linear(op, x, input, inputBias);
    let [h, c] = states.map((one) => row(one, d)) as [Value, Value];
    const outs = new Array<Value>(steps);
    for (let i = 0; i < steps; i++) {
      const t = d === 0 ? i : steps - 1 - i;
      [h, c] = lstmStep(op, op.emit('Add', [row(ins, t), linear(op, h, state, stateBias)]), c);
      h = matmul(op, h, op.emit('Transpose', [projection], { perm: [1, 0] }));
      outs[t] = op.emit('Unsqueeze', [h, op.intVector([0])]);
    }
    return { all: joinedAlong(op, outs, 0), h, c };
  });
  const stackedStates = (['h', 'c'] as const).map((name) =>
    joinedAlong(
      op,
      results.map((result) => op.emit('Unsqueeze', [result[name], op.intVector([0])])),
      0,
    ),
  );
  return {
    all: joinedAlong(
      op,
      results.map(({ all }) => all),
      2,
    ),
    last: stackedStates,
  };
}

function joinedAlong(op: OpCall, parts: readonly Value[], axis: number): Value {
  return parts.length === 1 ? (parts[0] as Value) : op.emit('Concat', parts, { axis });
}

/** All layers: all steps of the last one, and the last states of each. */
function layers(op: OpCall, stack: Stack): LayerResult {
  const [hasBiases, count] = [op.bool('has_biases'), op.int('num_layers')];
  const directions = op.bool('bidirectional') ? 2 : 1;
  if (op.bool('train') && op.float('dropout') !== 0) op.fail('the module is in training mode');
  const params = op.tensors('params');
  const perDirection = params.length / count / directions;
  const plain = hasBiases ? 4 : 2;
  const isProjected = stack.kind === 'LSTM' && perDirection === plain + 1;
  if (!isProjected && perDirection !== plain) op.fail('its parameters are not as many as its layers need');
  let { x } = stack;
  const lasts: Value[][] = stack.states.map(() => []);
  for (let at = 0; at < count; at++) {
    const own = Array.from({ length: directions }, (_, d) => {
      const from = (at * directions + d) * perDirection;
      return params.slice(from, from + perDirection);
    });
    const bounds = [at * directions, (at + 1) * directions, 0].map((bound) => op.intVector([bound]));
    const states = stack.states.map((state) => (count === 1 ? state : op.emit('Slice', [state, ...bounds])));
    const { all, last } = (isProjected ? projectedLayer : layer)(op, { ...stack, x, states }, own);
    for (const [i, state] of last.entries()) lasts[i]?.push(state);
    x = all;
  }
  return { all: x, last: lasts.map((parts) => joinedAlong(op, parts, 0)) };
}

interface Network {
  readonly kind: Kind;
  readonly activation?: 'Tanh' | 'Relu';
}

function statesOf(op: OpCall, kind: Kind): readonly Value[] {
  return kind === 'LSTM' ? op.tensors('hx') : [op.tensor('hx')];
}

/** Of [steps, batch, size], or the first two the other way round. */
const overSteps =
  (network: Network): Lower =>
  (op) => {
    const isBatchFirst = op.bool('batch_first');
    const turned = (value: Value) =>
      isBatchFirst ? op.emit('Transpose', [value], { perm: [1, 0, 2] }) : value;
    if (op.rank(op.tensor('self')) !== 3) op.fail('its input has to have three dimensions');
    const x = turned(op.tensor('self'));
    const states = statesOf(op, network.kind);
    const { all, last } = layers(op, { ...network, x, lengths: undefined, states });
    return [turned(all), ...last];
  };

/** Of rows of different lengths, packed. */
const overRows =
  (network: Network): Lower =>
  (op) => {
    const rows: Rows = rowsOf(op, op.tensor('batch_sizes'));
    const x = padded(op, rows, op.tensor('self'), 0);
    const lengths = op.cast(rows.lengths, 'int32');
    const { all, last } = layers(op, { ...network, x, lengths, states: statesOf(op, network.kind) });
    return [packed(op, rows, all), ...last];
  };

/** The next hidden and cell state. @param sum of what comes in and what is held, for all gates. */
function lstmStep(op: OpCall, sum: Value, cell: Value): [Value, Value] {
  const parts = op.emitMany('Split', [sum], { axis: -1, num_outputs: 4 }, { count: 4 });
  const [input, forget, fresh, output] = parts.map((part, i) =>
    op.emit(i === 2 ? 'Tanh' : 'Sigmoid', [part]),
  ) as [Value, Value, Value, Value];
  const next = op.emit('Add', [op.emit('Mul', [forget, cell]), op.emit('Mul', [input, fresh])]);
  return [op.emit('Mul', [output, op.emit('Tanh', [next])]), next];
}

/** What comes into a cell, and what it holds, through their weights. */
function cellInputs(op: OpCall, held: Value): [Value, Value] {
  return [
    linear(op, op.tensor('self'), op.tensor('w_ih'), op.optionalTensor('b_ih')),
    linear(op, held, op.tensor('w_hh'), op.optionalTensor('b_hh')),
  ];
}

const gruCell: Lower = (op) => {
  const [ins, holds] = cellInputs(op, op.tensor('hx')).map((sum) =>
    op.emitMany('Split', [sum], { axis: -1, num_outputs: 3 }, { count: 3 }),
  ) as [Value[], Value[]];
  const at = (i: number) => [ins[i] as Value, holds[i] as Value] as const;
  const open = (i: number) => op.emit('Sigmoid', [op.emit('Add', at(i))]);
  const [reset, update] = [open(0), open(1)];
  const [into, held] = at(2);
  const fresh = op.emit('Tanh', [op.emit('Add', [into, op.emit('Mul', [reset, held])])]);
  const kept = op.emit('Mul', [update, op.emit('Sub', [op.tensor('hx'), fresh])]);
  return op.emit('Add', [fresh, kept]);
};

const rnnCell =
  (activation: 'Tanh' | 'Relu'): Lower =>
  (op) =>
    op.emit(activation, [op.emit('Add', cellInputs(op, op.tensor('hx')))]);

const REST =
  'Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional';
const CELL = 'Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None';

const NETWORKS: Readonly<Record<string, Network>> = {
  gru: { kind: 'GRU' },
  rnn_tanh: { kind: 'RNN', activation: 'Tanh' },
  rnn_relu: { kind: 'RNN', activation: 'Relu' },
};

export const recurrent = defineOps('Recurrent networks', {
  [`lstm(Tensor self, Tensor[] hx, ${REST}, bool batch_first) -> (Tensor, Tensor, Tensor)`]: overSteps({
    kind: 'LSTM',
  }),
  [`lstm(Tensor self, Tensor batch_sizes, Tensor[] hx, ${REST}) -> (Tensor, Tensor, Tensor)`]: {
    limits: 'no projections',
    lower: overRows({ kind: 'LSTM' }),
  },
  ...Object.fromEntries(
    Object.entries(NETWORKS).flatMap(([name, network]) => [
      [`${name}(Tensor self, Tensor hx, ${REST}, bool batch_first) -> (Tensor, Tensor)`, overSteps(network)],
      [`${name}(Tensor self, Tensor batch_sizes, Tensor hx, ${REST}) -> (Tensor, Tensor)`, overRows(network)],
    ]),
  ),
  ...alike([`gru_cell(Tensor self, Tensor hx, ${CELL})`], gruCell),
  [`rnn_tanh_cell(Tensor self, Tensor hx, ${CELL})`]: rnnCell('Tanh'),
  [`rnn_relu_cell(Tensor self, Tensor hx, ${CELL})`]: rnnCell('Relu'),
  [`lstm_cell(Tensor self, Tensor[] hx, ${CELL}) -> (Tensor, Tensor)`]: (op) => {
    const [held = op.fail('hx is empty'), cell = op.fail('hx has no cell')] = op.tensors('hx');
    return lstmStep(op, op.emit('Add', cellInputs(op, held)), cell);
  },
  '_pack_padded_sequence(Tensor self, Tensor lengths, bool batch_first) -> (Tensor, Tensor)': (op) => {
    const given = op.tensor('self');
    const turn = [1, 0, ...Array.from({ length: op.rank(given) - 2 }, (_, d) => d + 2)];
    const x = op.bool('batch_first') ? op.emit('Transpose', [given], { perm: turn }) : given;
    const lengths = op.cast(op.tensor('lengths'), 'int64');
    const steps = op.emit('ReduceMax', [lengths, op.intVector([0])], { keepdims: 0 });
    const range = op.emit('Range', [op.constant('int64', 0), steps, op.constant('int64', 1)]);
    const isThere = op.emit('Less', [
      op.emit('Unsqueeze', [range, op.intVector([1])]),
      op.emit('Unsqueeze', [lengths, op.intVector([0])]),
    ]);
    const sizes = op.emit('ReduceSum', [op.cast(isThere, 'int64'), op.intVector([1])], { keepdims: 0 });
    const positions = op.emit('Transpose', [op.emit('NonZero', [isThere])], { perm: [1, 0] });
    return [op.emit('GatherND', [x, positions]), sizes];
  },
  '_pad_packed_sequence(Tensor self, Tensor batch_sizes, bool batch_first, Scalar padding_value, int total_length) -> (Tensor, Tensor)':
    (op) => {
      const rows = rowsOf(op, op.tensor('batch_sizes'));
      const x = op.tensor('self');
      const total = op.raw('total_length');
      const steps = total === -1 ? undefined : op.scalarOf(total, 'int64');
      const all = padded(op, rows, x, op.float('padding_value'), steps);
      const turn = [1, 0, ...Array.from({ length: op.rank(x) - 1 }, (_, d) => d + 2)];
      return [op.bool('batch_first') ? op.emit('Transpose', [all], { perm: turn }) : all, rows.lengths];
    },
});
