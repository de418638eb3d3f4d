import { stripVTControlCharacters, styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** The text in that style where standard output shows it: a terminal, and neither NO_COLOR nor NODE_DISABLE_COLORS is set. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Bytes of others, such as a key, as they may be shown: what a terminal would obey is escaped. */
export function shown(bytes: Uint8Array | string): string {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, (c) => {
    const code = (c.codePointAt(0) as number).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Gives way where the line is too long. */
  readonly isFlexible?: boolean;
}

const GAP = '  ';
const LEAST_FLEXIBLE_WIDTH = 8;

/** Lines of a table, the titles first. @param width where lines end; undefined for no end */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): string[] {
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map((row) => visibleLength(row[i] ?? ''))),
  );
  const total = widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));
  const flexible = columns.findIndex(({ isFlexible }) => isFlexible);
  if (width !== undefined && total > width && flexible >= 0) {
    const wanted = (widths[flexible] as number) - (total - width);
    widths[flexible] = Math.max(LEAST_FLEXIBLE_WIDTH, wanted);
  }
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => fitted(cell, widths[i] as number, columns[i]?.align ?? 'left'))
      .join(GAP)
      .trimEnd();
  return [styled('dim', line(columns.map(({ title }) => title))), ...rows.map(line)];
}

export function visibleLength(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

function fitted(text: string, width: number, align: 'left' | 'right'): string {
  const length = visibleLength(text);
  if (length > width) return `${[...stripVTControlCharacters(text)].slice(0, width - 1).join('')}…`;
  const padding = ' '.repeat(width - length);
  return align === 'right' ? padding + text : text + padding;
}

/** Such as 1.2k or 3.4M; whole below a thousand unless it is a fraction. */
export function formatCount(value: number): string {
  if (value >= 999_950) return `${(value / 1e6).toFixed(1)}M`;
  if (value >= 10_000) return `${(value / 1000).toFixed(1)}k`;
  return Number.isInteger(value) || value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

/** @param us microseconds */
export function formatDuration(us: number): string {
  if (us < 1000) return `${us.toFixed(0)} µs`;
  if (us < 1e6) return `${(us / 1000).toFixed(us < 10_000 ? 2 : 1)} ms`;
  return `${(us / 1e6).toFixed(2)} s`;
}

export function formatUptime(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
