import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import calculateSlot from 'cluster-key-slot';
import { Cluster } from 'ioredis';
import { createClient, createCluster, RESP_TYPES } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { model } from '../support/node.ts';
import { findPythonRedis, findRedisCli } from '../support/tools.ts';

interface Sample {
  readonly measurements: readonly number[];
  readonly probabilities: readonly number[];
}

const irisFile = new URL('../models/iris.onnx', import.meta.url).pathname;
const { samples } = JSON.parse(readFileSync(new URL('../models/iris.json', import.meta.url), 'utf8')) as {
  samples: Sample[];
};
const sample = samples[2] as Sample;
const WRONG_COUNT = 'Number of keys given as INPUTS here does not match model definition';
const CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";

const redisCli = findRedisCli();
const python = findPythonRedis();

let cluster: TestCluster;
let ports: readonly number[];

beforeAll(async () => {
  cluster = await startCluster();
  ports = cluster.ports;
});
afterAll(async () => {
  expect(await cluster.stop()).toBe(0);
});

const portOf = (key: string): number => ports[Math.floor(calculateSlot(key) / 5461)] as number;
const otherPort = (key: string): number => ports.find((port) => port !== portOf(key)) as number;

/** The same steps for each client, its keys together in one slot. */
function commands(tag: string) {
  const key = (name: string) => `${name}{${tag}}`;
  return {
    store: (blob: Buffer) => ['AI.MODELSTORE', key('m'), 'ONNX', 'CPU', 'TAG', 'v1', 'BLOB', blob],
    set: ['AI.TENSORSET', key('in'), 'FLOAT', '1', '4', 'VALUES', ...sample.measurements.map(String)],
    run: ['AI.MODELEXECUTE', key('m'), 'INPUTS', '1', key('in'), 'OUTPUTS', '1', key('out')],
    read: ['AI.TENSORGET', key('out'), 'META', 'VALUES'],
    bad: ['AI.MODELEXECUTE', key('m'), 'INPUTS', '2', key('in'), key('in'), 'OUTPUTS', '1', key('out')],
    crossing: ['AI.MODELEXECUTE', key('m'), 'INPUTS', '1', key('in'), 'OUTPUTS', '1', 'elsewhere'],
    meta: ['AI.MODELGET', key('m'), 'META'],
  };
}

function expectProbabilities(values: unknown): void {
  const numbers = (values as unknown[]).map(Number);
  expect(numbers).toHaveLength(3);
  numbers.forEach((value, i) => {
    expect(value).toBeCloseTo(sample.probabilities[i] as number, 5);
  });
}

const meta = (tag: string, inputs: unknown, outputs: unknown) => [
  ...['backend', 'ONNX', 'device', 'CPU', 'tag', tag],
  ...['batchsize', 0, 'minbatchsize', 0, 'inputs', inputs, 'outputs', outputs, 'minbatchtimeout', 0],
];

describe.each([2, 3] as const)('node-redis over RESP%i', (RESP) => {
  test('a cluster client stores, runs and reads on whichever node has the slot', async () => {
    const client = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${ports[0]}` }], RESP });
    await client.connect();
    for (const tag of ['a', 'b', 'c']) {
      const steps = commands(`node-redis-${RESP}-${tag}`);
      const send = (args: (string | Buffer)[]) => client.sendCommand(args[1] as string, false, args);
      expect(await send(steps.store(model('iris')))).toBe('OK');
      expect(await send(steps.set)).toBe('OK');
      expect(await send(steps.run)).toBe('OK');
      const [, dtype, , shape, , values] = (await send(steps.read)) as unknown as unknown[];
      expect([dtype, shape]).toEqual(['FLOAT', [1, 3]]);
      expect((values as unknown[]).map((value) => typeof value)).toEqual(
        Array(3).fill(RESP === 3 ? 'number' : 'string'),
      );
      expectProbabilities(values);
      expect(await send(steps.meta)).toEqual(meta('v1', ['measurements'], ['probabilities']));
      await expect(send(steps.bad)).rejects.toThrow(new Error(WRONG_COUNT));
      await expect(send(steps.crossing)).rejects.toThrow(new Error(CROSS_SLOT));
    }
    for (let i = 0; i < 30; i++) await client.set(`k${i}`, String(i));
    for (let i = 0; i < 30; i++) expect(await client.get(`k${i}`)).toBe(String(i));
    await client.close();
  });

  test('a blob comes back as the bytes that were sent', async () => {
    const client = createClient({ url: `redis://127.0.0.1:${portOf('blob')}`, RESP });
    await client.connect();
    const blob = Buffer.from([0, 255, 13, 10, 128, 0, 192, 64]);
    await client.sendCommand(['AI.TENSORSET', 'blob', 'UINT8', '8', 'BLOB', blob]);
    const typeMapping = { [RESP_TYPES.BLOB_STRING]: Buffer };
    expect(await client.sendCommand(['AI.TENSORGET', 'blob', 'BLOB'], { typeMapping })).toEqual(blob);
    await client.close();
  });

  test('a plain client on the wrong node is told the right one', async () => {
    const steps = commands('wrong-node');
    const client = createClient({ url: `redis://127.0.0.1:${otherPort('{wrong-node}')}`, RESP });
    await client.connect();
    const moved = `MOVED ${calculateSlot('{wrong-node}')} 127.0.0.1:${portOf('{wrong-node}')}`;
    await expect(client.sendCommand(steps.run)).rejects.toThrow(new Error(moved));
    await client.close();
  });
});

test.each([
  { protocol: 2, replyMapping: 'legacy' },
  { protocol: 3, replyMapping: 'legacy' },
  { protocol: 3, replyMapping: 'resp3' },
] as const)(
  'ioredis, %j: a cluster client stores, runs and reads on whichever node has the slot',
  async (redisOptions) => {
    const client = new Cluster([{ host: '127.0.0.1', port: ports[1] as number }], { redisOptions });
    for (const tag of ['a', 'b', 'c']) {
      const steps = commands(`ioredis-${Object.values(redisOptions).join('-')}-${tag}`);
      const send = ([name, ...args]: (string | Buffer)[]) => client.call(name as string, ...args);
      expect(await send(steps.store(model('iris')))).toBe('OK');
      expect(await send(steps.set)).toBe('OK');
      expect(await send(steps.run)).toBe('OK');
      const [, dtype, , shape, , values] = (await send(steps.read)) as unknown[];
      expect([dtype, shape]).toEqual(['FLOAT', [1, 3]]);
      expect(typeof (values as unknown[])[0]).toBe(
        redisOptions.replyMapping === 'resp3' ? 'number' : 'string',
      );
      expectProbabilities(values);
      expect(await send(steps.meta)).toEqual(meta('v1', ['measurements'], ['probabilities']));
      await expect(send(steps.bad)).rejects.toThrow(WRONG_COUNT);
      await expect(send(steps.crossing)).rejects.toThrow(CROSS_SLOT);
    }
    await client.quit();
  },
);

describe.skipIf(redisCli === undefined)('redis-cli -c', () => {
  const cli = (args: readonly string[], port: number, input?: Buffer) =>
    execFileSync(redisCli as string, ['-c', '--no-raw', '-p', String(port), ...args], {
      encoding: 'utf8',
      ...(input === undefined ? {} : { input }),
    }).trim();

  test.each(['cli-a', 'cli-b', 'cli-c'])('stores, runs and reads from any node (%s)', (tag) => {
    const { store, set, run, read, bad, crossing } = commands(tag);
    for (const port of ports) {
      const withoutBlob = store(Buffer.alloc(0)).slice(0, -1) as string[];
      expect(cli(['-x', ...withoutBlob], port, readFileSync(irisFile))).toBe('OK');
      expect(cli(set, port)).toBe('OK');
      expect(cli(run, port)).toBe('OK');
      const lines = cli(read, port).split('\n');
      expect(lines.slice(0, 5).map((line) => line.trim())).toEqual([
        '1) "dtype"',
        '2) "FLOAT"',
        '3) "shape"',
        '4) 1) (integer) 1',
        '2) (integer) 3',
      ]);
      expectProbabilities(lines.slice(-3).map((line) => /"(.*)"$/.exec(line)?.[1]));
      expect(cli(bad, port)).toBe(`(error) ${WRONG_COUNT}`);
      expect(cli(crossing, port)).toBe(`(error) ${CROSS_SLOT}`);
    }
  });
});

/** Prints one JSON line a step; bytes as text. */
const PYTHON = `
import json, sys
import redis
from redis.cluster import RedisCluster

steps = json.loads(sys.argv[2])
client = RedisCluster(host='127.0.0.1', port=int(sys.argv[1]))

def plain(reply):
    if isinstance(reply, bytes):
        return reply.decode()
    return [plain(item) for item in reply] if isinstance(reply, list) else reply

for step in steps:
    step = [open(arg['file'], 'rb').read() if isinstance(arg, dict) else arg for arg in step]
    try:
        print(json.dumps(plain(client.execute_command(*step))))
    except (redis.exceptions.RedisError, redis.exceptions.RedisClusterException) as error:
        print(json.dumps({'error': str(error), 'type': type(error).__name__}))
client.close()
`;

test.skipIf(python === undefined)('redis-py: a cluster client stores, runs and reads', () => {
  for (const tag of ['py-a', 'py-b', 'py-c']) {
    const { store, set, run, read, meta: get, bad, crossing } = commands(tag);
    const stored = [...store(Buffer.alloc(0)).slice(0, -1), { file: irisFile }];
    const steps = JSON.stringify([stored, set, run, read, get, bad, crossing]);
    const output = execFileSync(python as string, ['-c', PYTHON, String(ports[2]), steps], {
      encoding: 'utf8',
      // It logs the errors that it raises.
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const replies = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(replies.slice(0, 3)).toEqual(['OK', 'OK', 'OK']);
    expect(replies[3].slice(0, 5)).toEqual(['dtype', 'FLOAT', 'shape', [1, 3], 'values']);
    expectProbabilities(replies[3][5]);
    expect(replies[4]).toEqual(meta('v1', ['measurements'], ['probabilities']));
    expect(replies[5]).toEqual({ error: WRONG_COUNT, type: 'ResponseError' });
    // It asks COMMAND GETKEYS and does not even send a command across slots.
    expect(replies[6]).toEqual({
      error: 'AI.MODELEXECUTE - all keys must map to the same key slot',
      type: 'RedisClusterException',
    });
  }
});
