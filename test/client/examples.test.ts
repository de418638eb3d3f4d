import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { startNode } from '../support/node.ts';

const root = path.join(import.meta.dirname, '../..');
const examples = readdirSync(path.join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The command behind `$ ` and what the example's page shows below it. */
function shown(example: string): { command: string; output: string } {
  const page = readFileSync(path.join(root, 'examples', example, 'README.md'), 'utf8');
  const [, command = '', output = ''] = /^```\n\$ ([^\n]*)\n(.*?)^```/ms.exec(page) ?? [];
  return { command, output };
}

let node: TesseraNode;
let cluster: TestCluster;

beforeAll(async () => {
  [node, cluster] = await Promise.all([startNode(), startCluster()]);
});
afterAll(() => Promise.all([node.close(), cluster.stop()]));

describe.each(examples)('the example %s', (example) => {
  test.each([
    ['a cluster, twice', () => [cluster.ports[0], cluster.ports[2]]],
    ['one node', () => [node.port]],
  ])('prints what its page shows, on %s', async (_, ports) => {
    const { command, output } = shown(example);
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    expect(command).toBe(`npm run example:${example}`);
    const file = /^node (\S+)$/.exec(scripts[`example:${example}`])?.[1] ?? '';
    for (const port of ports()) {
      const env = { ...process.env, TESSERA_URL: `redis://127.0.0.1:${port}` };
      const run = promisify(execFile)(process.execPath, [file], { cwd: root, env, timeout: 50_000 });
      const { stdout, stderr } = await run;
      expect([stderr, stdout]).toEqual(['', output]);
    }
  });
});
