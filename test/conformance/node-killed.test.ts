import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { model } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { tagOn } from '../support/slots.ts';
import { findPythonRedis } from '../support/tools.ts';

const python = findPythonRedis();
/** For all clients to be served again; a node is back in about a second. */
const PATIENCE = { timeout: 30_000, interval: 50 };
const VICTIM = 1;

/** A line in is a command, `key` and its words; a line out is its reply or the name of its error. */
const PYTHON = `
import json, sys
from redis.cluster import RedisCluster

client = RedisCluster(host='127.0.0.1', port=int(sys.argv[1]))
print('"connected"', flush=True)
for line in sys.stdin:
    step = [bytes(arg, 'latin1') for arg in json.loads(line)]
    try:
        reply = client.execute_command(step[0].decode(), *step[1:])
    except Exception as error:
        reply = {'error': type(error).__name__}
    print(json.dumps(reply.decode('latin1') if isinstance(reply, bytes) else reply), flush=True)
client.close()
`;

/** What each client does, in its own words. */
interface Driver {
  send(key: string, ...args: (string | Buffer)[]): Promise<unknown>;
  close(): Promise<unknown>;
}

let cluster: TestCluster;
const drivers: Record<string, Driver> = {};

async function nodeRedis(RESP: 2 | 3): Promise<Driver> {
  const client = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${cluster.ports[0]}` }], RESP });
  // An error without a listener ends the process: that is how the client tells of a lost connection.
  client.on('error', () => {});
  await client.connect();
  return {
    send: (key, ...args) => client.sendCommand(key, false, args),
    close: () => client.close(),
  };
}

async function ioredis(protocol: 2 | 3): Promise<Driver> {
  const client = new Cluster([{ host: '127.0.0.1', port: cluster.ports[0] as number }], {
    redisOptions: { protocol },
  });
  client.on('error', () => {});
  return {
    send: (_, name, ...args) => client.call(name as string, ...args),
    close: () => client.quit(),
  };
}

/** redis-py in a process of its own. */
async function redisPy(command: string): Promise<Driver> {
  const child = spawn(command, ['-c', PYTHON, String(cluster.ports[0])], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value ?? '{"error":"it has ended"}');
  expect(await next()).toBe('connected');
  return {
    async send(_, ...args) {
      const words = args.map((arg) => Buffer.from(arg as string).toString('latin1'));
      child.stdin.write(`${JSON.stringify(words)}\n`);
      const reply = await next();
      // It answers some commands with True.
      if (reply?.error !== undefined) throw new Error(reply.error);
      return reply === true ? 'OK' : reply;
    },
    async close() {
      const exited = once(child, 'exit');
      child.stdin.end();
      expect(await exited).toEqual([0, null]);
    },
  };
}

/** Kills a node and waits until it is gone. */
async function kill(port: number): Promise<void> {
  const client = await RespClient.connect(port);
  const info = String(await client.send('INFO', 'SERVER'));
  const closed = once(client.socket, 'close');
  process.kill(Number(/process_id:(\d+)/.exec(info)?.[1]), 'SIGKILL');
  await closed;
}

beforeAll(async () => {
  cluster = await startCluster();
  drivers['node-redis, RESP2'] = await nodeRedis(2);
  drivers['node-redis, RESP3'] = await nodeRedis(3);
  drivers['ioredis, RESP2'] = await ioredis(2);
  drivers['ioredis, RESP3'] = await ioredis(3);
  if (python !== undefined) drivers['redis-py'] = await redisPy(python);
});
afterAll(async () => {
  for (const driver of Object.values(drivers)) await driver.close();
  expect(await cluster.stop()).toBe(0);
});

test('kill -9 of a node: every client goes on with the others at once and with that one once it is back', async () => {
  const lost = tagOn(VICTIM);
  const kept = tagOn(0);
  for (const driver of Object.values(drivers)) {
    expect(await driver.send(lost, 'SET', lost, 'v')).toBe('OK');
    expect(await driver.send(kept, 'SET', kept, 'v')).toBe('OK');
  }
  await kill(cluster.ports[VICTIM] as number);
  for (const driver of Object.values(drivers)) expect(await driver.send(kept, 'GET', kept)).toBe('v');
  await Promise.all(
    Object.entries(drivers).map(async ([name, driver]) => {
      const key = `${name}{${lost}}`;
      await vi.waitFor(
        async () => expect([name, await driver.send(key, 'SET', key, name)]).toEqual([name, 'OK']),
        PATIENCE,
      );
      const store = ['AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB', model('mul')] as const;
      expect(await driver.send(key, 'DEL', key)).toBe(1);
      expect(await driver.send(key, ...store)).toBe('OK');
      const a = `${name}:a{${lost}}`;
      expect(await driver.send(a, 'AI.TENSORSET', a, 'FLOAT', '1', '2', 'VALUES', '3', '4')).toBe('OK');
      expect(await driver.send(key, 'AI.MODELEXECUTE', key, 'INPUTS', '2', a, a, 'OUTPUTS', '1', a)).toBe(
        'OK',
      );
      // What it had acknowledged is there.
      expect(await driver.send(lost, 'GET', lost)).toBe('v');
    }),
  );
});
