import { spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { temporaryFolder } from './nodes.ts';

export interface Served {
  /** All that it printed so far. */
  output(): string;
  /** Ends it as a user would and gives the exit code. */
  stop(): Promise<number | null>;
}

const main = path.join(import.meta.dirname, '../../src/main.ts');

/**
 * Runs the program with those arguments until it prints `ready`.
 * @throws Error with its output when it ends before.
 */
export async function run(
  args: readonly string[],
  ready: RegExp,
  env: NodeJS.ProcessEnv = {},
): Promise<Served> {
  const child = spawn(process.execPath, [main, ...args, '--data', temporaryFolder()], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data;
        if (ready.test(output)) resolve();
      });
    }
    child.once('close', (code) => reject(new Error(`ended with ${code}: ${output}`)));
  });
  return {
    output: () => output,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', (code) => resolve(code));
        child.kill('SIGINT');
      }),
  };
}

/** Ports that were free a moment ago. */
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
