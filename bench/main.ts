import { type BenchOptions, OptionError, readOptions, USAGE } from './options.ts';
import { environment, type Row, tableHeader, tableRow, writeResults } from './report.ts';
import { runScenarios } from './runner.ts';
import { formatAddress } from './scenario.ts';
import { type StartedServer, startServer } from './server.ts';
import { discover, type NodeGroup } from './topology.ts';

const print = (text: string) => process.stdout.write(`${text}\n`);

async function run(options: BenchOptions): Promise<number> {
  const server = options.target === null ? await startServer(options) : null;
  if (server !== null) stopOnSignal(server);
  try {
    return await measure(options, server);
  } finally {
    await server?.stop();
  }
}

async function measure(options: BenchOptions, server: StartedServer | null): Promise<number> {
  const seed = server?.address ?? options.target;
  if (seed === null) throw new Error('neither a server nor a target');
  const { groups, clusterEnabled } = await discover(seed);
  const here = environment(groups.map(({ address }) => formatAddress(address)));
  const commit = here.commit === null ? '' : `, commit ${here.commit}`;
  print(`${here.date}${commit}, node ${here.node}, ${here.cores} x ${here.cpu}`);
  print(
    `${server === null ? 'target' : 'started'} ${here.nodes.join(' ')}, cluster ${clusterEnabled ? 'on' : 'off'}; ` +
      `rows of ${options.durationSeconds} s after ${options.warmupSeconds} s of warm-up`,
  );
  print(`\n${tableHeader()}`);
  const pids = server === null ? options.serverPids : await Promise.all(groups.map(processId));
  const rows: Row[] = [];
  for await (const row of runScenarios(options, groups, pids)) {
    rows.push(row);
    print(tableRow(row));
  }
  for (const group of groups) group.close();
  print(`\n${writeResults(here, options, rows)}`);
  const failed = rows.filter(({ status }) => status === 'failed').length;
  if (failed === 0) return 0;
  print(`${failed} of ${rows.length} rows FAILED`);
  return 1;
}

/** The id of the node's own process: a cluster's nodes are not our children, but their supervisor's. */
async function processId(group: NodeGroup): Promise<number> {
  const match = /process_id:(\d+)/.exec(String(await group.call('INFO', 'server')));
  if (match === null) throw new Error('INFO does not tell the process id');
  return Number(match[1]);
}

function stopOnSignal(server: StartedServer): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void server.stop().finally(() => process.exit(130));
    });
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) process.stdout.write(USAGE);
  else process.exitCode = await run(options);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof OptionError) process.stderr.write('--help lists the options\n');
  process.exitCode = error instanceof OptionError ? 2 : 1;
}
