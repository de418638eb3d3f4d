import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Ended, run } from '../support/run.ts';

export const ROOT = path.join(import.meta.dirname, '../..');
export const LAUNCHER = path.join(ROOT, 'bin/tessera.js');

/** A file of test/models. */
export const modelFile = (name: string) => path.join(ROOT, 'test/models', name);

export const newFolder = () => mkdtempSync(path.join(tmpdir(), 'tessera-cli-'));

/** The command line, as npm links it. */
export function tessera(...args: string[]): Promise<Ended> {
  return run(process.execPath, [LAUNCHER, ...args], { timeout: 60_000 });
}

/** The same against a node. */
export function on(port: number): typeof tessera {
  return (...args) => tessera(...args, '-u', `127.0.0.1:${port}`);
}
