import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { model } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import type { ExposedFamily } from './exposition.ts';
import { scrape, startHttpNode } from './http-node.ts';

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const file = (name: string) => readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');
const dashboard = JSON.parse(file('grafana/tessera.json')) as { readonly panels: readonly Panel[] };
const alerts = [...file('prometheus/tessera-alerts.yml').matchAll(/^\s+expr: (.*)$/gm)].map(
  ([, expr]) => expr as string,
);

let node: TesseraNode;
let families: Map<string, ExposedFamily>;

beforeAll(async () => {
  const dataDirectory = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  node = await startHttpNode({ dataDirectory, durability: { mode: 'off', volatileTensors: [] } });
  const client = await RespClient.connect(node.port);
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  await client.send('AI.TENSORSET', 'x', 'FLOAT', '1', '2', 'VALUES', '1', '2');
  await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', '2', 'x', 'x', 'OUTPUTS', '1', 'y');
  await client.send('NOPE');
  families = await scrape(node);
  client.close();
});
afterAll(() => node.close());

/** Names of metrics in an expression; those of Redis have no samples here, as there is none. */
function checkMetrics(expr: string): void {
  const names = [...new Set(expr.match(/\b(tessera|process|nodejs)_[a-z0-9_]+/g))];
  expect(names.length, expr).toBeGreaterThan(0);
  const labels = new Set(['instance', 'job']);
  for (const name of names) {
    const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
    expect(family, `${name} in ${expr}`).toBeDefined();
    const samples = family?.samples.filter((sample) => sample.name === name) ?? [];
    if (!name.startsWith('tessera_upstream_')) expect(samples.length, name).toBeGreaterThan(0);
    for (const sample of samples) for (const label of Object.keys(sample.labels)) labels.add(label);
  }
  const used = [...expr.matchAll(/\bby \(([^)]*)\)|([a-z_]+)=~?"/g)].flatMap(
    ([, by, matched]) => by?.split(/, */) ?? [matched as string],
  );
  for (const label of used) expect(labels, `${label} in ${expr}`).toContain(label);
}

describe('what deploy/ asks of a node', () => {
  test.each(dashboard.panels.filter(({ targets }) => targets !== undefined))(
    'is there: panel $title',
    ({ targets }) => {
      for (const { expr } of targets ?? []) checkMetrics(expr);
    },
  );

  test.each(alerts.filter((expr) => !expr.startsWith('up{')))('is there: alert %s', (expr) => {
    checkMetrics(expr);
  });
});
