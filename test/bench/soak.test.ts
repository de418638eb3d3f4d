import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Latencies } from '../../bench/soak/recorder.ts';
import { COLUMNS, type Sample } from '../../bench/soak/samples.ts';
import { judge, slopePerMinute } from '../../bench/soak/verdict.ts';
import { run } from '../support/run.ts';

const LATENCIES: Latencies = { operations: 1, p50Us: 1, p99Us: 1, maxUs: 1 };
const FAULTLESS = { errors: 0, firstErrors: [] };

/** Samples, one a second, with the same value in all columns but the time. */
function samples(count: number, value: (second: number) => number): Sample[] {
  return Array.from({ length: count }, (_, i) => {
    const entries = COLUMNS.map((column) => [column, column === 'second' ? i + 1 : value(i + 1)]);
    return Object.fromEntries(entries) as Sample;
  });
}

test('a short soak runs without errors, and leaves its figures as CSV, JSON and a picture', async () => {
  const results = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  const main = path.join(import.meta.dirname, '../../bench/soak.ts');
  // In seconds memory only grows: that is not what this test is about.
  const growth = ['--max-growth', '1e9'];
  const { code, stdout, stderr } = await run(
    process.execPath,
    [main, '--seconds', '3', '--rate', '100', '--results', results, ...growth],
    { timeout: 50_000 },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^PASSED: RSS -?[\d.]+ MB\/min in the second half, 0 errors, \d+ commands, /m);
  const files = readdirSync(results).sort();
  const [csv, json, svg] = files.map((file) => readFileSync(path.join(results, file), 'utf8'));
  expect(files.map((file) => file.replace(/soak-.*\./, ''))).toEqual(['csv', 'json', 'svg']);
  const [header, ...lines] = (csv as string).trimEnd().split('\n');
  expect(header).toBe(COLUMNS.join(','));
  expect(lines.map((line) => line.split(',').length)).toEqual([
    COLUMNS.length,
    COLUMNS.length,
    COLUMNS.length,
  ]);
  expect(lines.flatMap((line) => line.split(',').map(Number)).filter(Number.isNaN)).toEqual([]);
  expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
  const { verdict, emptied } = JSON.parse(json as string);
  expect(verdict).toMatchObject({ seconds: 3, errors: 0, passed: true });
  expect(emptied).toMatchObject({ keys: 0, usedBytes: 0 });
});

test.each(['--rate=0', '--seconds=x', '--nope'])('%s is refused', async (option) => {
  const main = path.join(import.meta.dirname, '../../bench/soak.ts');
  const { code, stderr } = await run(process.execPath, [main, option]);
  expect(code).toBe(2);
  expect(stderr).toContain('soak: ');
});

test('the slope is that of the line through the samples', () => {
  const second = ({ rssBytes }: Sample) => rssBytes;
  expect(
    slopePerMinute(
      samples(100, (s) => 5e6 + 1000 * s),
      second,
    ),
  ).toBeCloseTo(60_000, 6);
  expect(
    slopePerMinute(
      samples(100, () => 5e6),
      second,
    ),
  ).toBe(0);
});

test('a soak fails on an error, on growth in its second half, and when nothing was done', () => {
  const flat = samples(100, () => 1e8);
  // 100 kB a second are 6 MB a minute.
  const growing = samples(100, (s) => 1e8 + 1e5 * s);
  const warmingUp = samples(100, (s) => 1e8 + 1e6 * Math.min(s, 50));
  const passed = (all: Sample[], latencies = LATENCIES, errors = FAULTLESS) =>
    judge(all, latencies, errors, 3).passed;
  expect(passed(flat)).toBe(true);
  expect(passed(warmingUp)).toBe(true);
  expect(passed(growing)).toBe(false);
  expect(passed(flat, LATENCIES, { errors: 1, firstErrors: [] })).toBe(false);
  expect(passed(flat, { ...LATENCIES, operations: 0 })).toBe(false);
});
