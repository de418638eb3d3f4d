import { formatBytes } from '../terminal/progress.ts';
import {
  type Column,
  formatCount,
  formatDuration,
  styled,
  tableLines,
  visibleLength,
} from '../terminal/text.ts';
import type { Summary } from './summary.ts';

export interface ViewOptions {
  readonly width: number;
  /** Lines; undefined for as many as there are. */
  readonly height: number | undefined;
  /** Calls a second of the readings before, oldest first. */
  readonly history: readonly number[];
  /** Models that are above the first one shown. */
  readonly scrolled: number;
  readonly heading: string;
  /** What the last line says. */
  readonly footer: string;
}

const BARS = '▁▂▃▄▅▆▇█';
const SPARK_WIDTH = 24;
/** From this width on, columns that can be done without are shown. */
const WIDE = 100;

const right = (title: string): Column => ({ title, align: 'right' });
const duration = (us: number | null) => (us === null ? '-' : formatDuration(us));

const rowsText = (rows: number | null) => (rows === null ? '-' : rows.toFixed(1));

/** The whole screen as lines. */
export function viewLines(summary: Summary, options: ViewOptions): string[] {
  const { width, height, heading, footer, scrolled } = options;
  const head = [
    styled('bold', heading.slice(0, width)),
    ...totalLines(summary, options),
    '',
    ...nodeLines(summary, width),
    ...summary.lost.map(({ reason }) => styled('red', reason.slice(0, width))),
    '',
  ];
  const models = modelLines(summary, width);
  if (models.length === 1) models.push('no models');
  if (height === undefined) return [...head, ...models];
  const room = Math.max(2, height - head.length - 1);
  const [titles = '', ...rows] = models;
  const from = Math.min(scrolled, Math.max(0, rows.length - (room - 1)));
  const visible = [titles, ...rows.slice(from, from + room - 1)];
  const filled = [...visible, ...new Array<string>(Math.max(0, room - visible.length)).fill('')];
  const hidden = rows.length - (visible.length - 1);
  const more = hidden > 0 ? `  ${hidden} more models: arrow keys` : '';
  return [...head, ...filled, styled('dim', `${footer}${more}`.slice(0, width))].slice(-height);
}

function totalLines({ total }: Summary, { width, history }: ViewOptions): string[] {
  const parts = [
    `${styled('bold', formatCount(total.callsPerSecond))} model runs/s`,
    `p50 ${duration(total.p50Us)}`,
    `p99 ${duration(total.p99Us)}`,
    `queue ${formatCount(total.queue)}`,
    `batch ${rowsText(total.batchRows)}`,
  ];
  const line = parts.join('   ');
  const spark = sparkline(history.slice(-SPARK_WIDTH));
  return visibleLength(line) + spark.length + 3 <= width ? [`${line}   ${styled('cyan', spark)}`] : [line];
}

/** A bar for each value, the highest for the largest. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(...values, 0);
  const bar = (value: number) => BARS[most === 0 ? 0 : Math.round((value / most) * (BARS.length - 1))];
  return values.map(bar).join('');
}

function nodeLines({ nodes, lost }: Summary, width: number): string[] {
  const isWide = width >= WIDE;
  const columns = [
    { title: 'NODE', isFlexible: true },
    ...(isWide ? [{ title: 'ADDRESS' }] : []),
    ...['OPS/S', 'RUNS/S', 'QUEUE', 'CPU', 'MEMORY', 'CLIENTS'].map(right),
    ...(isWide ? [right('LOADED'), right('ERRORS/S')] : []),
  ];
  const rows = nodes.map((node) => [
    node.name,
    ...(isWide ? [node.address] : []),
    formatCount(Math.round(node.commandsPerSecond)),
    formatCount(Math.round(node.runsPerSecond)),
    node.queue > 0 ? styled('yellow', formatCount(node.queue)) : '0',
    `${Math.round(node.cpu * 100)}%`,
    formatBytes(node.memoryBytes),
    String(node.clients),
    ...(isWide ? [formatBytes(node.sessionBytes), errorRate(node.errorsPerSecond)] : []),
  ]);
  const down = lost.map(({ address }) => [styled('red', `${address} is down`)]);
  return tableLines(columns, [...rows, ...down], width);
}

function modelLines({ models }: Summary, width: number): string[] {
  const isWide = width >= WIDE;
  const columns = [
    { title: 'MODEL', isFlexible: true },
    { title: 'BACKEND' },
    ...(isWide ? [{ title: 'DEVICE' }, { title: 'TAG' }] : []),
    ...['RUNS/S', 'BATCH', 'P50', 'P99', 'PENDING', 'ERRORS/S', 'MEMORY'].map(right),
    ...(isWide ? [{ title: 'NODE' }] : []),
  ];
  const rows = models.map((model) => [
    model.key,
    model.backend,
    ...(isWide ? [model.device, model.tag.slice(0, 12) || '-'] : []),
    formatCount(Math.round(model.callsPerSecond)),
    rowsText(model.batchRows),
    duration(model.p50Us),
    duration(model.p99Us),
    formatCount(model.pending),
    errorRate(model.errorsPerSecond),
    model.bytes === null ? '?' : formatBytes(model.bytes),
    ...(isWide ? [model.node] : []),
  ]);
  return tableLines(columns, rows, width);
}

function errorRate(perSecond: number): string {
  return perSecond === 0 ? '0' : styled('red', formatCount(perSecond));
}
