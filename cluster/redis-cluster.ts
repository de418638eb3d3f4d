import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askOnce } from '../src/upstream/ask.ts';
import { SLOT_COUNT } from './slot-map.ts';

const HOST = '127.0.0.1';
const FORM_PATIENCE_MS = 30_000;
const ANSWER_PATIENCE_MS = 5000;
const POLL_MS = 50;

/** The program that runs a Redis, the first of them on PATH. @throws Error that says how to get one. */
export function findRedisServer(): string {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  for (const name of ['valkey-server', 'redis-server']) {
    for (const folder of folders) {
      const file = path.join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Elsewhere, perhaps.
      }
    }
  }
  throw new Error(
    'neither valkey-server nor redis-server is on PATH: on Debian, apt-get install redis-server',
  );
}

export interface RedisProcess {
  readonly port: number;
  readonly child: ChildProcess;
}

/** Starts a Redis in cluster mode on this machine, with its files in the folder. @throws Error with its output where it does not start. */
export async function startRedisProcess(
  server: string,
  port: number,
  folder: string,
  options: readonly string[] = [],
): Promise<RedisProcess> {
  mkdirSync(folder, { recursive: true });
  const args = [
    '--port',
    String(port),
    '--bind',
    HOST,
    '--dir',
    folder,
    '--cluster-enabled',
    'yes',
    ...options,
  ];
  const child = spawn(server, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (output.length < 65_536) output += text;
        if (output.includes('Ready to accept connections')) resolve();
      });
    }
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`the Redis on port ${port} ended with ${code}:\n${output}`)),
    );
  });
  return { port, child };
}

/** Ends them all; those that have ended already are no matter. */
export async function endRedisProcesses(
  processes: readonly RedisProcess[],
  signal: NodeJS.Signals,
): Promise<void> {
  await Promise.all(
    processes.map(
      ({ child }) =>
        new Promise<void>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) resolve();
          child.once('exit', () => resolve());
          child.kill(signal);
        }),
    ),
  );
}

/** What a Redis on this machine answers, as it came. @throws Error where it does not. */
export async function askRedis(port: number, ...args: (string | number)[]): Promise<string> {
  const address = { host: HOST, port, secure: false, user: '', password: '' };
  return (await askOnce(address, ANSWER_PATIENCE_MS, args.map(String))).toString();
}

/**
 * Makes a cluster of Redis nodes that run on this machine: masters with equal shares of the slots, each with as many replicas. Waits until all
 * of them say that it is well. One that exists is left as it is. @throws Error where they do not come together.
 */
export async function formCluster(ports: readonly number[], masters: number): Promise<void> {
  if (!(await isWell(ports))) {
    const ids = await Promise.all(ports.map(async (port) => bulkOf(await askRedis(port, 'CLUSTER', 'MYID'))));
    for (const [i, port] of ports.slice(0, masters).entries()) {
      const [from, to] = [i, i + 1].map((n) => Math.floor((n * SLOT_COUNT) / masters)) as [number, number];
      await askRedis(port, 'CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
    }
    for (const port of ports.slice(1)) await askRedis(ports[0] as number, 'CLUSTER', 'MEET', HOST, port);
    await until(
      'they do not meet',
      async () => await allSay(ports, `cluster_known_nodes:${ports.length}\r\n`),
    );
    for (const [i, port] of ports.slice(masters).entries()) {
      // The replica hears of its master a moment after it has met the first.
      const master = ids[i % masters] as string;
      await until('a replica does not know its master', async () =>
        (await askRedis(port, 'CLUSTER', 'REPLICATE', master)).startsWith('+OK'),
      );
    }
  }
  await until('the cluster is not well', () => isWell(ports));
}

function isWell(ports: readonly number[]): Promise<boolean> {
  return allSay(ports, 'cluster_state:ok\r\n', `cluster_known_nodes:${ports.length}\r\n`);
}

async function allSay(ports: readonly number[], ...lines: string[]): Promise<boolean> {
  const infos = await Promise.all(ports.map((port) => askRedis(port, 'CLUSTER', 'INFO')));
  return infos.every((info) => lines.every((line) => info.includes(line)));
}

async function until(otherwise: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + FORM_PATIENCE_MS; !(await holds()); await delay(POLL_MS)) {
    if (Date.now() > deadline) throw new Error(`the Redis nodes form no cluster: ${otherwise}`);
  }
}

function bulkOf(reply: string): string {
  return reply.split('\r\n')[1] ?? '';
}
