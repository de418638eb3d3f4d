import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { LoadResult } from '../load.ts';
import type { StoredKind, StoreReport } from '../model-storer.ts';
import { loadModel } from '../models.ts';
import type { Bench, Preparation, Scenario, Shape } from '../scenario.ts';
import type { NodeGroup } from '../topology.ts';
import { prepareModelexecute } from './models.ts';
import { prepareTensorset, smallTensor } from './tensors.ts';

const STORER = path.join(import.meta.dirname, '../model-storer.ts');
const SMALL_MODEL = 'iris';

/** As many as an LSTM over 200 steps has that was unrolled. */
const GRAPH_NODES = 7000;

interface Stored {
  readonly kind: StoredKind;
  readonly size: number;
  /** The size in words. */
  readonly words: string;
}

/** Do other clients notice that a large model is being stored? All of it on one node. */
export const modelLoad = storing(
  'model-load',
  'tensorset-small and a small modelexecute, alone and while another client stores a large model',
  ({ largeModelMegabytes: size }) => ({ kind: 'weights', size, words: `${size} MiB` }),
);

/** The same of a model that is small but takes long to load. */
export const graphLoad = storing(
  'graph-load',
  `the same while another client stores a TensorFlow graph of ${GRAPH_NODES} nodes`,
  () => ({ kind: 'graph', size: GRAPH_NODES, words: `${GRAPH_NODES} nodes` }),
);

function storing(name: string, summary: string, what: (bench: Bench) => Stored): Scenario {
  return {
    name,
    summary,
    usesModel: false,
    async *run(bench, shape) {
      const group = bench.groups[0] as NodeGroup;
      const stored = what(bench);
      const loads: [string, Preparation][] = [
        ['set', prepareTensorset(smallTensor)],
        ['execute', await prepareModelexecute([group], await loadModel(SMALL_MODEL))],
      ];
      for (const [load, preparation] of loads) {
        const alone = await bench.measure(preparation, shape, [group]);
        yield { part: `${load}, alone`, result: alone, note: '' };
        const { result, report } = await whileStoring(bench, stored, preparation, shape, group);
        yield {
          part: `${load}, storing`,
          result,
          note: `${ratios(alone, result)}; ${stores(stored, report)}`,
        };
      }
    },
  };
}

async function whileStoring(
  bench: Bench,
  { kind, size }: Stored,
  preparation: Preparation,
  shape: Shape,
  group: NodeGroup,
) {
  const { host, port } = group.address;
  const child = fork(STORER, [host, String(port), group.key('large'), kind, String(size)], { execArgv: [] });
  try {
    await message(child);
    child.send('start');
    const result = await bench.measure(preparation, shape, [group]);
    const last = message(child);
    child.send('stop');
    const report = (await last) as StoreReport;
    if (report.error !== null) throw new Error(`the large model: ${report.error}`);
    return { result, report };
  } finally {
    child.kill('SIGKILL');
  }
}

/** The child's next message. @throws Error when it ends without one. */
function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the process that stores the large model ended'));
    child.once('exit', ended);
    child.once('message', (value) => {
      child.off('exit', ended);
      resolve(value);
    });
  });
}

function ratios({ measurement: alone }: LoadResult, { measurement: storing }: LoadResult): string {
  if (alone === null || storing === null) return 'no ratio';
  const ratio = (key: 'p50Us' | 'p99Us') => (storing[key] / alone[key]).toFixed(1);
  return `p50 x${ratio('p50Us')}, p99 x${ratio('p99Us')}`;
}

function stores({ words }: Stored, { stores, medianMs }: StoreReport): string {
  const median = medianMs === null ? '' : `, ${medianMs.toFixed(0)} ms each`;
  return `${words} stored ${stores} times${median}`;
}
