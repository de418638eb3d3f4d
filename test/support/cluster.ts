import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface TestCluster {
  readonly ports: readonly number[];
  /** All that the command has printed so far. */
  output(): string;
  /** Sends SIGINT and gives the exit code. */
  stop(): Promise<number | null>;
}

const main = path.join(import.meta.dirname, '../../src/main.ts');

/** The slots of three nodes, as even as can be. */
export const THIRDS = ['0-5460', '5461-10922', '10923-16383'];

/**
 * Starts `tessera start` as a user would, three nodes on ports that the system chose.
 * @param slots the range of each node.
 */
export async function startCluster(slots: readonly string[] = THIRDS): Promise<TestCluster> {
  const ports = await freePorts(3);
  const folder = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  const nodes = ports.map((port, i) => ({
    name: `node-${i + 1}`,
    host: '127.0.0.1',
    port,
    slots: [slots[i]],
  }));
  const config = path.join(folder, 'cluster.config.json');
  writeFileSync(config, JSON.stringify({ engine: 'embedded', nodes, devices: { intraOpParallelism: 1 } }));
  const child = spawn(process.execPath, [main, 'start', '--config', config, '--data', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  await untilReady(child, () => output);
  return {
    ports,
    output: () => output,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', (code) => resolve(code));
        child.kill('SIGINT');
      }),
  };
}

function untilReady(child: ChildProcess, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = setInterval(() => {
      if (!/ready: 3 nodes/.test(output())) return;
      clearInterval(look);
      resolve();
    }, 20);
    child.once('exit', (code) => {
      clearInterval(look);
      reject(new Error(`tessera start ended with ${code}: ${output()}`));
    });
  });
}

/** Ports of the loopback address that are free right now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
