import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { ones, withBatch, zeros } from './spatial-axes.ts';

interface Convolution {
  readonly stride: readonly number[];
  /** Of each axis before it, then of each behind it. */
  readonly pads: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  /** Of a transposed one. */
  readonly outputPadding?: readonly number[] | undefined;
}

function convolved(op: OpCall, settings: Convolution): Value {
  const [x, weight, bias] = [op.tensor('self'), op.tensor('weight'), op.optionalTensor('bias')];
  const { stride, pads, dilation, groups, outputPadding } = settings;
  const attributes = {
    strides: stride,
    pads,
    dilations: dilation,
    group: groups,
    ...(outputPadding && { output_padding: outputPadding }),
  };
  const operands = bias === undefined ? [weight] : [weight, bias];
  const operator = outputPadding === undefined ? 'Conv' : 'ConvTranspose';
  const [result] = withBatch(op, x, op.rank(weight) - 2, (batched) => [
    op.emit(operator, [batched, ...operands], attributes),
  ]);
  return result as Value;
}

const both = (padding: readonly number[]) => [...padding, ...padding];

/** "same" keeps the size; of an odd number of cells the one that is left over comes behind. */
function namedPads(op: OpCall, dilation: readonly number[]): number[] {
  const name = op.text('padding');
  if (name === 'valid') return both(dilation.map(() => 0));
  if (name !== 'same') return op.fail(`padding '${name}' is not supported`);
  const totals = dilation.map((by, d) => by * (op.knownSize(op.tensor('weight'), d + 2) - 1));
  const before = totals.map((total) => Math.floor(total / 2));
  return [...before, ...totals.map((total, d) => total - (before[d] as number))];
}

const conv: Lower = (op) => {
  const rank = op.rank(op.tensor('weight')) - 2;
  const dilation = op.intsFor('dilation', rank, ones(rank));
  return convolved(op, {
    stride: op.intsFor('stride', rank, ones(rank)),
    pads:
      typeof op.raw('padding') === 'string'
        ? namedPads(op, dilation)
        : both(op.intsFor('padding', rank, zeros(rank))),
    dilation,
    groups: op.int('groups'),
  });
};

/** @param isTransposed undefined where an argument of the op says it. */
const general =
  (isTransposed?: boolean): Lower =>
  (op) => {
    const rank = op.rank(op.tensor('weight')) - 2;
    const outputPadding = op.intsFor('output_padding', rank, zeros(rank));
    return convolved(op, {
      stride: op.intsFor('stride', rank, ones(rank)),
      pads: both(op.intsFor('padding', rank, zeros(rank))),
      dilation: op.intsFor('dilation', rank, ones(rank)),
      groups: op.int('groups'),
      outputPadding: (isTransposed ?? op.bool('transposed')) ? outputPadding : undefined,
    });
  };

const CONV = 'Tensor self, Tensor weight, Tensor? bias=None, int[1] stride=1';
const GENERAL =
  'Tensor self, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, bool transposed, int[] output_padding, int groups';
const ranks = [1, 2, 3] as const;

export const convolutions = defineOps('Convolutions', {
  ...alike(
    [
      ...ranks.flatMap((rank) => [
        `conv${rank}d(${CONV}, int[1] padding=0, int[1] dilation=1, int groups=1)`,
        `conv${rank}d(${CONV}, str padding=valid, int[1] dilation=1, int groups=1)`,
      ]),
      '_convolution_mode(Tensor self, Tensor weight, Tensor? bias, int[] stride, str padding, int[] dilation, int groups)',
    ],
    conv,
  ),
  ...alike(
    ranks.map(
      (rank) =>
        `conv_transpose${rank}d(${CONV}, int[1] padding=0, int[1] output_padding=0, int groups=1, int[1] dilation=1)`,
    ),
    general(true),
  ),
  // The ops behind all of them: traced modules call them.
  ...alike(
    [
      `_convolution(${GENERAL}, bool benchmark, bool deterministic, bool cudnn_enabled, bool allow_tf32=False)`,
      `convolution(${GENERAL})`,
    ],
    general(),
  ),
  'conv_tbc(Tensor self, Tensor weight, Tensor bias, int pad=0)': (op) => {
    const [x, weight] = [op.tensor('self'), op.tensor('weight')];
    const pad = op.int('pad');
    const result = op.emit(
      'Conv',
      [
        op.emit('Transpose', [x], { perm: [1, 2, 0] }),
        op.emit('Transpose', [weight], { perm: [2, 1, 0] }),
        op.tensor('bias'),
      ],
      { pads: [pad, pad] },
    );
    return op.emit('Transpose', [result], { perm: [2, 0, 1] });
  },
});
