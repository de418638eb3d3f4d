import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';
import { type CellOptions, gruCell, lstmCell, type Weights } from '../recurrence.ts';

const LSTM_OUTPUTS = ['i', 'cs', 'f', 'o', 'ci', 'co', 'h'];

function options(op: OpContext, newer: boolean): CellOptions {
  return {
    // The newer op has its forget bias in its bias, and its gates in another order.
    order: newer ? ['i', 'f', 'ci', 'o'] : ['i', 'ci', 'f', 'o'],
    forgetBias: newer ? 0 : op.attributes.float('forget_bias', 1),
    cellClip: op.attributes.float('cell_clip', newer ? 0 : 3),
    usePeephole: op.attributes.bool('use_peephole'),
  };
}

/** The weights, from an input on. */
function weightsAt(op: OpContext, at: number): Weights {
  const [w, wci, wcf, wco, b] = [0, 1, 2, 3, 4].map((i) => op.input(at + i));
  return { w, wci, wcf, wco, b } as Weights;
}

const block: OpDefinition = {
  dtypes: ['float', 'float16'],
  outputs: LSTM_OUTPUTS,
  ranks: [0, 3, 2, 2],
  lower(op) {
    const [x, cs, h] = [op.input(1), op.input(2), op.input(3)];
    const weights = weightsAt(op, 4);
    const cell = options(op, op.node.op === 'BlockLSTMV2');
    const most = op.reshape(op.cast(op.input(0), 'int64'), []);
    const body = op.builder.subgraph();
    const step = body.input('int64', []);
    const goesOn = body.input('bool', []);
    const before = [cs, h].map((state) => body.input(state.dtype, state.shape)) as [Value, Value];
    const out = lstmCell(body, body.emit('Gather', [x, step], { axis: 0 }), before, weights, cell);
    for (const value of [
      goesOn,
      out.cs,
      out.h,
      ...LSTM_OUTPUTS.map((name) => out[name as keyof typeof out]),
    ]) {
      body.output(value);
    }
    const state = { dtype: x.dtype, shape: cs.shape };
    const steps = { dtype: x.dtype, shape: cs.shape && [null, ...cs.shape] };
    const outputs = [state, state, ...LSTM_OUTPUTS.map(() => steps)];
    const done = op.builder.emitWithGraphs('Loop', [most, null, cs, h], { body }, outputs).slice(2);
    // What comes after the longest sequence is zeros.
    const length = op.emit('Gather', [op.shapeOf(x), op.ints([0])], { axis: 0 });
    const rest = op.emit('Sub', [length, op.reshape(most, [1])]);
    const pads = op.emit('Concat', [op.ints([0, 0, 0]), rest, op.ints([0, 0])], { axis: 0 });
    // A loop without rounds knows no sizes.
    const given = op.emit('Concat', [op.reshape(most, [1]), op.shapeOf(cs)], { axis: 0 });
    return done.map((value) => op.emit('Pad', [op.emit('Reshape', [value, given], { allowzero: 1 }), pads]));
  },
};

export const recurrentCells = defineOps('Recurrent cells', {
  LSTMBlockCell: {
    dtypes: ['float', 'float16'],
    outputs: LSTM_OUTPUTS,
    ranks: [2, 2, 2],
    lower(op) {
      const states = [op.input(1), op.input(2)] as const;
      const out = lstmCell(op.builder, op.input(0), states, weightsAt(op, 3), options(op, false));
      return [out.i, out.cs, out.f, out.o, out.ci, out.co, out.h];
    },
  },
  ...alike(['BlockLSTM', 'BlockLSTMV2'], block),
  GRUBlockCell: {
    dtypes: ['float'],
    outputs: ['r', 'u', 'c', 'h'],
    ranks: [2, 2],
    lower(op) {
      const [x, h] = [op.input(0), op.input(1)];
      const [ru, c] = [op.input(2), op.input(3)];
      const out = gruCell(op.builder, x, h, { ru, c, biasRu: op.input(4), biasC: op.input(5) });
      return [out.r, out.u, out.c, out.h];
    },
  },
});
