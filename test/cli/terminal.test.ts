import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { buildLargeModel } from '../../scripts/onnx-builder.ts';
import { model } from '../support/node.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { noTerminal, Terminal } from './terminal.ts';
import { LAUNCHER, newFolder, on } from './tessera.ts';

const shared = useSharedNode();
const terminals: Terminal[] = [];
// One that a failed test has left would go on asking the node.
afterEach(() => Promise.all(terminals.splice(0).map((each) => each.close())));
const ROW = Buffer.from(Float32Array.of(5.1, 3.5, 1.4, 0.2).buffer);

function terminal(columns: number, rows: number, args: readonly string[], env?: NodeJS.ProcessEnv): Terminal {
  const url = `127.0.0.1:${shared.node.port}`;
  const opened = new Terminal(columns, rows, [process.execPath, LAUNCHER, ...args, '-u', url], env);
  terminals.push(opened);
  return opened;
}

async function storeIris(): Promise<() => Promise<void>> {
  const client = await shared.connect();
  await client.send('AI.MODELSTORE', 'iris', 'ONNX', 'CPU', 'BLOB', model('iris'));
  await client.send('AI.TENSORSET', 'in', 'FLOAT', 1, 4, 'BLOB', ROW);
  return async () => {
    await client.send('AI.MODELEXECUTE', 'iris', 'INPUTS', 1, 'in', 'OUTPUTS', 1, 'out');
  };
}

/** Keeps it running until the pattern is on the screen. */
async function busyUntil(run: () => Promise<void>, shown: Terminal, pattern: RegExp): Promise<void> {
  while (!pattern.test(shown.screen.join('\n'))) await run();
}

test.skipIf(noTerminal)('top draws the whole window, follows its size, and q gives it back', async () => {
  const run = await storeIris();
  const top = terminal(80, 24, ['top', '-i', '0.2']);
  await busyUntil(run, top, /iris +ONNX +[1-9]/);
  expect(top.screen).toHaveLength(24);
  for (const line of top.screen) expect(line.length).toBeLessThanOrEqual(80);
  expect(top.screen[0]).toMatch(/^tessera top {2}127\.0\.0\.1:\d+ {2}1 node {2}every 0\.2 s/);
  expect(top.screen[1]).toMatch(
    /model runs\/s +p50 [\d.]+ (µs|ms) +p99 [\d.]+ (µs|ms) +queue \d+ +batch \d\.\d/,
  );
  expect(top.screen.at(-1)).toMatch(/^q quits/);
  expect(top.screen.join('\n')).not.toContain('DEVICE');
  top.resize(120, 30);
  // Both at once: the system may tell of columns and rows one after the other.
  while (top.screen.length !== 30) await run();
  expect(top.screen.join('\n')).toContain('DEVICE');
  // Each drawing is one piece between two marks, and nothing is wiped before it: that is what flickers.
  expect(top.output).not.toContain('\x1b[2J');
  top.type('q');
  expect(await top.exited).toBe(0);
  expect(top.output.indexOf('\x1b[?25h\x1b[?1049l')).toBeGreaterThan(top.output.indexOf('\x1b[?1049h'));
});

test.skipIf(noTerminal)('Ctrl-C ends top, and colours are off where they are not wanted', async () => {
  const run = await storeIris();
  const top = terminal(100, 20, ['top', '-i', '0.2'], { NO_COLOR: '1' });
  await busyUntil(run, top, /iris +ONNX/);
  top.type('\x03');
  expect(await top.exited).toBe(0);
  for (const style of ['\x1b[1m', '\x1b[2m', '\x1b[36m']) expect(top.output).not.toContain(style);
});

test.skipIf(noTerminal)('arrow keys scroll where there are more models than lines', async () => {
  const client = await shared.connect();
  for (let i = 10; i < 30; i++) {
    await client.send('AI.MODELSTORE', `m${i}`, 'ONNX', 'CPU', 'BLOB', model('relu_1x4'));
  }
  const top = terminal(80, 14, ['top', '-i', '0.2']);
  await top.until(/more models: arrow keys/);
  expect(top.screen.join('\n')).toContain('m10');
  for (let i = 0; i < 30; i++) top.type('\x1b[B');
  await busyUntil(async () => void (await client.send('PING')), top, /m29/);
  expect(top.screen.join('\n')).not.toContain('m10 ');
  expect(top.screen).toHaveLength(14);
  top.type('q');
  expect(await top.exited).toBe(0);
});

test.skipIf(noTerminal)('a large file has a bar that fits, and leaves the cursor visible', async () => {
  const file = path.join(newFolder(), 'large.onnx');
  writeFileSync(file, buildLargeModel(64));
  const push = terminal(80, 24, ['model', 'push', file, 'large']);
  expect(await push.exited).toBe(0);
  const bars = push.output.match(/sending \[.*?\/s/g) ?? [];
  expect(bars.length).toBeGreaterThan(0);
  for (const bar of bars) expect(bar.length).toBeLessThanOrEqual(80);
  expect(push.output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(push.output.lastIndexOf('\x1b[?25l'));
  expect(push.output).toContain('stored large: ONNX on CPU, 64.0 MiB');
});

test.skipIf(noTerminal)('Ctrl-C while a file is sent ends with 130 and stores nothing', async () => {
  const file = path.join(newFolder(), 'large.onnx');
  writeFileSync(file, buildLargeModel(256));
  const push = terminal(80, 24, ['model', 'push', file, 'large']);
  await push.until(/sending \[/);
  push.type('\x03');
  expect(await push.exited).toBe(130);
  expect(push.output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(push.output.lastIndexOf('\x1b[?25l'));
  expect(shared.node.context.keyspace.size).toBe(0);
});

test('without a terminal top is one reading as plain text', async () => {
  await (await storeIris())();
  const { code, stdout, stderr } = await on(shared.node.port)('top', '-i', '0.2');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^iris +ONNX +CPU /m);
  expect(stdout).not.toContain('\x1b');
  const json = JSON.parse((await on(shared.node.port)('top', '-i', '0.2', '--json')).stdout) as unknown;
  expect(json).toMatchObject({
    models: [{ key: 'iris', calls: 1, pending: 0, p50Us: null }],
    lost: [],
    total: { queue: 0 },
  });
});
