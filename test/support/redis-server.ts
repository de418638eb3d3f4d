import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface RedisServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Why the real Redis cannot be compared with here; undefined where it can. */
export const noRedis = whyNoRedis();

function whyNoRedis(): string | undefined {
  try {
    const version = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
    return version.includes(' v=7.0.') ? undefined : `redis-server is not 7.0: ${version.trim()}`;
  } catch {
    return 'no redis-server on PATH';
  }
}

/** Starts an empty Redis of its own, without files, on a port that the system chose. */
export async function startRedis(...options: string[]): Promise<RedisServer> {
  return startRedisOn(await freePort(), ...options);
}

/** Starts an empty Redis of its own, without files. */
export async function startRedisOn(port: number, ...options: string[]): Promise<RedisServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tessera-redis-'));
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...options];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
      if (output.includes('Ready to accept connections')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${output}`)));
  });
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
