import type { GraphBuilder } from '../onnx-graph/graph-builder.ts';
import type { Value } from '../onnx-graph/value.ts';

export interface Weights {
  /** [inputs + units, 4 units]. */
  readonly w: Value;
  /** From the cell's state to a gate, [units]. */
  readonly wci: Value;
  readonly wcf: Value;
  readonly wco: Value;
  readonly b: Value;
}

export interface CellOptions {
  /** How the gates lie in `w` and `b`. */
  readonly order: readonly ('i' | 'ci' | 'f' | 'o')[];
  readonly forgetBias: number;
  /** The cell's state is clipped to this; not where it is not positive. */
  readonly cellClip: number;
  readonly usePeephole: boolean;
}

/** What TensorFlow's fused ops give: gates, the cell's state, the output, and what lies between. */
export type LstmStep = Readonly<Record<'i' | 'cs' | 'f' | 'o' | 'ci' | 'co' | 'h', Value>>;

/** One step of an LSTM: tensorflow/core/kernels/rnn/lstm_ops.h, LSTMBlockCellFprop. @param states the cell's state, the last output. */
export function lstmCell(
  builder: GraphBuilder,
  x: Value,
  [before, last]: readonly [Value, Value],
  { w, wci, wcf, wco, b }: Weights,
  { order, forgetBias, cellClip, usePeephole }: CellOptions,
): LstmStep {
  const emit = builder.emit.bind(builder);
  const scalar = (number: number) => builder.scalar(x.dtype, number);
  const both = emit('Concat', [x, last], { axis: 1 });
  const gates = emit('Add', [emit('MatMul', [both, w]), b]);
  const parts = builder.emitMany('Split', [gates], { axis: 1, num_outputs: 4 }, { count: 4 });
  const part = (gate: CellOptions['order'][number]) => parts[order.indexOf(gate)] as Value;
  const withPeephole = (gate: Value, state: Value, weights: Value) =>
    usePeephole ? emit('Add', [gate, emit('Mul', [state, weights])]) : gate;
  const i = emit('Sigmoid', [withPeephole(part('i'), before, wci)]);
  const ci = emit('Tanh', [part('ci')]);
  const biased = forgetBias === 0 ? part('f') : emit('Add', [part('f'), scalar(forgetBias)]);
  const f = emit('Sigmoid', [withPeephole(biased, before, wcf)]);
  const sum = emit('Add', [emit('Mul', [ci, i]), emit('Mul', [before, f])]);
  const cs = cellClip > 0 ? emit('Clip', [sum, scalar(-cellClip), scalar(cellClip)]) : sum;
  const o = emit('Sigmoid', [withPeephole(part('o'), cs, wco)]);
  const co = emit('Tanh', [cs]);
  return { i, cs, f, o, ci, co, h: emit('Mul', [co, o]) };
}

export interface GruWeights {
  /** Of the reset and the update gate, [inputs + units, 2 units]. */
  readonly ru: Value;
  /** [inputs + units, units]. */
  readonly c: Value;
  readonly biasRu: Value;
  readonly biasC: Value;
}

/** One step of a GRU: tensorflow/core/kernels/rnn/gru_ops.h, GRUBlockCellFprop. */
export function gruCell(
  builder: GraphBuilder,
  x: Value,
  last: Value,
  weights: GruWeights,
): Readonly<Record<'r' | 'u' | 'c' | 'h', Value>> {
  const emit = builder.emit.bind(builder);
  const dense = (state: Value, w: Value, b: Value) =>
    emit('Add', [emit('MatMul', [emit('Concat', [x, state], { axis: 1 }), w]), b]);
  const gates = emit('Sigmoid', [dense(last, weights.ru, weights.biasRu)]);
  const [r, u] = builder.emitMany('Split', [gates], { axis: 1, num_outputs: 2 }, { count: 2 }) as [
    Value,
    Value,
  ];
  const c = emit('Tanh', [dense(emit('Mul', [last, r]), weights.c, weights.biasC)]);
  const rest = emit('Sub', [builder.scalar(x.dtype, 1), u]);
  return { r, u, c, h: emit('Add', [emit('Mul', [rest, c]), emit('Mul', [u, last])]) };
}
