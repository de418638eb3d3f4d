import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { linear } from './matrices.ts';

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

/** All layers, one ONNX operator for each. */
function layers(op: OpCall, kind: Kind, states: readonly Value[]): readonly Value[] {
  const [hasBiases, count] = [op.bool('has_biases'), op.int('num_layers')];
  const [isBidirectional, isBatchFirst] = [op.bool('bidirectional'), op.bool('batch_first')];
  if (op.bool('train') && op.float('dropout') !== 0) op.fail('the module is in training mode');
  const params = op.tensors('params');
  const directions = isBidirectional ? 2 : 1;
  const perLayer = params.length / count;
  const each = hasBiases ? 4 : 2;
  if (perLayer !== each * directions) op.fail('projections are not supported');
  const hidden = op.knownSize(params[1] as Value, 1);
  const swapped = { perm: [1, 0, 2] };
  let x = op.tensor('self');
  if (op.rank(x) !== 3) op.fail('inputs without a batch are not supported');
  if (isBatchFirst) x = op.emit('Transpose', [x], swapped);
  const lasts: Value[][] = states.map(() => []);
  for (let layer = 0; layer < count; layer++) {
    const own = params.slice(layer * perLayer, (layer + 1) * perLayer);
    const stacked = (make: (direction: readonly Value[]) => Value) => {
      const made = Array.from({ length: directions }, (_, d) =>
        op.emit('Unsqueeze', [make(own.slice(d * each, (d + 1) * each)), op.intVector([0])]),
      );
      return made.length === 1 ? (made[0] as Value) : op.emit('Concat', made, { axis: 0 });
    };
    const weight = (index: number) => (direction: readonly Value[]) =>
      reordered(op, kind, direction[index] as Value);
    const biases = (direction: readonly Value[]) =>
      op.emit(
        'Concat',
        [2, 3].map((index) => reordered(op, kind, direction[index] as Value)),
        { axis: 0 },
      );
    const initial = states.map((state) =>
      count === 1
        ? state
        : op.emit('Slice', [
            state,
            op.intVector([layer * directions]),
            op.intVector([(layer + 1) * directions]),
            op.intVector([0]),
          ]),
    );
    const inputs = [
      x,
      stacked(weight(0)),
      stacked(weight(1)),
      hasBiases ? stacked(biases) : null,
      null,
      ...initial,
    ];
    const attributes = {
      hidden_size: hidden,
      direction: isBidirectional ? 'bidirectional' : 'forward',
      linear_before_reset: kind === 'GRU' ? 1 : undefined,
    };
    const [all, ...last] = op.emitMany(kind, inputs, attributes, { count: 1 + states.length });
    for (const [i, state] of last.entries()) lasts[i]?.push(state);
    // [steps, directions, batch, hidden]
    x = isBidirectional
      ? op.reshape(op.emit('Transpose', [all as Value], { perm: [0, 2, 1, 3] }), [0, 0, directions * hidden])
      : op.emit('Squeeze', [all as Value, op.intVector([1])]);
  }
  const joined = lasts.map((parts) =>
    parts.length === 1 ? (parts[0] as Value) : op.emit('Concat', parts, { axis: 0 }),
  );
  return [isBatchFirst ? op.emit('Transpose', [x], swapped) : x, ...joined];
}

const REST =
  'Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first';

/** Gates of a cell: what comes in, and what it holds, through their weights. */
function cellGates(op: OpCall, count: number): [Value[], Value[]] {
  const gates = (x: string, weight: string, bias: string) => {
    const sum = linear(op, op.tensor(x), op.tensor(weight), op.optionalTensor(bias));
    return op.emitMany('Split', [sum], { axis: 1, num_outputs: count }, { count });
  };
  return [gates('self', 'w_ih', 'b_ih'), gates('hx', 'w_hh', 'b_hh')];
}

const gruCell: Lower = (op) => {
  const [ins, holds] = cellGates(op, 3);
  const at = (i: number) => [ins[i] as Value, holds[i] as Value] as const;
  const open = (i: number) => op.emit('Sigmoid', [op.emit('Add', at(i))]);
  const [reset, update] = [open(0), open(1)];
  const [into, held] = at(2);
  const fresh = op.emit('Tanh', [op.emit('Add', [into, op.emit('Mul', [reset, held])])]);
  const kept = op.emit('Mul', [update, op.emit('Sub', [op.tensor('hx'), fresh])]);
  return op.emit('Add', [fresh, kept]);
};

const CELL = 'Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None';

export const recurrent = defineOps('Recurrent networks', {
  [`lstm(Tensor self, Tensor[] hx, ${REST}) -> (Tensor, Tensor, Tensor)`]: {
    limits: 'no packed sequences, no projections',
    lower: (op) => layers(op, 'LSTM', op.tensors('hx')),
  },
  [`gru(Tensor self, Tensor hx, ${REST}) -> (Tensor, Tensor)`]: {
    limits: 'no packed sequences',
    lower: (op) => layers(op, 'GRU', [op.tensor('hx')]),
  },
  [`rnn_tanh(Tensor self, Tensor hx, ${REST}) -> (Tensor, Tensor)`]: {
    limits: 'no packed sequences',
    lower: (op) => layers(op, 'RNN', [op.tensor('hx')]),
  },
  ...alike([`gru_cell(Tensor self, Tensor hx, ${CELL})`], gruCell),
  [`lstm_cell(Tensor self, Tensor[] hx, ${CELL}) -> (Tensor, Tensor)`]: (op) => {
    const [held = op.fail('hx is empty'), cell = op.fail('hx has no cell')] = op.tensors('hx');
    const sum = op.emit('Add', [
      linear(op, op.tensor('self'), op.tensor('w_ih'), op.optionalTensor('b_ih')),
      linear(op, held, op.tensor('w_hh'), op.optionalTensor('b_hh')),
    ]);
    const parts = op.emitMany('Split', [sum], { axis: 1, num_outputs: 4 }, { count: 4 });
    const [input, forget, fresh, output] = parts.map((part, i) =>
      op.emit(i === 2 ? 'Tanh' : 'Sigmoid', [part]),
    ) as [Value, Value, Value, Value];
    const next = op.emit('Add', [op.emit('Mul', [forget, cell]), op.emit('Mul', [input, fresh])]);
    return [op.emit('Mul', [output, op.emit('Tanh', [next])]), next];
  },
});
