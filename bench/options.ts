import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Address } from './connection.ts';
import { defaultModels, MODEL_NAMES, modelExists } from './models.ts';
import { scenarios } from './scenarios/index.ts';

export interface BenchOptions {
  readonly scenarios: readonly string[];
  readonly models: readonly string[];
  readonly clients: readonly number[];
  readonly pipeline: readonly number[];
  readonly durationSeconds: number;
  readonly warmupSeconds: number;
  readonly largeModelMegabytes: number;
  readonly cluster: boolean;
  readonly threadsPerQueue: number;
  /** 0: the backend decides. */
  readonly intraOpParallelism: number;
  /** Null: start a server. */
  readonly target: Address | null;
  /** Of the target, for its CPU time; empty when unknown. */
  readonly serverPids: readonly number[];
  readonly resultsDirectory: string;
}

/** Options that cannot be used; the message says why. */
export class OptionError extends Error {}

const widest = Math.max(...scenarios.map(({ name }) => name.length));

export const USAGE = `node bench/main.ts [options]        measures a server; without --target it starts one of its own

  --scenario A,B     which scenarios (all)
${scenarios.map(({ name, summary }) => `                       ${name.padEnd(widest)}  ${summary}`).join('\n')}
  --model A,B        models of the scenarios that run one: ${MODEL_NAMES.join(', ')}, or an ONNX file
                     (mlp, and mnist where ../shared/models has it)
  --clients A,B      connections, one row for each number (1,16)
  --pipeline A,B     operations in flight on each connection, one row for each number (1)
  --duration S       measured seconds of a row (1.2)
  --warmup S         seconds of the same load before, three times as long for
                     the first row of a scenario (0.4)
  --large-model MIB  size of the model that model-load stores (50)
  --results DIR      where the JSON goes (bench/results)

the server that it starts:
  --cluster                   three nodes instead of one
  --threads-per-queue N       runs at the same time on a device (1)
  --intra-op-parallelism N    threads inside an operator (0: the backend decides)
or a server that runs already:
  --target HOST:PORT          any server with AI.* commands, one node or a cluster
  --server-pid A,B            its processes, where they run on this machine, to show their CPU time

Exit code: 0, 1 when a row failed, 2 for wrong options.
`;

const STARTED_ONLY = ['cluster', 'threads-per-queue', 'intra-op-parallelism'] as const;

/**
 * Reads the command line.
 * @returns null when help was asked for.
 * @throws OptionError
 */
export function readOptions(args: readonly string[]): BenchOptions | null {
  const values = parse(args);
  if (values.help === true) return null;
  const target = values.target === undefined ? null : parseAddress(values.target);
  if (target !== null) {
    const misplaced = STARTED_ONLY.find((name) => values[name] !== undefined);
    if (misplaced !== undefined) throw new OptionError(`--${misplaced} and --target exclude each other`);
  } else if (values['server-pid'] !== undefined) {
    throw new OptionError('--server-pid needs --target');
  }
  return {
    scenarios: names(
      'scenario',
      values.scenario,
      scenarios.map(({ name }) => name),
    ),
    models: models(values.model),
    clients: numbers('clients', values.clients ?? '1,16', 1, 10_000),
    pipeline: numbers('pipeline', values.pipeline ?? '1', 1, 10_000),
    durationSeconds: seconds('duration', values.duration ?? '1.2', 0.05),
    warmupSeconds: seconds('warmup', values.warmup ?? '0.4', 0),
    largeModelMegabytes: number('large-model', values['large-model'] ?? '50', 1, 500),
    cluster: values.cluster === true,
    threadsPerQueue: number('threads-per-queue', values['threads-per-queue'] ?? '1', 1, 1024),
    intraOpParallelism: number('intra-op-parallelism', values['intra-op-parallelism'] ?? '0', 0, 1024),
    target,
    serverPids:
      values['server-pid'] === undefined ? [] : numbers('server-pid', values['server-pid'], 1, 2 ** 31),
    resultsDirectory: path.resolve(values.results ?? path.join(import.meta.dirname, 'results')),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: { type: 'string' },
        model: { type: 'string' },
        clients: { type: 'string' },
        pipeline: { type: 'string' },
        duration: { type: 'string' },
        warmup: { type: 'string' },
        'large-model': { type: 'string' },
        results: { type: 'string' },
        cluster: { type: 'boolean' },
        'threads-per-queue': { type: 'string' },
        'intra-op-parallelism': { type: 'string' },
        target: { type: 'string' },
        'server-pid': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

function names(option: string, text: string | undefined, known: readonly string[]): readonly string[] {
  if (text === undefined) return known;
  const chosen = text.split(',');
  const unknown = chosen.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new OptionError(`--${option}: there is no ${JSON.stringify(unknown)}, only ${known.join(', ')}`);
  }
  return chosen;
}

function models(text: string | undefined): readonly string[] {
  const chosen = text?.split(',') ?? defaultModels();
  const missing = chosen.find((name) => !modelExists(name));
  if (missing !== undefined) {
    throw new OptionError(
      `--model: no model ${JSON.stringify(missing)}: neither a file that is there nor one of ${MODEL_NAMES.join(', ')}`,
    );
  }
  return chosen;
}

function number(option: string, text: string, low: number, high: number): number {
  const value = text === '' ? Number.NaN : Number(text);
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new OptionError(
      `--${option} takes whole numbers from ${low} to ${high}, not ${JSON.stringify(text)}`,
    );
  }
  return value;
}

function numbers(option: string, text: string, low: number, high: number): number[] {
  return text.split(',').map((item) => number(option, item, low, high));
}

function seconds(option: string, text: string, low: number): number {
  const value = text === '' ? Number.NaN : Number(text);
  if (!(value >= low && value <= 3600)) {
    throw new OptionError(`--${option} takes seconds from ${low} to 3600, not ${JSON.stringify(text)}`);
  }
  return value;
}

/** `host:port`, an IPv6 host with or without brackets. */
function parseAddress(text: string): Address {
  const match = /^(?:\[(.+)\]|(.+)):(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new OptionError(`--target takes HOST:PORT, not ${JSON.stringify(text)}`);
  }
  return { host: (match[1] ?? match[2]) as string, port };
}
