#!/usr/bin/env node
// Starts Tessera with a Node.js that can run it. Plain JavaScript that old versions understand too.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const LEAST_VERSION = 24;

const home = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
// An installed package has what was compiled for it, and no sources: Node.js runs no TypeScript under node_modules.
const source = path.join(home, 'src/main.ts');
const main = existsSync(source) ? source : path.join(home, 'src/main.js');

if (Number.parseInt(process.versions.node, 10) >= LEAST_VERSION) await import(pathToFileURL(main).href);
else await withOwnNode();

/** Goes on in the Node.js that npm installed with Tessera. */
async function withOwnNode() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  let node;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    node = path.join(path.dirname(manifest), 'bin', file);
  } catch {
    process.stderr.write(
      `tessera: Node.js ${LEAST_VERSION} or later is needed, this is ${process.version}, and the package ${name} is not there: ` +
        `install that Node.js, or npm install ${name}@${LEAST_VERSION}\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both: the child decides what it means.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`tessera: ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('close', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
