// A process of its own that stores one large model again and again, so that sending it takes no time of the clients that are measured.
// Arguments: host port key kind size. Says {ready}; begins at 'start', and ends with {stores, medianMs, error} at 'stop'.
import { buildLargeModel } from '../scripts/onnx-builder.ts';
import { buildUnrolledLstm } from '../scripts/unrolled-lstm.ts';
import { Connection } from './connection.ts';
import { describe, expectOk } from './operation.ts';

/** What is stored: weights, by MiB, or a graph, by nodes. */
export type StoredKind = 'weights' | 'graph';

export interface StoreReport {
  readonly stores: number;
  /** Of one AI.MODELSTORE, from the first byte sent to the reply; null when none was completed. */
  readonly medianMs: number | null;
  readonly error: string | null;
}

const [host, port, key, kind, size] = process.argv.slice(2);
const model =
  kind === 'graph'
    ? ['TF', 'CPU', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y', 'BLOB', buildUnrolledLstm(Number(size))]
    : ['ONNX', 'CPU', 'BLOB', buildLargeModel(Number(size))];
const connection = await Connection.connect({ host: String(host), port: Number(port) });
let stopping = false;

async function storeUntilStopped(): Promise<StoreReport> {
  const times: number[] = [];
  let error: string | null = null;
  while (!stopping && error === null) {
    const started = performance.now();
    try {
      const reply = await connection.call('AI.MODELSTORE', String(key), ...model);
      if (expectOk(reply) !== null) error = describe(reply);
      else times.push(performance.now() - started);
    } catch (failure) {
      error = (failure as Error).message;
    }
  }
  times.sort((a, b) => a - b);
  return { stores: times.length, medianMs: times[times.length >> 1] ?? null, error };
}

process.on('message', async (message) => {
  if (message === 'stop') stopping = true;
  if (message !== 'start') return;
  const report = await storeUntilStopped();
  connection.close();
  process.send?.(report, () => process.disconnect());
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
