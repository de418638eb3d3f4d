import util from 'node:util';
import type * as tfjs from '@tensorflow/tfjs';

/** What all of TensorFlow.js's packages export, whatever they compute in. */
export type TensorFlowJs = typeof tfjs;

/**
 * Imports a package of TensorFlow.js and chooses its best backend. What it writes to the console while it is imported (greetings, kernels
 * that are there twice) goes nowhere; afterwards it is silent of its own accord.
 * @param module file URL of its entry.
 * @throws Error where it cannot be imported, or is none.
 */
export async function openLibrary(module: string): Promise<TensorFlowJs> {
  restoreUtilities();
  const library = await quietly(async () => {
    const imported = (await import(module)) as { default?: TensorFlowJs } & TensorFlowJs;
    const found = imported.default ?? imported;
    if (typeof found.loadGraphModel !== 'function') throw new Error(`${module} is no TensorFlow.js`);
    found.enableProdMode();
    return found;
  });
  await library.ready();
  return library;
}

/** @tensorflow/tfjs-node 4.22 calls functions that Node 23 removed from node:util. */
function restoreUtilities(): void {
  const removed = util as { isNullOrUndefined?: unknown; isArray?: unknown };
  removed.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  removed.isArray ??= Array.isArray;
}

async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { log, info, warn } = console;
  const silent = () => undefined;
  Object.assign(console, { log: silent, info: silent, warn: silent });
  try {
    return await work();
  } finally {
    Object.assign(console, { log, info, warn });
  }
}
