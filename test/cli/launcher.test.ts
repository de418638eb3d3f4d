import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/run.ts';
import { LAUNCHER, modelFile, newFolder, ROOT, tessera } from './tessera.ts';

const NEEDED = 24;

/** A Node.js of this machine that is too old. */
const oldNode = (process.env.TESSERA_OLD_NODE ?? '/usr/bin/node:/usr/local/bin/node').split(':').find(isOld);

function isOld(node: string): boolean {
  try {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' });
    return Number.parseInt(version.slice(1), 10) < NEEDED;
  } catch {
    return false;
  }
}

/** A program that says it is an older Node.js than it is: the module that is loaded first changes what the launcher reads. */
function pretender(folder: string): string[] {
  const file = path.join(folder, 'old.cjs');
  writeFileSync(file, "Object.defineProperty(process.versions, 'node', { value: '20.0.0' });");
  return [process.execPath, '--require', file];
}

test('an older Node.js hands over to the one that came with Tessera', async () => {
  const [command = '', ...args] = oldNode === undefined ? pretender(newFolder()) : [oldNode];
  const ended = await run(command, [...args, LAUNCHER, 'doctor', '--json', '--config', 'none']);
  const checks = JSON.parse(ended.stdout) as { check: string; found: string }[];
  expect(checks[0]).toMatchObject({
    check: 'Node.js',
    verdict: 'ok',
    found: expect.stringMatching(/^v24\./),
  });
  const failed = await run(command, [...args, LAUNCHER, 'model', 'list', '-u', '127.0.0.1:1']);
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot connect') });
});

test('without one it says what to do', async () => {
  const folder = newFolder();
  mkdirSync(path.join(folder, 'bin'));
  cpSync(LAUNCHER, path.join(folder, 'bin/tessera.js'));
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  const [command = '', ...args] = pretender(folder);
  const ended = await run(command, [...args, path.join(folder, 'bin/tessera.js'), 'serve']);
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toMatch(/^tessera: Node.js 24 or later is needed, .*npm install node-\S+@24\n$/);
});

test('each command has help with examples', async () => {
  const commands = [
    ...['model push', 'model list', 'model info', 'model rm', 'script push', 'script list', 'script rm'],
    ...['cluster status', 'run', 'bench', 'top', 'doctor'],
  ];
  for (const command of commands) {
    const { code, stdout } = await tessera(...command.split(' '), '--help');
    expect({ command, code }).toEqual({ command, code: 0 });
    expect(stdout).toContain(`Usage: tessera ${command}`);
    expect(stdout).toMatch(/Examples:\n( {2}\$ tessera .*\n)+/);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  }
  for (const command of ['serve', 'start', 'backup', 'cluster up']) {
    expect((await tessera(...command.split(' '), '--help')).stdout).toMatch(/^tessera (start|backup)/);
  }
});

test('doctor tells of ports that are taken, and of a cluster file that is wrong', async () => {
  const server = await listening();
  const { port } = server.address() as { port: number };
  const taken = await tessera('doctor', '--port', String(port), '--config', 'none');
  expect(taken.code).toBe(0);
  expect(taken.stdout).toMatch(
    new RegExp(`^warn +port of serve +127.0.0.1:${port}: something listens there`, 'm'),
  );
  server.close();
  const config = path.join(newFolder(), 'cluster.json');
  writeFileSync(config, '{"engine": "none"}');
  const wrong = await tessera('doctor', '--config', config);
  expect(wrong.code).toBe(1);
  expect(wrong.stdout).toMatch(/^FAIL +cluster file +\S+:1: engine: either "embedded" or "redis"/m);
});

async function listening() {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('as an installed package', () => {
  let launcher: string;

  beforeAll(async () => {
    const modules = path.join(newFolder(), 'node_modules');
    const home = path.join(modules, 'tessera');
    mkdirSync(path.join(home, 'bin'), { recursive: true });
    for (const file of ['bin/tessera.js', 'package.json'])
      cpSync(path.join(ROOT, file), path.join(home, file));
    for (const name of readdirSync(path.join(ROOT, 'node_modules'))) {
      symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
    }
    const script = path.join(ROOT, 'scripts/build-package.ts');
    const built = await run(process.execPath, [script, path.join(home, 'dist')]);
    expect(built).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+ modules in /) });
    launcher = path.join(home, 'bin/tessera.js');
    expect(existsSync(path.join(home, 'src'))).toBe(false);
  });

  test('it serves models of each backend, in threads and processes of its own', async () => {
    const data = newFolder();
    const args = [launcher, 'serve', '--port', '0', '--data', data];
    const node = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let log = '';
    node.stdout.on('data', (text) => (log += text));
    while (!/listening on 127\.0\.0\.1:\d+/.test(log)) await once(node.stdout, 'data');
    const url = /127\.0\.0\.1:\d+/.exec(log)?.[0] as string;
    const installed = (...rest: string[]) => run(process.execPath, [launcher, ...rest, '-u', url]);
    try {
      const files = [
        ...[modelFile('iris.onnx'), modelFile('mul.tflite')],
        path.join(ROOT, 'test/fixtures/torch-exported/mlp.pt2'),
      ];
      for (const file of files) {
        expect(await installed('model', 'push', file, path.basename(file))).toMatchObject({
          code: 0,
          stderr: '',
        });
      }
      const result = await installed('run', 'iris.onnx', '[[5.1, 3.5, 1.4, 0.2]]');
      expect(result.stdout).toContain('[[0.99998');
    } finally {
      node.kill('SIGTERM');
      await once(node, 'exit');
    }
  });
});
