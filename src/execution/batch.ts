import { concatShared } from '../tensors/shared-bytes.ts';
import { type Tensor, tensorBytes } from '../tensors/tensor.ts';

/** The rows (dimension 0) that all inputs agree on, or undefined where they disagree or one is a scalar. */
export function rowsOf(inputs: readonly Tensor[]): number | undefined {
  const rows = inputs[0]?.shape[0];
  if (rows === undefined || rows === 0) return undefined;
  return inputs.every((t) => t.shape[0] === rows) ? rows : undefined;
}

/** Requests with the same signature may share a batch: same dtypes, same shapes but for dimension 0. */
export function batchSignature(inputs: readonly Tensor[]): string {
  return inputs.map((t) => `${t.dtype}[${t.shape.slice(1).join(',')}]`).join(';');
}

/** Joins the inputs of several requests of one signature along dimension 0. */
export function joinRows(requests: readonly (readonly Tensor[])[]): Tensor[] {
  const first = requests[0] as readonly Tensor[];
  return first.map((head, i) => {
    const parts = requests.map((inputs) => inputs[i] as Tensor);
    const { buffer, byteLength } = concatShared(parts.map(tensorBytes));
    const rows = parts.reduce((sum, t) => sum + (t.shape[0] as number), 0);
    return { dtype: head.dtype, shape: [rows, ...head.shape.slice(1)], buffer, byteOffset: 0, byteLength };
  });
}

/**
 * Cuts a batch's outputs into each request's rows: views on the batch's buffers, nothing is copied but strings' boundaries are searched.
 * Undefined when an output has not one row for each row that went in.
 */
export function splitRows(outputs: readonly Tensor[], rows: readonly number[]): Tensor[][] | undefined {
  const total = rows.reduce((sum, n) => sum + n, 0);
  if (outputs.some((t) => t.shape[0] !== total)) return undefined;
  const offsets = outputs.map(() => 0);
  return rows.map((count) =>
    outputs.map((output, o) => {
      const from = offsets[o] as number;
      const bytes =
        output.dtype === 'STRING'
          ? stringRowBytes(output, from, count, total)
          : (output.byteLength / total) * count;
      offsets[o] = from + bytes;
      return {
        dtype: output.dtype,
        shape: [count, ...output.shape.slice(1)],
        buffer: output.buffer,
        byteOffset: output.byteOffset + from,
        byteLength: bytes,
      };
    }),
  );
}

function stringRowBytes(output: Tensor, from: number, rows: number, total: number): number {
  const bytes = tensorBytes(output);
  const perRow = output.shape.reduce((a, b) => a * b, 1) / total;
  let at = from;
  for (let left = rows * perRow; left > 0; left--) at = bytes.indexOf(0, at) + 1;
  return at - from;
}
