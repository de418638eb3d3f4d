import type { NodeOptions, TesseraNode } from '../../src/node.ts';
import { startNode } from '../support/node.ts';
import { type ExposedFamily, parseExposition } from './exposition.ts';

/** A node with an HTTP port. */
export function startHttpNode(others: Partial<NodeOptions> = {}): Promise<TesseraNode> {
  return startNode({}, 0, { http: { host: '127.0.0.1', port: 0 }, ...others });
}

export function get(node: TesseraNode, path: string, init?: RequestInit): Promise<Response> {
  return fetch(`http://127.0.0.1:${node.http?.port}${path}`, init);
}

export async function scrape(node: TesseraNode): Promise<Map<string, ExposedFamily>> {
  const reply = await get(node, '/metrics');
  if (reply.status !== 200) throw new Error(`/metrics answers ${reply.status}`);
  return parseExposition(await reply.text());
}

/** The value of the sample that has these labels, perhaps among others. */
export function sampleValue(
  families: Map<string, ExposedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  return family?.samples.find(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value;
}
