import { mkdtempSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Supervisor } from '../../cluster/supervisor.ts';

const READY = `process.send({ type: 'ready' });`;
/** The open channel keeps a child alive; one whose supervisor is gone must not outlive the test. */
const LIVE = `process.on('disconnect', () => process.exit(0));`;

let running: Supervisor | undefined;
afterEach(() => running?.stop());

/** A supervisor whose nodes run that script, and what it logged. The script's folder is its --data. */
function supervise(script: string, ...names: string[]) {
  const folder = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  const mainPath = path.join(folder, 'main.mjs');
  writeFileSync(mainPath, `import { appendFileSync } from 'node:fs';\n${LIVE}\n${script}`);
  const log: string[] = [];
  const supervisor = new Supervisor({
    mainPath,
    configPath: path.join(folder, 'c.json'),
    config: { nodes: names.map((name, i) => ({ name, host: '127.0.0.1', port: i + 1, slots: ['0'] })) },
    dataDir: folder,
    log: (level, message) => log.push(`${level} ${message}`),
  });
  running = supervisor;
  return { supervisor, log, folder };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function pidOf(supervisor: Supervisor, name: string): number {
  const pid = supervisor.pids[name];
  if (pid === undefined) throw new Error(`${name} does not run`);
  return pid;
}

const soon = { timeout: 10_000, interval: 10 };

describe('a supervisor', () => {
  test('starts one process a node, each told its name, configuration and data folder', async () => {
    const script = `appendFileSync(process.argv[8] + '/argv', JSON.stringify(process.argv.slice(2)) + '\\n');`;
    const { supervisor, folder } = supervise(`${script}${READY}`, 'a', 'b');
    await supervisor.start();
    const lines = (await readFile(path.join(folder, 'argv'), 'utf8')).trim().split('\n').sort();
    const told = (name: string) =>
      JSON.stringify(['node', '--config', path.join(folder, 'c.json'), '--name', name, '--data', folder]);
    expect(lines).toEqual([told('a'), told('b')]);
  });

  test('is started only when the slowest node is ready', async () => {
    const slow = `setTimeout(() => { appendFileSync(process.argv[8] + '/ready', 'b'); ${READY} }, 300);`;
    const { supervisor, folder } = supervise(
      `if (process.argv[6] === 'b') { ${slow} } else { ${READY} }`,
      'a',
      'b',
    );
    await supervisor.start();
    expect(await readFile(path.join(folder, 'ready'), 'utf8')).toBe('b');
  });

  test('leaves a node down that was told to shut down', async () => {
    const told = `process.on('SIGUSR2', () => process.send({ type: 'shutdown' }, () => process.exit(0)));`;
    const { supervisor, log } = supervise(`${told}${READY}`, 'a', 'b');
    await supervisor.start();
    process.kill(pidOf(supervisor, 'a'), 'SIGUSR2');
    await vi.waitFor(() => expect(log).toEqual(['info a was shut down']), soon);
    expect(supervisor.pids.a).toBe(undefined);
    expect(alive(pidOf(supervisor, 'b'))).toBe(true);
  });

  test('brings back a node that was killed, and leaves the other alone', async () => {
    const { supervisor, log } = supervise(READY, 'a', 'b');
    await supervisor.start();
    const [killed, other] = [pidOf(supervisor, 'a'), pidOf(supervisor, 'b')];
    process.kill(killed, 'SIGKILL');
    await vi.waitFor(() => expect(log).toHaveLength(2), soon);
    expect(log[0]).toBe('warn a ended (SIGKILL), starts again at once');
    expect(log[1]).toMatch(/^info a is back after \d+ ms$/);
    expect(pidOf(supervisor, 'a')).not.toBe(killed);
    expect(alive(pidOf(supervisor, 'a'))).toBe(true);
    expect(pidOf(supervisor, 'b')).toBe(other);
  });

  test('waits twice as long before each next start of a node that keeps dying', async () => {
    const { supervisor, log } = supervise(`${READY} setTimeout(() => process.exit(3), 20);`, 'a');
    await supervisor.start();
    const ends = () => log.filter((line) => line.startsWith('warn'));
    await vi.waitFor(() => expect(ends().length).toBeGreaterThanOrEqual(3), soon);
    expect(ends().slice(0, 3)).toEqual(
      ['at once', 'in 100 ms', 'in 200 ms'].map((when) => `warn a ended (exit code 3), starts again ${when}`),
    );
  });

  test('gives up on a node that ended five times without ever being ready', async () => {
    const { supervisor, folder } = supervise(
      `appendFileSync(process.argv[8] + '/tries', '.'); process.exit(7);`,
      'a',
    );
    await expect(supervisor.start()).rejects.toThrow('a does not start (exit code 7)');
    expect(await readFile(path.join(folder, 'tries'), 'utf8')).toBe('.....');
  });

  test('stop ends all nodes and none comes back', async () => {
    const { supervisor, log } = supervise(READY, 'a', 'b');
    await supervisor.start();
    const pids = [pidOf(supervisor, 'a'), pidOf(supervisor, 'b')];
    await supervisor.stop();
    expect(pids.map(alive)).toEqual([false, false]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(supervisor.pids).toEqual({ a: undefined, b: undefined });
    expect(log).toEqual([]);
  });

  test('stop also calls off a restart that is waiting', async () => {
    const { supervisor, log } = supervise(READY, 'a');
    await supervisor.start();
    process.kill(pidOf(supervisor, 'a'), 'SIGKILL');
    await vi.waitFor(() => expect(log).toHaveLength(1), soon);
    await supervisor.stop();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(supervisor.pids).toEqual({ a: undefined });
  });

  test('stop forces a node that does not listen, after 5 s', async () => {
    const { supervisor } = supervise(`process.on('SIGTERM', () => {}); ${READY}`, 'a');
    await supervisor.start();
    const pid = pidOf(supervisor, 'a');
    const started = Date.now();
    await supervisor.stop();
    expect(Date.now() - started).toBeGreaterThanOrEqual(4900);
    expect(alive(pid)).toBe(false);
  });
});
