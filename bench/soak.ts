import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { loadModel } from './models.ts';
import { environment } from './report.ts';
import { startServer } from './server.ts';
import { chart } from './soak/chart.ts';
import { makeClients, type SoakClient } from './soak/clients.ts';
import { Recorder } from './soak/recorder.ts';
import { asCsv, type Sample, Sampler } from './soak/samples.ts';
import { judge, type Verdict } from './soak/verdict.ts';

const USAGE = `node bench/soak.ts [options]     a node under a mixed load for a long time, looked at once a second

  --seconds N        how long (600)
  --rate N           steps a second of all clients together; a step is one to five commands (250)
  --max-growth MB    growth of the resident memory in MB a minute, in the second half, that fails (10)
  --results DIR      where the CSV, the JSON and the SVG go (bench/results)

Exit code: 0, 1 when the verdict is FAILED, 2 for wrong options.
`;

interface Options {
  readonly seconds: number;
  readonly rate: number;
  readonly maxGrowth: number;
  readonly results: string;
}

const print = (text: string) => process.stdout.write(`${text}\n`);

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '600' },
      rate: { type: 'string', default: '250' },
      'max-growth': { type: 'string', default: '10' },
      results: { type: 'string', default: path.join(import.meta.dirname, 'results') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const number = (name: 'seconds' | 'rate' | 'max-growth') => {
    const value = Number(values[name]);
    if (values[name] === '' || !(value > 0)) throw new Error(`--${name} takes a number above 0`);
    return value;
  };
  return {
    seconds: number('seconds'),
    rate: number('rate'),
    maxGrowth: number('max-growth'),
    results: path.resolve(values.results),
  };
}

/** Lets a client take its steps at its pace until the end; one that is late does not catch up, so that the load stays bounded. */
async function drive(
  client: SoakClient,
  everyMs: number,
  ended: () => boolean,
  recorder: Recorder,
): Promise<void> {
  let next = performance.now() + everyMs * Math.random();
  while (!ended()) {
    const wait = next - performance.now();
    if (wait > 0) await delay(wait);
    next = Math.max(next + everyMs, performance.now());
    try {
      await client.step();
    } catch (error) {
      recorder.failed(`${client.name}: ${(error as Error).message}`);
      // Its connection is lost: without it nothing more is to be learnt from this client.
      return;
    }
  }
}

async function soak(options: Options): Promise<Verdict> {
  const server = await startServer({ cluster: false, threadsPerQueue: 1, intraOpParallelism: 1 });
  const recorder = new Recorder();
  const samples: Sample[] = [];
  try {
    const clients = await makeClients(server.address, await loadModel('mlp'), recorder);
    const sampler = await Sampler.connect(server.address, recorder);
    const here = environment([]);
    let over = false;
    const everyMs = (1000 * clients.length) / options.rate;
    const driven = clients.map((client) => drive(client, everyMs, () => over, recorder));
    const started = performance.now();
    for (let second = 1; second <= options.seconds; second++) {
      await delay(Math.max(0, started + second * 1000 - performance.now()));
      const sample = await sampler.sample(second);
      samples.push(sample);
      if (second % 30 === 0) print(progress(sample, recorder));
    }
    over = true;
    await Promise.all(driven);
    await sampler.empty();
    await delay(1000);
    const emptied = await sampler.sample(options.seconds + 1);
    sampler.close();
    for (const client of clients) client.close();
    const verdict = judge(samples, recorder.total(), recorder, options.maxGrowth);
    write(
      options,
      { ...here, options: { seconds: options.seconds, rate: options.rate }, verdict, emptied },
      samples,
    );
    return verdict;
  } finally {
    await server.stop();
  }
}

function progress(
  { second, rssBytes, usedBytes, p50Us, p99Us, loopDelayUs }: Sample,
  { errors }: Recorder,
): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0).padStart(5);
  const ms = (us: number) => (us / 1000).toFixed(2).padStart(7);
  return (
    `${String(second).padStart(5)} s  RSS ${megabytes(rssBytes)} MB  data ${megabytes(usedBytes)} MB  ` +
    `p50 ${ms(p50Us)} ms  p99 ${ms(p99Us)} ms  longest PING ${ms(loopDelayUs)} ms  errors ${errors}`
  );
}

interface Summary extends Record<string, unknown> {
  readonly date: string;
  readonly verdict: Verdict;
}

function write(options: Options, summary: Summary, samples: readonly Sample[]): void {
  mkdirSync(options.results, { recursive: true });
  const base = path.join(options.results, `soak-${summary.date.replaceAll(':', '-')}`);
  const { rssMegabytesPerMinute, errors } = summary.verdict;
  const title = `${options.seconds} s of mixed load, ${summary.date}: RSS ${rssMegabytesPerMinute} MB/min in the second half, ${errors} errors`;
  writeFileSync(`${base}.csv`, asCsv(samples));
  writeFileSync(`${base}.json`, `${JSON.stringify(summary, null, 2)}\n`);
  writeFileSync(`${base}.svg`, chart(title, samples));
  print(`\n${base}.{csv,json,svg}`);
}

try {
  const options = readOptions();
  if (options === null) print(USAGE);
  else {
    const verdict = await soak(options);
    const { rssMegabytesPerMinute, errors, firstErrors, latencies, passed } = verdict;
    for (const error of firstErrors) print(`error: ${error}`);
    print(
      `${passed ? 'PASSED' : 'FAILED'}: RSS ${rssMegabytesPerMinute} MB/min in the second half, ${errors} errors, ` +
        `${latencies.operations} commands, p50 ${latencies.p50Us} us, p99 ${latencies.p99Us} us`,
    );
    process.exitCode = passed ? 0 : 1;
  }
} catch (error) {
  process.stderr.write(`soak: ${(error as Error).message}\n${USAGE}`);
  process.exitCode = 2;
}
