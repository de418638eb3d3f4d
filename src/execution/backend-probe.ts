import { parentPort, workerData } from 'node:worker_threads';
import type { ProbeResult } from './backend-modules.ts';

parentPort?.postMessage(await probe(workerData as string));

async function probe(module: string): Promise<ProbeResult> {
  try {
    const { default: backend } = (await import(module)) as { default?: { name?: unknown; load?: unknown } };
    return { name: String(backend?.name), loads: typeof backend?.load === 'function' };
  } catch (error) {
    return { failed: String(error) };
  }
}
