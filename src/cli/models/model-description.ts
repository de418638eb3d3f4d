import { formatAddress } from '../connection/address.ts';
import { fieldsOf } from '../connection/info.ts';
import type { ServerConnection, ServerReply } from '../connection/server-connection.ts';
import { shown } from '../terminal/text.ts';

/** What a node tells of a model. */
export interface ModelDescription {
  readonly key: string;
  readonly backend: string;
  readonly device: string;
  readonly tag: string;
  readonly batchSize: number;
  readonly minBatchSize: number;
  readonly minBatchTimeoutMs: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The key with its model; null where the user may not ask. */
  readonly bytes: number | null;
  /** Of this node since the model was stored or its statistics were reset. */
  readonly calls: number;
  readonly samples: number;
  readonly errors: number;
  /** Microseconds of all calls together. */
  readonly durationUs: number;
  readonly node: string;
}

/** Names as they may be shown; a program of torch.export may have outputs without one. */
const namesOf = (reply: ServerReply | undefined, what: string) =>
  ((reply ?? []) as readonly ServerReply[]).map((name, i) => shown(String(name)) || `${what} ${i}`);

/** @throws ServerError, as where the key holds no model. */
export async function describeModel(
  node: ServerConnection,
  key: string | Uint8Array,
): Promise<ModelDescription> {
  const [meta, statistics, bytes] = await Promise.all([
    node.demand('AI.MODELGET', key, 'META').then(fieldsOf),
    node.demand('AI.INFO', key).then(fieldsOf),
    node.request('MEMORY', 'USAGE', key),
  ]);
  return {
    key: shown(key),
    backend: String(meta.get('backend')),
    device: String(meta.get('device')),
    tag: shown(String(meta.get('tag') ?? '')),
    batchSize: Number(meta.get('batchsize')),
    minBatchSize: Number(meta.get('minbatchsize')),
    minBatchTimeoutMs: Number(meta.get('minbatchtimeout')),
    inputs: namesOf(meta.get('inputs'), 'input'),
    outputs: namesOf(meta.get('outputs'), 'output'),
    bytes: typeof bytes === 'number' ? bytes : null,
    calls: Number(statistics.get('calls')),
    samples: Number(statistics.get('samples')),
    errors: Number(statistics.get('errors')),
    durationUs: Number(statistics.get('duration')),
    node: formatAddress(node.address),
  };
}

/** The keys of a node's models or scripts. It walks all keys of the node. */
export async function scanKeys(
  node: ServerConnection,
  command: 'AI._MODELSCAN' | 'AI._SCRIPTSCAN',
): Promise<Buffer[]> {
  const found = (await node.demand(command)) as readonly [Buffer, Buffer][];
  return found.map(([key]) => key).sort(Buffer.compare);
}
