import { setImmediate as immediate } from 'node:timers/promises';
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { NodeContext } from '../../node-context.ts';
import { executionFamilies } from './execution-families.ts';
import type { Family } from './family.ts';
import { keyspaceFamilies } from './keyspace-families.ts';
import { nodeFamilies } from './node-families.ts';

/** How often the library looks at the delay of the event loop, in ms. */
const EVENT_LOOP_PRECISION_MS = 20;

/** What prom-client writes out: it asks a metric for its values at each scrape. */
interface Readable extends Omit<Family, 'read'> {
  get(): Promise<{ name: string; help: string; type: string; values: unknown[] }>;
}

/** All metrics of a node; those of the process and of Node.js (`process_`, `nodejs_`) are prom-client's own. */
export function createRegistry(node: NodeContext): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  for (const family of [...nodeFamilies, ...executionFamilies, ...keyspaceFamilies]) {
    registry.registerMetric(readable(family, node) as unknown as Metric);
  }
  return registry;
}

/** The scrape. Others are served in between: of a hundred models it is a megabyte. */
export async function exposition(registry: Registry): Promise<string> {
  const families: string[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    families.push(await registry.getSingleMetricAsString(name));
    await immediate();
  }
  return `${families.join('\n\n')}\n`;
}

function readable({ name, help, type, read }: Family, node: NodeContext): Readable {
  const values = () =>
    read(node).map(({ value, labels = {}, suffix }) => ({
      value,
      labels,
      metricName: suffix === undefined ? name : `${name}${suffix}`,
    }));
  return { name, help, type, get: async () => ({ name, help, type, values: values() }) };
}
