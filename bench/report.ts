import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Measurement } from './load.ts';
import type { BenchOptions } from './options.ts';

export interface Row {
  readonly scenario: string;
  readonly part: string;
  readonly model: string | null;
  readonly clients: number;
  readonly pipeline: number;
  readonly status: 'ok' | 'failed' | 'unsupported' | 'skipped';
  readonly errors: number;
  readonly redirects: number;
  readonly note: string;
  readonly measurement: Measurement | null;
}

/** Where and with what the rows were measured. */
export interface Environment {
  readonly date: string;
  /** As `git describe` names it, `-dirty` with changes that are in no commit; null outside of a repository. */
  readonly commit: string | null;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  /** Addresses of the nodes that were measured. */
  readonly nodes: readonly string[];
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly left?: boolean;
  readonly text: (row: Row) => string;
}

const measured =
  (format: (m: Measurement) => string) =>
  ({ measurement }: Row): string =>
    measurement === null ? '-' : format(measurement);

const COLUMNS: readonly Column[] = [
  {
    title: 'scenario',
    width: 28,
    left: true,
    text: ({ scenario, part }) => (part === '' ? scenario : `${scenario} ${part}`),
  },
  { title: 'model', width: 6, left: true, text: ({ model }) => model ?? '-' },
  { title: 'cli', width: 4, text: ({ clients }) => String(clients) },
  { title: 'pipe', width: 4, text: ({ pipeline }) => String(pipeline) },
  { title: 'ops/s', width: 8, text: measured((m) => rounded(m.opsPerSecond)) },
  { title: 'p50 us', width: 8, text: measured((m) => rounded(m.p50Us)) },
  { title: 'p99 us', width: 8, text: measured((m) => rounded(m.p99Us)) },
  { title: 'p999 us', width: 8, text: measured((m) => rounded(m.p999Us)) },
  { title: 'srv us/op', width: 9, text: measured((m) => optional(m.serverCpuUsPerOp, rounded)) },
  { title: 'srv cpu', width: 7, text: measured((m) => optional(m.serverCores, (v) => v.toFixed(2))) },
  { title: 'cli us/op', width: 9, text: measured((m) => rounded(m.clientCpuUsPerOp)) },
  { title: 'cli cpu', width: 7, text: measured((m) => m.clientCores.toFixed(2)) },
  { title: 'oth cpu', width: 7, text: measured((m) => optional(m.otherCores, (v) => v.toFixed(2))) },
  { title: 'errors', width: 6, text: ({ errors }) => String(errors) },
];

/** Three digits at least, no more decimals than those need. */
function rounded(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

const optional = (value: number | null, format: (value: number) => string) =>
  value === null ? '-' : format(value);

const line = (cells: readonly string[], note: string) => {
  const padded = cells.map((cell, i) => {
    const { width, left } = COLUMNS[i] as Column;
    return left === true ? cell.padEnd(width) : cell.padStart(width);
  });
  return `${padded.join(' ')}  ${note}`.trimEnd();
};

export const tableHeader = (): string =>
  line(
    COLUMNS.map(({ title }) => title),
    '',
  );

/** One line of the table; why it is no ordinary one stands at its end. */
export function tableRow(row: Row): string {
  const note = row.status === 'failed' ? `FAILED: ${row.note}` : row.note;
  return line(
    COLUMNS.map(({ text }) => text(row)),
    note,
  );
}

/** This machine and this checkout, now. */
export function environment(nodes: readonly string[]): Environment {
  const cpus = os.cpus();
  return {
    date: new Date().toISOString(),
    commit: describeCommit(),
    node: process.version,
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    nodes,
  };
}

function describeCommit(): string | null {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

/** Writes the results as JSON, in a file named after the date. @returns its path. */
export function writeResults(environment: Environment, options: BenchOptions, rows: readonly Row[]): string {
  mkdirSync(options.resultsDirectory, { recursive: true });
  const file = path.join(options.resultsDirectory, `${environment.date.replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify({ ...environment, options, rows }, null, 2)}\n`);
  return file;
}
