import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Address } from './connection.ts';

export interface ServerSettings {
  readonly cluster: boolean;
  readonly threadsPerQueue: number;
  readonly intraOpParallelism: number;
}

export interface StartedServer {
  /** One of its nodes. */
  readonly address: Address;
  /** Ends it and deletes its data. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');
const SLOTS = ['0-5460', '5461-10922', '10923-16383'];
const START_TIMEOUT_MS = 30_000;
/** A cluster gives its own nodes 5 s. */
const STOP_PATIENCE_MS = 8000;

/** Starts a node, or a cluster of three, with a data folder of its own. @throws Error with its output when it does not start. */
export async function startServer(settings: ServerSettings): Promise<StartedServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tessera-bench-'));
  const child = spawn(process.execPath, [MAIN, ...(await serverArguments(settings, folder))], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    await endProcess(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { address: { host: HOST, port: await startedPort(child, settings.cluster) }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export interface StartedNode extends StartedServer {
  readonly pid: number;
  /** From the moment that the process was asked for. */
  readonly startedAt: number;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** Starts one node on a data folder that is kept. @throws Error with its output when it does not start. */
export async function startNodeOn(folder: string): Promise<StartedNode> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--data', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const port = await startedPort(child, false);
  return {
    address: { host: HOST, port },
    pid: child.pid as number,
    startedAt,
    stop: () => endProcess(child),
    kill: () => endProcess(child, 'SIGKILL'),
  };
}

async function serverArguments(settings: ServerSettings, folder: string): Promise<string[]> {
  const { cluster, threadsPerQueue, intraOpParallelism } = settings;
  if (!cluster) {
    const devices = ['--threads-per-queue', threadsPerQueue, '--intra-op-parallelism', intraOpParallelism];
    return ['serve', '--port', '0', '--data', folder, ...devices.map(String)];
  }
  const ports = await freePorts(SLOTS.length);
  const nodes = ports.map((port, i) => ({ name: `node-${i + 1}`, host: HOST, port, slots: [SLOTS[i]] }));
  const config = path.join(folder, 'cluster.config.json');
  const devices = { threadsPerQueue, intraOpParallelism };
  writeFileSync(config, JSON.stringify({ engine: 'embedded', nodes, devices }));
  return ['start', '--config', config, '--data', folder];
}

/** Waits until it says that it listens; of a cluster, until all of it is ready. */
function startedPort(child: ChildProcess, cluster: boolean): Promise<number> {
  const ready = cluster ? /ready: \d+ nodes, try redis-cli -c -p (\d+)/ : /listening on \S+:(\d+)/;
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (reason: string) => {
      clearTimeout(patience);
      reject(new Error(`the server did not start: ${reason}\n${output}`));
    };
    const patience = setTimeout(() => fail(`not ready after ${START_TIMEOUT_MS / 1000} s`), START_TIMEOUT_MS);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => fail(`it ended with ${signal ?? `exit code ${code}`}`));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        // Once it runs, its output is read only so that it never blocks on a full pipe.
        if (output.length < 65_536) output += text;
        const port = ready.exec(output)?.[1];
        if (port === undefined) return;
        clearTimeout(patience);
        resolve(Number(port));
      });
    }
  });
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
  await ended;
  clearTimeout(force);
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer().listen(0, HOST);
      await new Promise((resolve) => server.once('listening', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
