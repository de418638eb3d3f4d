import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';

const main = path.join(import.meta.dirname, '../../src/main.ts');
const MODULES = 300;

async function startAndStop(data: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { NODE_COMPILE_CACHE: _, ...others } = process.env;
  const child = spawn(process.execPath, [main, 'serve', '--port', '0', '--data', data], {
    env: { ...others, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  while (!output.includes('listening')) {
    if (child.exitCode !== null) throw new Error(output);
    await delay(20);
  }
  child.kill('SIGTERM');
  await once(child, 'exit');
  return output;
}

function cached(data: string): number {
  const folder = path.join(data, 'compile-cache');
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).length : 0;
}

test('the first start has its modules compiled for the next ones, which use them', async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'tessera-cache-'));
  await startAndStop(data);
  while (cached(data) < MODULES) await delay(50);
  const log = await startAndStop(data, { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' });
  expect(log).toMatch(/code cache for ESM file:\S*\/src\/\S* was accepted/);
});

test('a node starts where the cache cannot be made', async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'tessera-cache-'));
  writeFileSync(path.join(data, 'compile-cache'), 'no folder');
  expect(await startAndStop(data)).toContain('listening');
});
