import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { setPriority } from 'node:os';
import path from 'node:path';

const LOWEST_PRIORITY = 19;

function folderIn(data: string): string {
  return path.join(data, 'compile-cache');
}

/** Whether whoever started this process has a cache of his own, or wants none. */
function isLeftAlone(): boolean {
  return (process.env.NODE_COMPILE_CACHE ?? process.env.NODE_DISABLE_COMPILE_CACHE) !== undefined;
}

/**
 * Most of a start is reading hundreds of modules: with what an earlier start has left in the data folder it takes less than half the time.
 * It counts for what is imported after this call, by child processes too.
 */
export function useCompileCache(data: string): void {
  const folder = folderIn(data);
  if (isLeftAlone() || !existsSync(folder)) return;
  enableCompileCache(folder);
  process.env.NODE_COMPILE_CACHE = folder;
}

/**
 * Makes the cache where there is none, in another process: the compiler would hold this one up for most of a second.
 * @param main the module that is started.
 */
export function makeCompileCache(data: string, main: string): void {
  const folder = folderIn(data);
  if (isLeftAlone() || existsSync(folder)) return;
  try {
    mkdirSync(folder);
  } catch {
    // A folder that cannot be written only makes starts slower.
    return;
  }
  const env = { ...process.env, NODE_COMPILE_CACHE: folder };
  const child = spawn(process.execPath, [main, 'serve', '--help'], { env, stdio: 'ignore' });
  child.on('error', () => {});
  child.unref();
  if (child.pid === undefined) return;
  try {
    setPriority(child.pid, LOWEST_PRIORITY);
  } catch {
    // It may be gone already.
  }
}
