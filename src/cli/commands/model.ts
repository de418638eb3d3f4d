import type { Command } from 'commander';
import { list, whole } from '../arguments.ts';
import type { ClusterClient } from '../connection/cluster-client.ts';
import { addConnectionOptions, type ConnectionFlags } from '../connection/options.ts';
import { withClient } from '../connection/with-client.ts';
import { UsageError } from '../failure.ts';
import { deleteKeys } from '../models/delete-keys.ts';
import { describeModel, type ModelDescription, scanKeys } from '../models/model-description.ts';
import { chunksOf, findModel, type ModelFile } from '../models/model-file.ts';
import { lineWidth, note, type OutputFlags, print } from '../terminal/output.ts';
import { formatBytes, startProgress } from '../terminal/progress.ts';
import { formatDuration, shown, tableLines } from '../terminal/text.ts';

interface PushFlags extends ConnectionFlags, OutputFlags {
  readonly backend?: string;
  readonly device: string;
  readonly tag?: string;
  readonly batchSize?: number;
  readonly minBatchSize?: number;
  readonly minBatchTimeout?: number;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
}

/** Smaller files are sent before a bar could be read. */
const LEAST_WITH_PROGRESS = 4 << 20;
/** Where the node does not tell its own. */
const DEFAULT_CHUNK_BYTES = 511 << 20;

export function addModel(program: Command): void {
  const model = program.command('model').description('stores, shows and deletes models');
  addPush(model);
  addConnectionOptions(
    model
      .command('list')
      .description('lists the models of all nodes')
      .option('--json', 'print JSON', false)
      .addHelpText(
        'after',
        '\nExamples:\n  $ tessera model list\n  $ tessera model list --json | jq -r ".[].key"\n',
      ),
  ).action((flags: ConnectionFlags & OutputFlags) =>
    withClient(flags, (client) => listModels(client, flags)),
  );
  addConnectionOptions(
    model
      .command('info')
      .description('tells all about a model')
      .argument('<key>', 'where it is stored')
      .option('--json', 'print JSON', false)
      .addHelpText('after', '\nExamples:\n  $ tessera model info iris\n'),
  ).action((key: string, flags: ConnectionFlags & OutputFlags) =>
    withClient(flags, async (client) => {
      const found = await describeModel(await client.owner(key), key);
      print(flags, found, () => descriptionLines(found));
    }),
  );
  addConnectionOptions(
    model
      .command('rm')
      .description('deletes models')
      .argument('<key...>', 'where they are stored')
      .addHelpText('after', '\nExamples:\n  $ tessera model rm iris old-iris\n'),
  ).action((keys: string[], flags: ConnectionFlags) =>
    withClient(flags, (client) => deleteKeys(client, 'AI.MODELDEL', keys)),
  );
}

function addPush(model: Command): void {
  const push = model
    .command('push')
    .description('stores a model file under a key, and tells its inputs and outputs')
    .argument('<file>', 'a .onnx, .pt, .pt2, .pb or .tflite file, or the folder of a SavedModel')
    .argument('<key>', 'where it is stored')
    .option('-b, --backend <name>', 'ONNX, TF, TORCH or TFLITE, where the file does not tell')
    .option('-d, --device <name>', 'where it runs: CPU, CPU:1, GPU, ..', 'CPU')
    .option('-t, --tag <text>', 'such as a version')
    .option('--batch-size <n>', 'requests share a run of up to n rows', whole(1))
    .option('--min-batch-size <n>', 'rows that a run waits for', whole(1))
    .option('--min-batch-timeout <ms>', 'the longest time that it waits for them', whole(1))
    .option('--inputs <names>', 'of a TF graph, with commas between', list)
    .option('--outputs <names>', 'of a TF graph, with commas between', list)
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      `
Examples:
  $ tessera model push model.onnx iris
  $ tessera model push resnet.pt resnet --batch-size 32 --tag v2
  $ tessera model push graph.pb fraud --inputs rows,reference --outputs score
  $ tessera model push weights.bin m --backend ONNX
`,
    );
  addConnectionOptions(push).action((file: string, key: string, flags: PushFlags) =>
    pushModel(file, key, flags),
  );
}

async function pushModel(name: string, key: string, flags: PushFlags): Promise<void> {
  const file = await findModel(name, flags.backend);
  const args = storeArguments(key, file, flags);
  await withClient(flags, async (client) => {
    await send(client, key, args, file);
    const found = await describeModel(await client.owner(key), key);
    print(flags, found, () => [
      `stored ${shown(key)}: ${found.backend} on ${found.device}, ${formatBytes(file.bytes)}`,
      ...namesLines(found),
    ]);
  });
}

function storeArguments(key: string, { backend }: ModelFile, flags: PushFlags): string[] {
  const { inputs, outputs, tag, batchSize, minBatchSize, minBatchTimeout } = flags;
  if (backend === 'TF' && (inputs === undefined || outputs === undefined)) {
    throw new UsageError('a TF graph needs --inputs and --outputs: the names of its nodes');
  }
  if (backend !== 'TF' && (inputs ?? outputs) !== undefined) {
    throw new UsageError(`--inputs and --outputs are for TF: a model of ${backend} names its own`);
  }
  if (minBatchSize !== undefined && batchSize === undefined) {
    throw new UsageError('--min-batch-size needs --batch-size');
  }
  if (minBatchTimeout !== undefined && minBatchSize === undefined) {
    throw new UsageError('--min-batch-timeout needs --min-batch-size');
  }
  const option = (word: string, value: string | number | undefined) =>
    value === undefined ? [] : [word, String(value)];
  const counted = (word: string, names: readonly string[] | undefined) =>
    names === undefined ? [] : [word, String(names.length), ...names];
  return [
    ...['AI.MODELSTORE', key, backend, flags.device],
    ...option('TAG', tag),
    ...option('BATCHSIZE', batchSize),
    ...option('MINBATCHSIZE', minBatchSize),
    ...option('MINBATCHTIMEOUT', minBatchTimeout),
    ...counted('INPUTS', inputs),
    ...counted('OUTPUTS', outputs),
    'BLOB',
  ];
}

async function send(
  client: ClusterClient,
  key: string,
  args: readonly string[],
  file: ModelFile,
): Promise<void> {
  const chunkBytes = await client.seed.request('AI.CONFIG', 'GET', 'MODEL_CHUNK_SIZE');
  const longest = typeof chunkBytes === 'number' && chunkBytes > 0 ? chunkBytes : DEFAULT_CHUNK_BYTES;
  const output = process.stderr;
  const progress =
    file.bytes < LEAST_WITH_PROGRESS
      ? undefined
      : startProgress({ label: 'sending', total: file.bytes, output });
  let isSent = false;
  try {
    await client.upload(
      key,
      args,
      () => chunksOf(file, longest),
      (bytes) => {
        if (isSent) return;
        progress?.update(bytes);
        if (bytes < file.bytes || progress === undefined) return;
        isSent = true;
        progress.stop();
        note(`sent ${formatBytes(bytes)}, the node loads the model`);
      },
    );
  } finally {
    if (!isSent) progress?.stop();
  }
}

async function listModels(client: ClusterClient, flags: OutputFlags): Promise<void> {
  const perNode = await Promise.all(
    (await client.masters()).map(async (node) => {
      const keys = await scanKeys(node, 'AI._MODELSCAN');
      // One that was deleted meanwhile is no failure.
      const described = await Promise.all(keys.map((key) => describeModel(node, key).catch(() => undefined)));
      return described.filter((each) => each !== undefined);
    }),
  );
  const models = perNode.flat();
  print(flags, models, () => (models.length === 0 ? ['no models'] : modelLines(models)));
}

function modelLines(models: readonly ModelDescription[]): string[] {
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    ...[{ title: 'MODEL', isFlexible: true }, { title: 'BACKEND' }, { title: 'DEVICE' }, { title: 'TAG' }],
    ...['BATCH', 'MEMORY', 'CALLS', 'ERRORS', 'MEAN RUN'].map(right),
    { title: 'NODE' },
  ];
  const rows = models.map((each) => [
    ...[each.key, each.backend, each.device, each.tag],
    each.batchSize === 0 ? '-' : String(each.batchSize),
    each.bytes === null ? '?' : formatBytes(each.bytes),
    String(each.calls),
    String(each.errors),
    each.calls === 0 ? '-' : formatDuration(each.durationUs / each.calls),
    each.node,
  ]);
  return tableLines(columns, rows, lineWidth());
}

function descriptionLines(model: ModelDescription): string[] {
  const { batchSize, minBatchSize, minBatchTimeoutMs, calls, errors, samples, durationUs } = model;
  const waits = minBatchSize === 0 ? '' : `, waits for ${minBatchSize} rows`;
  const bound = minBatchTimeoutMs === 0 ? '' : `, ${minBatchTimeoutMs} ms at most`;
  const mean = calls === 0 ? '' : `, ${formatDuration(durationUs / calls)} on average`;
  const lines: [string, string][] = [
    ['model', model.key],
    ['backend', model.backend],
    ['device', model.device],
    ['tag', model.tag || '-'],
    ['memory', model.bytes === null ? '?' : formatBytes(model.bytes)],
    ['batches', batchSize === 0 ? 'off' : `up to ${batchSize} rows${waits}${bound}`],
    ['node', model.node],
    ['calls', `${calls} with ${samples} rows${mean}, ${errors} failed`],
  ];
  return [...lines.map(([name, value]) => `${name.padEnd(8)} ${value}`), ...namesLines(model)];
}

function namesLines({ inputs, outputs }: ModelDescription): string[] {
  const line = (title: string, names: readonly string[]) =>
    `${title.padEnd(8)} ${names.length === 0 ? 'the model does not name them' : names.join(', ')}`;
  return [line('inputs', inputs), line('outputs', outputs)];
}
