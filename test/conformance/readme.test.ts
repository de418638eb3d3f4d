import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { findRedisCli } from '../support/tools.ts';

const root = path.join(import.meta.dirname, '../..');
const redisCli = findRedisCli();

interface Step {
  readonly command: string;
  readonly output: string[];
}

/** The lines after `$ ` and what the README shows below each. */
function transcript(markdown: string): Step[] {
  const steps: Step[] = [];
  for (const [, block = ''] of markdown.matchAll(/^```\n(\$ .*?)^```/gms)) {
    for (const line of block.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), output: [] });
      else steps.at(-1)?.output.push(line);
    }
  }
  return steps;
}

/** As the README has it, but for the last digits of a float, which are not the same on every processor. */
function rounded(line: string): string {
  return line.replace(/"(-?\d+\.\d+(?:e-\d+)?)"/, (_, float) => `"${Number(float).toFixed(5)}"`);
}

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
});
test('docs/torch-scripts.md shows the function that its commands store', () => {
  const source = readFileSync(path.join(root, 'test/models/classify.py'), 'utf8');
  expect(readFileSync(path.join(root, 'docs/torch-scripts.md'), 'utf8')).toContain(source);
});

test.each([
  ['README.md', "[ '1.000', '0.000', '0.000' ]"],
  ['docs/client.md', '[ 1, 3 ] 1.000'],
])('%s shows what its TypeScript prints', (file, output) => {
  const page = readFileSync(path.join(root, file), 'utf8');
  const [, code = ''] = /^```ts\n(import .*?)^```/ms.exec(page) ?? [];
  expect(code).toContain(`// ${output}`);
  const here = code.replace('127.0.0.1:7000', `127.0.0.1:${cluster.ports[0]}`);
  const args = ['--input-type=module-typescript', '--eval', here];
  const printed = execFileSync(process.execPath, args, { encoding: 'utf8', cwd: root, timeout: 20_000 });
  expect(printed.trimEnd()).toBe(output);
});

afterAll(async () => {
  expect(await cluster.stop()).toBe(0);
});

// In this order: each goes on where the one before ended.
test.skipIf(redisCli === undefined).each(['README.md', 'docs/torch-scripts.md', 'docs/experiments.md'])(
  '%s shows what its commands answer',
  (file) => {
    const steps = transcript(readFileSync(path.join(root, file), 'utf8'));
    expect(steps.length).toBeGreaterThanOrEqual(4);
    for (const { command, output } of steps) {
      // As in a terminal; a newer redis-cli says aloud that it was redirected.
      const here = command
        .replace('redis-cli', 'redis-cli --no-raw')
        .replace('npx tessera', `'${process.execPath}' bin/tessera.js`)
        .replace(/(-p |127\.0\.0\.1:)7000/, `$1${cluster.ports[0]}`);
      expect(here).toMatch(
        new RegExp(`--no-raw -c -p ${cluster.ports[0]} |bin/tessera.js .* 127.0.0.1:${cluster.ports[0]}$`),
      );
      const answer = execFileSync('sh', ['-c', here], { encoding: 'utf8', cwd: root, timeout: 20_000 });
      const lines = answer
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('-> Redirected'));
      expect([command, lines.map(rounded)]).toEqual([command, output.map(rounded)]);
    }
  },
);
