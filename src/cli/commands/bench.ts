import type { Command } from 'commander';
import { seconds, whole } from '../arguments.ts';
import { type LoadResult, runLoad } from '../bench/load.ts';
import { infoNumber, readInfo } from '../connection/info.ts';
import { addConnectionOptions, type ConnectionFlags } from '../connection/options.ts';
import { withClient } from '../connection/with-client.ts';
import { EXIT_CODES } from '../failure.ts';
import { describeModel } from '../models/model-description.ts';
import { addInputOptions, INPUT_HELP, type InputFlags, readInputs } from '../models/model-inputs.ts';
import { runRequest } from '../models/run-request.ts';
import { lineWidth, type OutputFlags, print } from '../terminal/output.ts';
import { formatCount, formatDuration, styled, tableLines } from '../terminal/text.ts';

interface BenchFlags extends ConnectionFlags, OutputFlags, InputFlags {
  readonly clients: number;
  readonly duration: number;
  readonly requests?: number;
  readonly warmup: number;
  readonly outputs?: number;
}

interface BenchResult extends LoadResult {
  readonly model: string;
  readonly clients: number;
  /** How many requests shared a run, if nobody else asked for runs of that node; null where it does not tell. */
  readonly requestsPerRun: number | null;
}

const PERCENTILES = [50, 90, 99, 99.9] as const;

export function addBench(program: Command): void {
  const bench = program
    .command('bench')
    .description('measures how many runs a second a model gives, and how long they take')
    .argument('<key>', 'of the model')
    .argument('<input...>', 'see below')
    .option('-c, --clients <n>', 'connections, each with one request under way', whole(1, 10_000), 16)
    .option('-t, --duration <s>', 'seconds that are measured', seconds(0.1, 3600), 5)
    .option('-n, --requests <n>', 'end after so many instead', whole(1))
    .option('-w, --warmup <s>', 'seconds of the same load before', seconds(0, 3600), 0.5)
    .option('--outputs <n>', 'how many, for models that do not name theirs (1)', whole(1, 1024))
    .option('--json', 'print JSON', false);
  addConnectionOptions(addInputOptions(bench))
    .addHelpText(
      'after',
      `${INPUT_HELP}
A request sends the inputs, runs the model and gets the outputs, as "run" does.
The exit code is 1 where a request failed. The load comes from one process:
where it takes a whole core, the server could do more.

Examples:
  $ tessera bench iris '[[5.1, 3.5, 1.4, 0.2]]'
  $ tessera bench resnet cat.jpg --size 224x224 --clients 64 --duration 30
`,
    )
    .action(benchModel);
}

async function benchModel(key: string, sources: string[], flags: BenchFlags): Promise<void> {
  await withClient(flags, async (client) => {
    const node = await client.owner(key);
    const model = await describeModel(node, key);
    const inputs = await readInputs(model, sources, flags);
    const request = runRequest(key, inputs, model.outputs.length || (flags.outputs ?? 1));
    const runs = async () => infoNumber(await readInfo(node, 'modules'), 'ai_runs');
    let runsBefore = 0;
    const load = await runLoad({
      address: node.address,
      request,
      clients: flags.clients,
      warmupSeconds: flags.warmup,
      durationSeconds: flags.duration,
      requests: flags.requests,
      async measuring() {
        runsBefore = await runs();
      },
    });
    const made = (await runs()) - runsBefore;
    const result: BenchResult = {
      model: model.key,
      clients: flags.clients,
      ...load,
      requestsPerRun: made > 0 && load.requests > 0 ? load.requests / made : null,
    };
    print(flags, result, () => resultLines(result));
    if (load.errors > 0) process.exitCode = EXIT_CODES.failed;
  });
}

function resultLines(result: BenchResult): string[] {
  const { requests, seconds: took, requestsPerSecond, latencyUs, errors, firstError } = result;
  const { requestsPerRun, clients, clientCores } = result;
  const columns = ['MEAN', ...PERCENTILES.map((p) => `P${p}`), 'MAX'].map((title) => ({
    title,
    align: 'right' as const,
  }));
  const values = [latencyUs.mean, ...PERCENTILES.map((p) => latencyUs[`p${p}`]), latencyUs.max];
  const shared = requestsPerRun === null ? '' : `, ${formatCount(requestsPerRun)} requests a run`;
  return [
    `${styled('bold', `${formatCount(requestsPerSecond)} requests/s`)} with ${clients} clients${shared}`,
    `${requests} requests in ${took.toFixed(2)} s, ${errors} failed; this process used ${clientCores.toFixed(2)} cores`,
    ...(firstError === null ? [] : [styled('red', `first error: ${firstError}`)]),
    ...(requests === 0 ? [] : ['', ...tableLines(columns, [values.map(formatDuration)], lineWidth())]),
  ];
}
