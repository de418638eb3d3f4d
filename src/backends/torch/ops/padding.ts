import { defineOps, type Lower } from '../op-registry.ts';

const ranks = [1, 2, 3] as const;
/** @param mode as the op `pad` names it. */
const padded =
  (mode: string): Lower =>
  (op) =>
    op.call('pad', op.raw('self'), op.raw('padding'), mode);

export const padding = defineOps('Padding', {
  ...Object.fromEntries(
    ranks.flatMap((rank) => [
      [`reflection_pad${rank}d(Tensor self, int[] padding)`, padded('reflect')],
      [`replication_pad${rank}d(Tensor self, int[] padding)`, padded('replicate')],
    ]),
  ),
  'pad_sequence(Tensor[] sequences, bool batch_first=False, float padding_value=0.0)': (op) => {
    const rows = op.tensors('sequences');
    const lengths = rows.map((row) => op.knownSize(row, 0));
    const longest = Math.max(...lengths);
    const even = rows.map((row, i) => {
      const before = new Array<number>(2 * op.rank(row) - 1).fill(0);
      return op.call(
        'constant_pad_nd',
        row,
        [...before, longest - (lengths[i] as number)],
        op.raw('padding_value'),
      );
    });
    return op.call('stack', even, op.bool('batch_first') ? 0 : 1);
  },
});
