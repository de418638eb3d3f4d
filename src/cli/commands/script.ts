import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { list } from '../arguments.ts';
import { formatAddress } from '../connection/address.ts';
import type { ClusterClient } from '../connection/cluster-client.ts';
import { fieldsOf } from '../connection/info.ts';
import { addConnectionOptions, type ConnectionFlags } from '../connection/options.ts';
import type { ServerConnection } from '../connection/server-connection.ts';
import { withClient } from '../connection/with-client.ts';
import { UsageError } from '../failure.ts';
import { deleteKeys } from '../models/delete-keys.ts';
import { scanKeys } from '../models/model-description.ts';
import { lineWidth, type OutputFlags, print } from '../terminal/output.ts';
import { shown, tableLines } from '../terminal/text.ts';

interface PushFlags extends ConnectionFlags, OutputFlags {
  readonly device: string;
  readonly tag?: string;
  readonly entry?: readonly string[];
}

interface ScriptDescription {
  readonly key: string;
  readonly device: string;
  readonly tag: string;
  readonly entryPoints: readonly string[];
  readonly node: string;
}

/** What AI.SCRIPTSTORE takes as an entry point. */
const ENTRY_POINT =
  /^def\s+([A-Za-z_]\w*)\s*\(\s*\w+\s*:\s*List\[Tensor\]\s*,\s*\w+\s*:\s*List\[str\]\s*,\s*\w+\s*:\s*List\[str\]\s*\)/gm;

export function addScript(program: Command): void {
  const script = program.command('script').description('stores, shows and deletes scripts of TorchScript');
  addConnectionOptions(
    script
      .command('push')
      .description('stores a source of TorchScript under a key')
      .argument('<file>', 'the source')
      .argument('<key>', 'where it is stored')
      .option('-d, --device <name>', 'where it runs: CPU, CPU:1, GPU, ..', 'CPU')
      .option('-t, --tag <text>', 'such as a version')
      .option(
        '-e, --entry <names>',
        'functions that may be called, with commas between (all that can be)',
        list,
      )
      .option('--json', 'print JSON', false)
      .addHelpText(
        'after',
        `
Examples:
  $ tessera script push normalize.py normalize
  $ tessera script push text.py text --entry tokenize,detokenize --tag v2
`,
      ),
  ).action((file: string, key: string, flags: PushFlags) => pushScript(file, key, flags));
  addConnectionOptions(
    script
      .command('list')
      .description('lists the scripts of all nodes')
      .option('--json', 'print JSON', false)
      .addHelpText('after', '\nExamples:\n  $ tessera script list\n'),
  ).action((flags: ConnectionFlags & OutputFlags) =>
    withClient(flags, (client) => listScripts(client, flags)),
  );
  addConnectionOptions(
    script
      .command('rm')
      .description('deletes scripts')
      .argument('<key...>', 'where they are stored')
      .addHelpText('after', '\nExamples:\n  $ tessera script rm normalize\n'),
  ).action((keys: string[], flags: ConnectionFlags) =>
    withClient(flags, (client) => deleteKeys(client, 'AI.SCRIPTDEL', keys)),
  );
}

async function pushScript(file: string, key: string, flags: PushFlags): Promise<void> {
  const source = await readFile(file);
  const entries =
    flags.entry ?? [...source.toString('utf8').matchAll(ENTRY_POINT)].map(([, name]) => name as string);
  if (entries.length === 0) {
    throw new UsageError(
      `${file} has no function of (tensors: List[Tensor], keys: List[str], args: List[str]), which is what can be called`,
    );
  }
  const tag = flags.tag === undefined ? [] : ['TAG', flags.tag];
  await withClient(flags, async (client) => {
    await client.demand(
      ...['AI.SCRIPTSTORE', key, flags.device, ...tag],
      ...['ENTRY_POINTS', String(entries.length), ...entries, 'SOURCE', source],
    );
    const found = await describeScript(await client.owner(key), key);
    print(flags, found, () => [
      `stored ${found.key} on ${found.device}`,
      `functions ${found.entryPoints.join(', ')}`,
    ]);
  });
}

async function describeScript(node: ServerConnection, key: string | Uint8Array): Promise<ScriptDescription> {
  const meta = fieldsOf(await node.demand('AI.SCRIPTGET', key, 'META'));
  return {
    key: shown(key),
    device: String(meta.get('device')),
    tag: shown(String(meta.get('tag') ?? '')),
    entryPoints: (meta.get('entry points') as readonly Buffer[]).map(String),
    node: formatAddress(node.address),
  };
}

async function listScripts(client: ClusterClient, flags: OutputFlags): Promise<void> {
  const perNode = await Promise.all(
    (await client.masters()).map(async (node) => {
      const keys = await scanKeys(node, 'AI._SCRIPTSCAN');
      // One that was deleted meanwhile is no failure.
      const described = await Promise.all(
        keys.map((key) => describeScript(node, key).catch(() => undefined)),
      );
      return described.filter((each) => each !== undefined);
    }),
  );
  const scripts = perNode.flat();
  const columns = [
    ...[{ title: 'SCRIPT' }, { title: 'DEVICE' }, { title: 'TAG' }, { title: 'FUNCTIONS', isFlexible: true }],
    { title: 'NODE' },
  ];
  const row = ({ key, device, tag, entryPoints, node }: ScriptDescription) => [
    ...[key, device, tag, entryPoints.join(', '), node],
  ];
  print(flags, scripts, () =>
    scripts.length === 0 ? ['no scripts'] : tableLines(columns, scripts.map(row), lineWidth()),
  );
}
