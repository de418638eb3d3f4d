// Recurrent cells in plain loops, to compare with.

/** Rows of numbers. */
export type Matrix = readonly (readonly number[])[];

export interface LstmOptions {
  /** How the gates lie in the weights. */
  readonly order: readonly ('i' | 'ci' | 'f' | 'o')[];
  readonly forgetBias: number;
  readonly clip?: number;
  readonly peepholes?: {
    readonly wci: readonly number[];
    readonly wcf: readonly number[];
    readonly wco: readonly number[];
  };
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function dense(rows: Matrix, weights: Matrix, bias: readonly number[]): number[][] {
  return rows.map((row) =>
    bias.map((start, j) => row.reduce((sum, x, k) => sum + x * (weights[k]?.[j] as number), start)),
  );
}

const joined = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => [...row, ...(b[i] ?? [])]);

/** One step of an LSTM. */
export function lstmStep(
  x: Matrix,
  state: { readonly cs: Matrix; readonly h: Matrix },
  w: Matrix,
  b: readonly number[],
  { order, forgetBias, clip, peepholes }: LstmOptions,
): Record<'i' | 'cs' | 'f' | 'o' | 'ci' | 'co' | 'h', Matrix> {
  const units = b.length / 4;
  const gates = dense(joined(x, state.h), w, b);
  const each = (
    of: (gate: (name: LstmOptions['order'][number]) => number, row: number, unit: number) => number,
  ) =>
    gates.map((row, n) =>
      Array.from({ length: units }, (_, u) =>
        of((name) => row[order.indexOf(name) * units + u] as number, n, u),
      ),
    );
  const before = (n: number, u: number) => state.cs[n]?.[u] as number;
  const i = each((gate, n, u) => sigmoid(gate('i') + before(n, u) * (peepholes?.wci[u] ?? 0)));
  const ci = each((gate) => Math.tanh(gate('ci')));
  const f = each((gate, n, u) => sigmoid(gate('f') + forgetBias + before(n, u) * (peepholes?.wcf[u] ?? 0)));
  const at = (m: Matrix, n: number, u: number) => m[n]?.[u] as number;
  const cs = each((_, n, u) => {
    const sum = at(ci, n, u) * at(i, n, u) + before(n, u) * at(f, n, u);
    return clip === undefined ? sum : Math.min(Math.max(sum, -clip), clip);
  });
  const o = each((gate, n, u) => sigmoid(gate('o') + at(cs, n, u) * (peepholes?.wco[u] ?? 0)));
  const co = each((_, n, u) => Math.tanh(at(cs, n, u)));
  const h = each((_, n, u) => at(co, n, u) * at(o, n, u));
  return { i, cs, f, o, ci, co, h };
}

/** One step of a GRU. */
export function gruStep(
  x: Matrix,
  last: Matrix,
  weights: {
    readonly ru: Matrix;
    readonly c: Matrix;
    readonly biasRu: readonly number[];
    readonly biasC: readonly number[];
  },
): Record<'r' | 'u' | 'c' | 'h', Matrix> {
  const units = weights.biasC.length;
  const gates = dense(joined(x, last), weights.ru, weights.biasRu).map((row) => row.map(sigmoid));
  const [r, u] = [gates.map((row) => row.slice(0, units)), gates.map((row) => row.slice(units))];
  const reset = last.map((row, n) => row.map((v, k) => v * (r[n]?.[k] as number)));
  const c = dense(joined(x, reset), weights.c, weights.biasC).map((row) => row.map(Math.tanh));
  const h = last.map((row, n) =>
    row.map((v, k) => {
      const update = u[n]?.[k] as number;
      return (1 - update) * (c[n]?.[k] as number) + update * v;
    }),
  );
  return { r, u, c, h };
}
