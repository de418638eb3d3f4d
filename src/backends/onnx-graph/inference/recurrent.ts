import type { Dim } from '../value.ts';
import { input, intAttribute, type Operation, type Rule } from './rule.ts';

/** LSTM, GRU and RNN: all steps, the last step, and what else an LSTM carries along. */
const recurrent: Rule = (operation: Operation) => {
  const [x, r] = [input(operation, 0), input(operation, 2)];
  const hidden = intAttribute(operation, 'hidden_size', 0);
  const directions: Dim = r.shape?.[0] ?? null;
  const batch: Dim = x.shape?.[1] ?? null;
  const last = { dtype: x.dtype, shape: [directions, batch, hidden] };
  const all = { dtype: x.dtype, shape: [x.shape?.[0] ?? null, directions, batch, hidden] };
  return [all, last, last].slice(0, operation.outputCount);
};

export const RECURRENT: Readonly<Record<string, Rule>> = {
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
};
