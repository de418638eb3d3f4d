import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { BackendRuntime } from '../backends/backend.ts';
import type { BackendName, Runnable } from '../backends/model.ts';

/** A module that hangs while it is imported is none. */
const PROBE_TIMEOUT_MS = 30_000;

/** Packages that are no backends themselves, and become some through an adapter. */
const TFJS_PACKAGES: ReadonlySet<string> = new Set([
  '@tensorflow/tfjs',
  '@tensorflow/tfjs-node',
  '@tensorflow/tfjs-node-gpu',
]);

/** What a throwaway thread says of a module, or why it could not be imported. */
export type ProbeResult = { readonly name: unknown; readonly loads: boolean } | { readonly failed: string };

export interface LoadedBackend {
  readonly backend: BackendName;
  /** File URL of the module; null for what comes with the server. */
  readonly module: string | null;
  readonly runtime: BackendRuntime | undefined;
}

/** Which module is the backend of new models, and which backends have loaded some. */
export class BackendModules {
  readonly #modules = new Map<BackendName, string>();
  /** A model keeps the backend that it was stored with. */
  readonly #ofModels = new WeakMap<Uint8Array, string | null>();
  readonly #loaded = new Map<string, LoadedBackend>();

  /** File URL of the module of new models; null for what comes with the server. */
  current(backend: BackendName): string | null {
    return this.#modules.get(backend) ?? null;
  }

  /** @param module null for what comes with the server. */
  set(backend: BackendName, module: string | null): void {
    if (module === null) this.#modules.delete(backend);
    else this.#modules.set(backend, module);
  }

  /** The module of a model: that which was current when this was first asked. */
  of({ backend, blob }: Pick<Runnable, 'backend' | 'blob'>): string | null {
    const known = this.#ofModels.get(blob);
    if (known !== undefined) return known;
    const module = this.current(backend);
    this.#ofModels.set(blob, module);
    return module;
  }

  /** A model of it was loaded. */
  used(loaded: LoadedBackend): void {
    this.#loaded.set(`${loaded.backend} ${loaded.module}`, loaded);
  }

  /** Those that have loaded a model since the start. */
  loaded(): LoadedBackend[] {
    return [...this.#loaded.values()];
  }
}

/**
 * The address of a backend's module: of its file, or of the adapter for a package of TensorFlow.js.
 * @param name a path, relative ones from the folder, or a package that is installed for the folder or for the server.
 * @throws Error where there is no such file and no such package.
 */
export function resolveModule(name: string, folder: string): string {
  const module = resolveFile(name, folder);
  return TFJS_PACKAGES.has(name) ? adapterOf(name, module) : module;
}

/** A module of ours that makes a package of TensorFlow.js a backend. */
function adapterOf(name: string, module: string): string {
  const adapter = new URL('../backends/tfjs/tfjs-backend.ts', import.meta.url);
  adapter.searchParams.set('package', name);
  adapter.searchParams.set('module', module);
  return adapter.href;
}

function resolveFile(name: string, folder: string): string {
  const file = path.resolve(folder, name);
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return pathToFileURL(file).href;
  if (/^[./]/.test(name)) throw new Error(`there is no file ${file}`);
  try {
    return pathToFileURL(createRequire(path.join(folder, 'x')).resolve(name)).href;
  } catch {
    return pathToFileURL(createRequire(import.meta.url).resolve(name)).href;
  }
}

/**
 * Imports the module in a thread of its own, which then ends.
 * @throws Error where that fails, or its default export is no backend of that name.
 */
export async function probeModule(module: string, backend: BackendName): Promise<void> {
  const thread = new Worker(new URL('./backend-probe.ts', import.meta.url), { workerData: module });
  try {
    const result = await new Promise<ProbeResult>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${module} is not imported after ${PROBE_TIMEOUT_MS} ms`)),
        PROBE_TIMEOUT_MS,
      );
      thread.once('message', resolve);
      thread.once('error', reject);
      thread.once('exit', () => {
        clearTimeout(timer);
        reject(new Error(`${module} ended its thread`));
      });
    });
    if ('failed' in result) throw new Error(result.failed);
    if (result.name !== backend || !result.loads) {
      throw new Error(`the default export of ${module} is no backend ${backend}`);
    }
  } finally {
    await thread.terminate();
  }
}
