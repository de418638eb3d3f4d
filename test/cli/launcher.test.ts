import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/run.ts';
import { type ServedNode, startServeFrom } from '../support/serve.ts';
import { attr, graphDef, placeholder } from '../support/tensorflow-graphs.ts';
import { LAUNCHER, modelFile, newFolder, ROOT, tessera } from './tessera.ts';

const NEEDED = 24;
/** What programs that only use the client need. */
const NEEDED_BY_CLIENT = 20;

/** A Node.js of this machine that is too old. */
const oldNode = (process.env.TESSERA_OLD_NODE ?? '/usr/bin/node:/usr/local/bin/node').split(':').find(isOld);

function isOld(node: string): boolean {
  const version = majorVersion(node);
  return version !== undefined && version < NEEDED;
}

/** Undefined where that is no Node.js. */
function majorVersion(node: string): number | undefined {
  try {
    return Number.parseInt(execFileSync(node, ['--version'], { encoding: 'utf8' }).slice(1), 10);
  } catch {
    return undefined;
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

const CLIENT_PROGRAM = `
import { connect, tensor } from 'tessera/client';
const [, , url, file] = process.argv;
const ai = await connect(url);
const iris = ai.model('iris', { inputs: { measurements: 'FLOAT' }, outputs: { probabilities: 'FLOAT' } });
await iris.storeFile(file);
const { probabilities } = await iris.run({ measurements: tensor('FLOAT', [[5.1, 3.5, 1.4, 0.2]]) });
console.log(probabilities.shape, probabilities.data[0].toFixed(3));
await ai.close();
`;

describe('as an installed package', () => {
  /** Of programs that use the package. */
  const folder = newFolder();
  const launcher = path.join(folder, 'node_modules/tessera/bin/tessera.js');
  let node: ServedNode;

  const url = () => `127.0.0.1:${node.port}`;
  const installed = (...rest: string[]) => run(process.execPath, [launcher, ...rest, '-u', url()]);

  beforeAll(async () => {
    const modules = path.join(folder, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(path.join(ROOT, 'node_modules'))) {
      symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
    }
    const args = [path.join(ROOT, 'scripts/build-package.ts'), path.join(modules, 'tessera')];
    const built = await run(process.execPath, args, { timeout: 60_000 });
    expect(built).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+ modules in /) });

    node = await startServeFrom(launcher, newFolder());
  }, 120_000);

  afterAll(() => node?.stop());

  test('it has no sources, and nothing that is for work on them', () => {
    const home = path.join(folder, 'node_modules/tessera');
    const files = readdirSync(home, { recursive: true }).map(String);
    expect(files.filter((name) => /(?<!\.d)\.ts$/.test(name))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'cluster.config.json']));
    const { scripts, devDependencies, dependencies } = JSON.parse(
      readFileSync(path.join(home, 'package.json'), 'utf8'),
    );
    expect({ scripts, devDependencies }).toEqual({});
    expect(dependencies).toHaveProperty('redis');
  });

  test('it serves models of each backend, in threads and processes of its own', async () => {
    const graph = path.join(newFolder(), 'relu.pb');
    writeFileSync(
      graph,
      graphDef(placeholder('x', 'float', [1, 4]), {
        name: 'y',
        op: 'Relu',
        input: ['x'],
        attr: { T: attr.type('float') },
      }),
    );
    const stored = [
      [modelFile('iris.onnx')],
      [modelFile('mul.tflite')],
      [path.join(ROOT, 'test/fixtures/torch-exported/mlp.pt2')],
      [graph, '--inputs', 'x', '--outputs', 'y'],
    ];
    for (const [file = '', ...flags] of stored) {
      const pushed = await installed('model', 'push', file, path.basename(file), ...flags);
      expect(pushed).toMatchObject({ code: 0, stderr: '' });
    }
    const iris = await installed('run', 'iris.onnx', '[[5.1, 3.5, 1.4, 0.2]]');
    expect(iris.stdout).toContain('[[0.99998');
    const product = await installed('run', 'mul.tflite', '[[2, 3]]', '[[4, 5]]');
    expect(product.stdout).toContain('[[8, 15]]');
  });

  async function expectClientRuns(command: string): Promise<void> {
    const program = path.join(folder, 'client.mjs');
    writeFileSync(program, CLIENT_PROGRAM);
    const ended = await run(command, [program, `redis://${url()}`, modelFile('iris.onnx')]);
    expect(ended).toEqual({ code: 0, stdout: '[ 1, 3 ] 1.000\n', stderr: '' });
  }

  test('programs import its client', () => expectClientRuns(process.execPath));

  test('programs import its client in a Node.js that is too old for the server', async ({ skip }) => {
    if (oldNode === undefined || (majorVersion(oldNode) ?? 0) < NEEDED_BY_CLIENT) {
      skip(`no Node.js ${NEEDED_BY_CLIENT} to ${NEEDED - 1} here: TESSERA_OLD_NODE`);
    } else await expectClientRuns(oldNode);
  });

  test.each([
    ['nodenext', 'nodenext'],
    ['bundler', 'preserve'],
  ])('the types of the client are what they are here, resolved as by %s', async (resolution, module) => {
    cpSync(path.join(ROOT, 'test/client/types.ts'), path.join(folder, 'types.ts'));
    const resolved = ['--moduleResolution', resolution, '--module', module, '--target', 'es2022'];
    const flags = ['--ignoreConfig', '--strict', '--noEmit', '--skipLibCheck', 'false', ...resolved];
    const args = [path.join(ROOT, 'node_modules/typescript/bin/tsc'), ...flags];
    const checked = await run(process.execPath, [...args, path.join(folder, 'types.ts')]);
    expect(checked).toMatchObject({ code: 0, stdout: '' });
  });
});
