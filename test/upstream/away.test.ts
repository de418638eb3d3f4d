import pino from 'pino';
import { createClient } from 'redis';
import { afterEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { outgoingContext } from '../../src/protocol/tls-options.ts';
import { parseUpstream, type UpstreamAddress } from '../../src/upstream/upstream-address.ts';
import { Authority, noOpenssl } from '../access/certificates.ts';
import { startNode } from '../support/node.ts';
import { freePort, noRedis, type RedisServer, startRedisOn } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function nodeBefore(address: UpstreamAddress): Promise<{ node: TesseraNode; lines: string[] }> {
  const lines: string[] = [];
  const log = pino(
    { level: 'info' },
    { write: (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const node = await startNode({}, 0, { redis: { address }, log });
  ends.push(() => node.close());
  return { node, lines };
}

async function connect(node: TesseraNode): Promise<RespClient> {
  const client = await RespClient.connect(node.port);
  ends.push(() => client.close());
  return client;
}

async function redisOn(port: number, ...options: string[]): Promise<RedisServer> {
  const redis = await startRedisOn(port, ...options);
  let isUp = true;
  const stop = async () => {
    if (isUp) await redis.stop();
    isUp = false;
  };
  ends.push(stop);
  return { port, stop };
}

const info = async (client: RespClient, ...sections: string[]) =>
  Object.fromEntries(
    String(await client.send('INFO', ...sections))
      .split('\r\n')
      .filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );

const until = (node: TesseraNode, isThere: boolean) =>
  expect.poll(() => node.context.upstream?.isThere, { timeout: 10_000, interval: 10 }).toBe(isThere);

describe.skipIf(noRedis !== undefined)('a node whose Redis is away', () => {
  test('starts, says which side is down, and serves when it has come', async () => {
    const port = await freePort();
    const { node, lines } = await nodeBefore(parseUpstream(`127.0.0.1:${port}`));
    const waiting = await connect(node);
    expect(await waiting.send('PING')).toBe('PONG');
    expect(await waiting.error('GET', 'k')).toBe('CLUSTERDOWN The Redis that has the keys cannot be reached');
    expect(await info(waiting)).toMatchObject({
      tessera_engine: 'redis',
      upstream_address: `127.0.0.1:${port}`,
      upstream_status: 'down',
      upstream_losses: '1',
    });
    await redisOn(port);
    await until(node, true);
    const client = await connect(node);
    expect(await client.send('AI.TENSORSET', 't', 'FLOAT', 1, 'VALUES', 3)).toBe('OK');
    expect(await info(client)).toMatchObject({ upstream_status: 'up', upstream_losses: '1' });
    expect(lines.filter((line) => line.includes('Redis'))).toEqual([
      expect.stringMatching(`^the Redis at 127.0.0.1:${port} is away: .* cannot be used`),
      expect.stringMatching(`^the Redis at 127.0.0.1:${port} is back after [0-9.]+ s$`),
    ]);
  });

  test('tells of its models in INFO beside what Redis tells, in both protocols', async () => {
    const redis = await redisOn(await freePort());
    const { node } = await nodeBefore(parseUpstream(`127.0.0.1:${redis.port}`));
    const client = await connect(node);
    const all = await info(client, 'everything');
    expect(all).toMatchObject({ redis_mode: 'standalone', tcp_port: String(redis.port), ai_runs: '0' });
    expect(await info(client, 'tessera')).toMatchObject({ tessera_node: 'test', upstream_status: 'up' });
    expect(await info(client, 'server')).not.toHaveProperty('upstream_status');
    const verbatim = createClient({ RESP: 3, socket: { port: node.port, host: '127.0.0.1' } });
    await verbatim.connect();
    expect(await verbatim.info()).toMatch(/role:master\r\n.*\r\n\r\n# Tessera\r\n.*upstream_status:up\r\n/s);
    verbatim.destroy();
    await client.send('MULTI');
    expect(await client.send('INFO')).toBe('QUEUED');
    await client.send('DISCARD');
    await redis.stop();
    await until(node, false);
    expect(await info(await connect(node), 'tessera')).toMatchObject({
      upstream_status: 'down',
      upstream_losses: '1',
    });
  });

  test('does not start before one that is too old to ask', async () => {
    const port = await freePort();
    await redisOn(port, '--rename-command', 'EVAL_RO', '');
    await expect(nodeBefore(parseUpstream(`127.0.0.1:${port}`))).rejects.toThrow('has no EVAL_RO');
  });
});

describe.skipIf(noRedis !== undefined || noOpenssl !== undefined)('a node before a Redis with TLS', () => {
  test('shows its certificate, and trusts the authority that it was given alone', async () => {
    const [authority, other] = [new Authority(), new Authority()];
    const [server, own] = [authority.issue('redis'), authority.issue('node')];
    const port = await freePort();
    await redisOn(
      0,
      ...['--tls-port', String(port), '--tls-cert-file', server.certFile, '--tls-key-file', server.keyFile],
      ...['--tls-ca-cert-file', authority.certFile],
    );
    const address = parseUpstream(`rediss://127.0.0.1:${port}`);
    const trusting = (caCertFile: string) => ({
      ...address,
      secureContext: outgoingContext({ ...own, caCertFile }),
    });
    const { node } = await nodeBefore(trusting(authority.certFile));
    const client = await connect(node);
    expect(await client.send('AI.TENSORSET', 't', 'FLOAT', 2, 'VALUES', 1, 2)).toBe('OK');
    expect(await client.send('AI.TENSORGET', 't', 'VALUES')).toEqual(['1', '2']);
    const { node: wary } = await nodeBefore(trusting(other.certFile));
    expect(wary.context.upstream?.isThere).toBe(false);
  });
});
