import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { crc64 } from '../../src/keyspace/dump/crc64.ts';
import { parseDump } from '../../src/keyspace/dump/dump.ts';
import type { TesseraNode } from '../../src/node.ts';
import { freePorts } from '../support/cluster.ts';
import { model, startNode } from '../support/node.ts';
import { floats, RespClient } from '../support/resp-client.ts';

let node: TesseraNode;
let other: TesseraNode;
let client: RespClient;
let there: RespClient;

beforeEach(async () => {
  [node, other] = await Promise.all([startNode(), startNode()]);
  [client, there] = await Promise.all([RespClient.connect(node.port), RespClient.connect(other.port)]);
});

afterEach(async () => {
  client.close();
  there.close();
  await Promise.all([node.close(), other.close()]);
});

/** DUMP as bytes: a payload that happens to be text must not become a string. */
async function dump(from: RespClient, key: string): Promise<Buffer> {
  return Buffer.from((await from.send('DUMP', key)) as Buffer | string);
}

/** A value of each type, with what reads it back. */
const values: [string, (string | number | Uint8Array)[][], (string | number)[]][] = [
  ['a string', [['SET', 'k', 'value']], ['GET', 'k']],
  ['an integer', [['SET', 'k', 12345]], ['GET', 'k']],
  ['a long string', [['SET', 'k', 'abc'.repeat(20_000)]], ['GET', 'k']],
  ['an empty string', [['SET', 'k', '']], ['GET', 'k']],
  ['a tensor', [['AI.TENSORSET', 'k', 'FLOAT', 2, 2, 'BLOB', floats(1, 2, 3, 4)]], ['AI.TENSORGET', 'k']],
  [
    'a large tensor',
    [['AI.TENSORSET', 'k', 'UINT8', 100_001, 'BLOB', randomBytes(100_001)]],
    ['AI.TENSORGET', 'k'],
  ],
  [
    'a tensor of strings',
    [['AI.TENSORSET', 'k', 'STRING', 2, 'VALUES', 'one', 'two']],
    ['AI.TENSORGET', 'k'],
  ],
  [
    'a model',
    [
      ['AI.MODELSTORE', 'k', 'ONNX', 'CPU', 'TAG', 't', 'BATCHSIZE', 4, 'MINBATCHSIZE', 2]
        .concat(['MINBATCHTIMEOUT', 10, 'BLOB'])
        .concat([model('mul') as never]),
    ],
    ['AI.MODELGET', 'k'],
  ],
  [
    'a script',
    [
      ['AI.SCRIPTSTORE', 'k', 'CPU', 'TAG', 't', 'ENTRY_POINTS', 1, 'f', 'SOURCE'].concat([
        'def f(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[0]\n',
      ]),
    ],
    ['AI.SCRIPTGET', 'k'],
  ],
];

describe('DUMP and RESTORE', () => {
  test.each(values)('%s comes back as it was, on another node too', async (_, make, read) => {
    for (const command of make) await client.send(...command);
    const before = await client.send(...read);
    const payload = await dump(client, 'k');
    expect(await there.send('RESTORE', 'k', 0, payload)).toBe('OK');
    expect(await there.send(...read)).toEqual(before);
    expect(await there.send('TYPE', 'k')).toBe(await client.send('TYPE', 'k'));
    expect(await client.error('RESTORE', 'k', 0, payload)).toBe('BUSYKEY Target key name already exists.');
    expect(await client.send('RESTORE', 'k', 0, payload, 'REPLACE')).toBe('OK');
    expect(await client.send(...read)).toEqual(before);
  });

  test('a restored model runs', async () => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    expect(await there.send('RESTORE', 'm', 0, await dump(client, 'm'))).toBe('OK');
    await there.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 2, 3);
    expect(await there.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'x', 'x', 'OUTPUTS', 1, 'y')).toBe('OK');
    expect(await there.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['4', '9']);
  });

  test('times to live, and a time that has passed', async () => {
    await client.send('SET', 'k', 'v');
    const payload = await dump(client, 'k');
    await client.send('RESTORE', 'a', 100_000, payload);
    expect(await client.send('PTTL', 'a')).toBeGreaterThan(90_000);
    await client.send('RESTORE', 'b', Date.now() + 100_000, payload, 'ABSTTL');
    expect(await client.send('PTTL', 'b')).toBeGreaterThan(90_000);
    expect(await client.send('RESTORE', 'c', 1, payload, 'ABSTTL')).toBe('OK');
    expect(await client.send('EXISTS', 'c')).toBe(0);
    expect(await client.send('DUMP', 'none')).toBe(null);
  });

  test('bad arguments and payloads are refused', async () => {
    await client.send('SET', 'k', 'v');
    const payload = await dump(client, 'k');
    const errorOf = (...args: (string | number | Uint8Array)[]) => client.error('RESTORE', 'n', ...args);
    expect(await errorOf(-1, payload)).toBe('ERR Invalid TTL value, must be >= 0');
    expect(await errorOf('x', payload)).toBe('ERR value is not an integer or out of range');
    expect(await errorOf(0, payload, 'WHAT')).toBe('ERR syntax error');
    expect(await errorOf(0, payload, 'FREQ', 256)).toBe('ERR Invalid FREQ value, must be >= 0 and <= 255');
    expect(await errorOf(0, payload, 'IDLETIME', -1)).toBe('ERR Invalid IDLETIME value, must be >= 0');
    for (let at = 0; at < payload.length; at++) {
      const damaged = Buffer.from(payload);
      damaged[at] = (damaged[at] as number) ^ 1;
      expect(await errorOf(0, damaged)).toBe('ERR DUMP payload version or checksum are wrong');
    }
    expect(await errorOf(0, payload.subarray(0, 9))).toBe('ERR DUMP payload version or checksum are wrong');
  });

  test("the checksum is Redis's", () => {
    expect(crc64([Buffer.from('123456789')])).toBe(0xe9c6d914c4b8d9can);
    const bytes = randomBytes(1000);
    expect(crc64([bytes.subarray(0, 333), bytes.subarray(333)])).toBe(crc64([bytes]));
  });

  test('any bytes with a right checksum are a value or refused, never a failure', async () => {
    const seeds: Buffer[] = [];
    for (const [, make] of values) {
      await client.send('DEL', 'k');
      for (const command of make) await client.send(...command);
      seeds.push((await dump(client, 'k')).subarray(0, -10).subarray(0, 2000));
    }
    const seal = (content: Buffer) => {
      const body = Buffer.concat([content, Buffer.from([10, 0])]);
      const checksum = Buffer.alloc(8);
      checksum.writeBigUInt64LE(crc64([body]));
      return Buffer.concat([body, checksum]);
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        (seed, changes) => {
          const content = Buffer.from(seed);
          for (const [at, value] of changes) content[at % content.length] = value;
          parseDump(seal(content));
        },
      ),
      { numRuns: 2000, seed: 1 },
    );
    fc.assert(
      fc.property(fc.nat(20), fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
        parseDump(seal(Buffer.concat([Buffer.from([type]), bytes])));
      }),
      { numRuns: 5000, seed: 1 },
    );
  });
});

describe('MIGRATE', () => {
  test('moves keys with their times to live; NOKEY when there are none', async () => {
    await client.send('AI.TENSORSET', 't', 'FLOAT', 2, 'VALUES', 1, 2);
    await client.send('SET', 's', 'v', 'PX', 100_000);
    const target = ['MIGRATE', '127.0.0.1', other.port, '', 0, 5000] as const;
    expect(await client.send(...target, 'KEYS', 't', 's', 'none')).toBe('OK');
    expect(await client.send('DBSIZE')).toBe(0);
    expect(await there.send('AI.TENSORGET', 't', 'VALUES')).toEqual(['1', '2']);
    expect(await there.send('PTTL', 's')).toBeGreaterThan(90_000);
    expect(await client.send(...target, 'KEYS', 't')).toBe('NOKEY');
  });

  test('a busy target key is kept, unless REPLACE; COPY leaves the source', async () => {
    await client.send('SET', 'k', 'here');
    await there.send('SET', 'k', 'there');
    const move = ['MIGRATE', '127.0.0.1', other.port, 'k', 0, 5000] as const;
    expect(await client.error(...move)).toBe(
      'ERR Target instance replied with error: BUSYKEY Target key name already exists.',
    );
    expect(await client.send('GET', 'k')).toBe('here');
    expect(await there.send('GET', 'k')).toBe('there');
    expect(await client.send(...move, 'COPY', 'REPLACE')).toBe('OK');
    expect(await client.send('GET', 'k')).toBe('here');
    expect(await there.send('GET', 'k')).toBe('here');
  });

  test('a target that is not there is an error, and nothing is lost', async () => {
    const [port] = await freePorts(1);
    await client.send('SET', 'k', 'v');
    expect(await client.error('MIGRATE', '127.0.0.1', port as number, 'k', 0, 500)).toBe(
      'IOERR error or timeout connecting to the client',
    );
    expect(await client.send('GET', 'k')).toBe('v');
    expect(await client.error('MIGRATE', '127.0.0.1', other.port, 'k', 0, 500, 'KEYS', 'k')).toBe(
      'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
    );
  });

  test('a large tensor arrives as it was', async () => {
    const bytes = randomBytes(5_000_000);
    await client.send('AI.TENSORSET', 't', 'UINT8', bytes.length, 'BLOB', bytes);
    expect(await client.send('MIGRATE', '127.0.0.1', other.port, 't', 0, 10_000)).toBe('OK');
    expect(bytes.equals(Buffer.from((await there.send('AI.TENSORGET', 't', 'BLOB')) as Buffer))).toBe(true);
  });
});

const hasRedis = (() => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('redis-server is not on PATH: payloads are not exchanged with a real Redis');
    return false;
  }
})();

describe.skipIf(!hasRedis)('payloads of and for a real Redis', () => {
  let redis: RespClient;
  let stop: () => void;

  beforeAll(async () => {
    const [port] = (await freePorts(1)) as [number];
    const child = spawn('redis-server', ['--port', String(port), '--save', ''], { stdio: 'pipe' });
    stop = () => child.kill('SIGTERM');
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (data) => /Ready to accept/.test(String(data)) && resolve());
    });
    redis = await RespClient.connect(port);
  });
  afterAll(() => {
    redis.close();
    stop();
  });

  const many = Array.from({ length: 1000 }, (_, i) => `element-${i}`);
  const natives: [string, (string | number)[], (string | number)[]][] = [
    ['a string', ['SET', 'k', 'value'], ['GET', 'k']],
    ['a number', ['SET', 'k', 123], ['GET', 'k']],
    ['a compressible string', ['SET', 'k', 'ab'.repeat(5000)], ['GET', 'k']],
    [
      'a small list',
      ['RPUSH', 'k', 'a', 1, -5, 300, 70000, '9223372036854775807', 'b'],
      ['LRANGE', 'k', 0, -1],
    ],
    ['a large list', ['RPUSH', 'k', ...many, 'x'.repeat(10_000)], ['LRANGE', 'k', 0, -1]],
    ['a small hash', ['HSET', 'k', 'f', 'v', 'g', 12], ['HGETALL', 'k']],
    ['a large hash', ['HSET', 'k', ...many], ['HGETALL', 'k']],
    ['a set of numbers', ['SADD', 'k', 1, 2, 300000], ['SMEMBERS', 'k']],
    ['a set', ['SADD', 'k', ...many], ['SMEMBERS', 'k']],
    [
      'a small sorted set',
      ['ZADD', 'k', 1.5, 'a', '-inf', 'b', 'inf', 'c'],
      ['ZRANGE', 'k', 0, -1, 'WITHSCORES'],
    ],
    [
      'a large sorted set',
      ['ZADD', 'k', ...many.flatMap((m, i) => [i / 7, m])],
      ['ZRANGE', 'k', 0, -1, 'WITHSCORES'],
    ],
  ];
  const sorted = (reply: unknown) => (Array.isArray(reply) ? [...reply].map(String).sort() : reply);

  test.each(natives)('%s is read from Redis, and Redis reads it from here', async (_, make, read) => {
    await redis.send('FLUSHALL');
    await redis.send(...make);
    const payload = await dump(redis, 'k');
    expect(await client.send('RESTORE', 'k', 0, payload)).toBe('OK');
    const back = await dump(client, 'k');
    const before = await redis.send(...read);
    expect(await redis.send('RESTORE', 'k', 0, back, 'REPLACE')).toBe('OK');
    expect(sorted(await redis.send(...read))).toEqual(sorted(before));
  });

  test('Redis refuses a tensor', async () => {
    await client.send('AI.TENSORSET', 't', 'FLOAT', 1);
    expect(await redis.error('RESTORE', 't', 0, await dump(client, 't'))).toBe('ERR Bad data format');
  });
});
