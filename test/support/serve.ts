import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface ServedNode {
  readonly port: number;
  readonly pid: number;
  /** The exit code, once it has ended; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** What it has written so far, to standard output and standard error. */
  log(): string;
  stop(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

const MAIN = path.join(import.meta.dirname, '../../src/main.ts');

/** Starts `tessera serve` in a process of its own, on a port that the system chose. */
export function startServe(...extra: string[]): Promise<ServedNode> {
  return startServeOn(mkdtempSync(path.join(tmpdir(), 'tessera-')), ...extra);
}

/** Starts `tessera serve` on a data folder that may have been used before. */
export function startServeOn(data: string, ...extra: string[]): Promise<ServedNode> {
  return startServeFrom(MAIN, data, ...extra);
}

/** Starts it by another program than the sources' own, such as that of an installed package. */
export async function startServeFrom(main: string, data: string, ...extra: string[]): Promise<ServedNode> {
  const args = [main, 'serve', '--port', '0', '--data', data, '--intra-op-parallelism', '1', ...extra];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stderr.on('data', (data) => {
    output += data;
    process.stderr.write(data);
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (data) => {
      output += data;
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(output);
      if (found !== null) resolve(Number(found[1]));
    });
    child.once('exit', (code) => reject(new Error(`tessera serve ended with ${code}: ${output}`)));
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal);
    await exited;
  };
  return {
    port,
    pid: child.pid as number,
    exited,
    log: () => output,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
