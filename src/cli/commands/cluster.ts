import type { Command } from 'commander';
import { formatAddress } from '../connection/address.ts';
import type { ClusterClient, NodePlace } from '../connection/cluster-client.ts';
import { infoNumber, readInfo } from '../connection/info.ts';
import { addConnectionOptions, type ConnectionFlags } from '../connection/options.ts';
import { withClient } from '../connection/with-client.ts';
import { EXIT_CODES } from '../failure.ts';
import { lineWidth, type OutputFlags, print } from '../terminal/output.ts';
import { formatBytes } from '../terminal/progress.ts';
import { formatUptime, styled, tableLines } from '../terminal/text.ts';

interface NodeStatus {
  readonly address: string;
  readonly slots: readonly string[];
  readonly state: 'up' | 'down';
  /** Null where the node is down, like all that follow. */
  readonly name: string | null;
  readonly engine: string | null;
  readonly version: string | null;
  readonly uptimeSeconds: number | null;
  readonly keys: number | null;
  readonly memoryBytes: number | null;
  readonly clients: number | null;
  readonly commandsPerSecond: number | null;
  /** Why it is down. */
  readonly reason: string | null;
}

export function addCluster(program: Command): void {
  const cluster = program.command('cluster').description('starts a cluster, and tells how its nodes are');
  // See addServers.
  cluster
    .command('up')
    .description('starts all nodes of a cluster file on this machine, and again those that die')
    .option('--config <file>', 'the cluster file', 'cluster.config.json')
    .option('--data <dir>', 'the data folder', 'data');
  addConnectionOptions(
    cluster
      .command('status')
      .description('tells which nodes there are, which slots they have and how they are')
      .option('--json', 'print JSON', false)
      .addHelpText(
        'after',
        `
The exit code is 1 where a node is down.

Examples:
  $ tessera cluster status -u 127.0.0.1:7000
  $ tessera cluster status -u node-1          # a name in cluster.config.json
`,
      ),
  ).action(async (flags: ConnectionFlags & OutputFlags) => {
    await withClient(flags, async (client) => {
      const nodes = await Promise.all((await client.places()).map((place) => statusOf(client, place)));
      print(flags, nodes, () => statusLines(nodes));
      if (nodes.some(({ state }) => state === 'down')) process.exitCode = EXIT_CODES.failed;
    });
  });
}

async function statusOf(client: ClusterClient, place: NodePlace): Promise<NodeStatus> {
  const which = { address: formatAddress(place), slots: place.slots };
  try {
    const node = await client.connection(place);
    const info = await readInfo(node);
    return {
      ...which,
      state: 'up',
      name: info.get('tessera_node') ?? null,
      engine: info.get('tessera_engine') ?? null,
      version: info.get('tessera_version') ?? null,
      uptimeSeconds: infoNumber(info, 'uptime_in_seconds'),
      keys: Number(await node.demand('DBSIZE')),
      memoryBytes: infoNumber(info, 'used_memory_rss'),
      clients: infoNumber(info, 'connected_clients'),
      commandsPerSecond: infoNumber(info, 'instantaneous_ops_per_sec'),
      reason: null,
    };
  } catch (error) {
    const none = { name: null, engine: null, version: null, uptimeSeconds: null, keys: null };
    const reason = (error as Error).message;
    return {
      ...which,
      state: 'down',
      ...none,
      memoryBytes: null,
      clients: null,
      commandsPerSecond: null,
      reason,
    };
  }
}

function statusLines(nodes: readonly NodeStatus[]): string[] {
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    ...[{ title: 'NODE' }, { title: 'ADDRESS' }, { title: 'STATE' }, { title: 'SLOTS', isFlexible: true }],
    ...['KEYS', 'MEMORY', 'CLIENTS', 'OPS/S', 'UPTIME'].map(right),
  ];
  const rows = nodes.map((node) => [
    node.name ?? '?',
    node.address,
    styled(node.state === 'up' ? 'green' : 'red', node.state),
    node.slots.join(' ') || 'all',
    ...(node.state === 'down'
      ? []
      : [
          String(node.keys),
          formatBytes(node.memoryBytes ?? 0),
          String(node.clients),
          String(node.commandsPerSecond),
          formatUptime(node.uptimeSeconds ?? 0),
        ]),
  ]);
  const reasons = nodes.flatMap(({ address, reason }) => (reason === null ? [] : [`${address}: ${reason}`]));
  return [...tableLines(columns, rows, lineWidth()), ...reasons];
}
