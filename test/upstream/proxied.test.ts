import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { parseUpstream } from '../../src/upstream/upstream-address.ts';
import { model, startNode } from '../support/node.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { floats, RespClient } from '../support/resp-client.ts';

describe.skipIf(noRedis !== undefined)('a client of a node before a Redis', () => {
  let redis: RedisServer;
  let node: TesseraNode;
  const clients: RespClient[] = [];
  const connect = async (port = node.port) => {
    const client = await RespClient.connect(port);
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    redis = await startRedis();
    node = await startNode({}, 0, { redis: { address: parseUpstream(`127.0.0.1:${redis.port}`) } });
  });
  afterAll(async () => {
    await node.close();
    await redis.stop();
  });
  beforeEach(async () => {
    await (await connect()).send('FLUSHALL');
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  /** Sends bytes, ends, and gives all that comes until the other side closes. */
  const exchange = (bytes: string | Buffer): Promise<string> =>
    new Promise((resolve, reject) => {
      let all = '';
      const socket = net.connect(node.port, '127.0.0.1', () => socket.end(bytes));
      socket.on('data', (data) => (all += data.toString('latin1')));
      socket.on('error', reject);
      socket.on('close', () => resolve(all));
    });

  test('has answers in the order of its commands, AI or not, and gets them when it has hung up', async () => {
    const lines = [
      ...['SET k v', 'AI.TENSORSET t FLOAT 1 VALUES 1', 'GET k', 'AI.TENSORGET t VALUES', 'PING', 'AI.NOPE'],
      ...[
        'AI.CONFIG GET MODEL_CHUNK_SIZE',
        'INCR n',
        'AI.TENSORGET none VALUES',
        'DEL t',
        'AI.TENSORGET t VALUES',
        'GET k',
      ],
    ];
    expect((await exchange(lines.map((line) => `${line}\r\n`).join(''))).split('\r\n')).toEqual([
      ...[
        '+OK',
        '+OK',
        '$1',
        'v',
        '*1',
        '$1',
        '1',
        '+PONG',
        expect.stringMatching(/^-ERR unknown command 'AI.NOPE'/),
      ],
      ...[':535822336', ':1', '-ERR tensor key is empty or in a different shard', ':1'],
      ...['-ERR tensor key is empty or in a different shard', '$1', 'v', ''],
    ]);
  });

  test('has native types, Lua, streams, blocking commands and transactions of Redis itself', async () => {
    const client = await connect();
    expect(await client.send('XADD', 's', '1-1', 'f', 'v')).toBe('1-1');
    expect(await client.send('EVAL', "return redis.call('XLEN', KEYS[1])", 1, 's')).toBe(1);
    const waiting = client.send('BLPOP', 'l', 5);
    await (await connect()).send('RPUSH', 'l', 'v');
    expect(await waiting).toEqual(['l', 'v']);
    await client.send('MULTI');
    expect(String(await client.send('AI.TENSORSET', 't', 'FLOAT', 1, 'VALUES', 2))).toBe('QUEUED');
    expect(String(await client.send('SET', 'k', 'v'))).toBe('QUEUED');
    expect(String(await client.send('AI.TENSORGET', 't', 'VALUES'))).toBe('QUEUED');
    expect(String(await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 't', 'OUTPUTS', 1, 'o'))).toBe(
      'QUEUED',
    );
    const replies = (await client.send('EXEC')) as unknown[];
    expect(replies.slice(0, 3).map(String)).toEqual(['OK', 'OK', '2']);
    expect(String(replies[3])).toContain('Cannot run RedisAI command within a transaction');
  });

  test('is served by node-redis with messages in RESP2 and RESP3', async () => {
    for (const RESP of [2, 3] as const) {
      const client = createClient({ url: `redis://127.0.0.1:${node.port}`, RESP });
      const subscriber = client.duplicate();
      await Promise.all([client.connect(), subscriber.connect()]);
      const message = new Promise((resolve) => void subscriber.subscribe('channel', resolve));
      while ((await client.publish('channel', 'hello')) === 0) await delay(10);
      expect(await message).toBe('hello');
      await subscriber.unsubscribe('channel');
      expect(await client.sendCommand(['AI.TENSORSET', 't', 'INT32', '2', 'VALUES', '1', '2'])).toBe('OK');
      expect(await client.sendCommand(['AI.TENSORGET', 't', 'VALUES'])).toEqual([1, 2]);
      await Promise.all([client.close(), subscriber.close()]);
    }
  });

  test('waits for its run, and for no read before it', async () => {
    const client = await connect();
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    for (let round = 0; round < 50; round++) {
      await client.send('AI.TENSORSET', 'in', 'FLOAT', 1, 2, 'VALUES', round, 1);
      const run = ['AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'in', 'in', 'OUTPUTS', 1, 'out'];
      const replies = await Promise.all([
        client.send('AI.TENSORGET', 'in', 'VALUES'),
        client.send(...(run as [string])),
        client.send('AI.TENSORGET', 'out', 'VALUES'),
        client.send('DEL', 'out'),
        client.send('AI.TENSORGET', 'out', 'VALUES'),
      ]);
      expect(replies.slice(0, 4).map(String)).toEqual([`${round},1`, 'OK', `${round * round},1`, '1']);
      expect(String(replies[4])).toContain('tensor key is empty');
    }
  });

  test('has no replies while it wants none', async () => {
    expect(
      await exchange(
        'PING\r\nCLIENT REPLY OFF\r\nSET a 1\r\nAI.TENSORSET t FLOAT 1\r\nGET a\r\nCLIENT REPLY ON\r\nAI.TENSORGET t VALUES\r\nGET a\r\n',
      ),
    ).toBe('+PONG\r\n+OK\r\n*1\r\n$1\r\n0\r\n$1\r\n1\r\n');
  });

  test('has no reply to the one command that it wants none of', async () => {
    const lines = [
      ...[
        'CLIENT REPLY SKIP',
        'GET a',
        'PING 1',
        'CLIENT REPLY SKIP',
        'AI.TENSORSET t INT32 1 VALUES 7',
        'PING 2',
      ],
      ...[
        'CLIENT REPLY SKIP',
        'AI.MODELDEL none',
        'AI.TENSORGET t VALUES',
        'CLIENT REPLY SKIP',
        'CLIENT REPLY SKIP',
      ],
      ...[
        'AI.TENSORGET t',
        'PING 3',
        'CLIENT REPLY SKIP',
        'CLIENT REPLY ON',
        'CLIENT REPLY SKIP',
        'CLIENT REPLY OFF',
      ],
      ...['PING 4', 'CLIENT REPLY SKIP', 'PING 5', 'CLIENT REPLY ON', 'CLIENT REPLY NOPE', 'CLIENT REPLY'],
    ];
    expect((await exchange(lines.map((line) => `${line}\r\n`).join(''))).split('\r\n')).toEqual([
      ...['$1', '1', '$1', '2', '*1', ':7', '$1', '3', '+OK', '+OK', '-ERR syntax error'],
      ...["-ERR wrong number of arguments for 'client|reply' command", ''],
    ]);
  });

  test('has large tensors and models, which are kept at hand', async () => {
    const client = await connect();
    const blob = Buffer.alloc(4_000_000);
    for (let i = 0; i < 1_000_000; i++) blob.writeFloatLE(i, 4 * i);
    expect(String(await client.send('AI.TENSORSET', 'big', 'FLOAT', 1000, 1000, 'BLOB', blob))).toBe('OK');
    for (let i = 0; i < 3; i++) {
      expect(((await client.send('AI.TENSORGET', 'big', 'BLOB')) as Buffer).equals(blob)).toBe(true);
    }
    await client.send('RENAME', 'big', 'other');
    expect(((await client.send('AI.TENSORGET', 'other', 'BLOB')) as Buffer).equals(blob)).toBe(true);
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('AI.TENSORSET', 'in', 'FLOAT', 1, 2, 'BLOB', floats(3, 4));
    const calls = Array.from({ length: 20 }, (_, i) =>
      client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'in', 'in', 'OUTPUTS', 1, `out${i}`),
    );
    expect((await Promise.all(calls)).map(String)).toEqual(calls.map(() => 'OK'));
    expect(await client.send('AI.TENSORGET', 'out19', 'VALUES')).toEqual(['9', '16']);
  });

  test('cannot change a part of a tensor, but of a string as ever', async () => {
    const client = await connect();
    await client.send('AI.TENSORSET', 't', 'INT8', 2, 'VALUES', 1, 2);
    const harms = [
      ['APPEND', 't', 'x'],
      ['SETRANGE', 't', 25, 'x'],
      ['SETBIT', 't', 300, 1],
      ['BITFIELD', 't', 'SET', 'u8', 200, 1],
    ];
    const replies = await Promise.all([
      ...harms.map((command) => client.error(...(command as [string]))),
      client.send('AI.TENSORGET', 't', 'VALUES'),
    ]);
    const wrongType = 'WRONGTYPE Operation against a key holding the wrong kind of value';
    expect(replies).toEqual([...harms.map(() => wrongType), [1, 2]]);
    const others = await Promise.all([
      client.send('APPEND', 's', 'ab'),
      client.send('APPEND', 's', 'c'),
      client.send('SETRANGE', 's', 1, 'x'),
      client.send('GET', 's'),
      client.send('SETBIT', 'bits', 7, 1),
      client.send('BITFIELD', 'bits', 'GET', 'u8', 0),
      client.send('APPEND', 's'),
      // What it was when it was looked at it need not be any more.
      client.send('AI.TENSORSET', 's', 'INT8', 1, 'VALUES', 3),
      client.send('APPEND', 's', 'x'),
      client.send('AI.TENSORGET', 's', 'VALUES'),
    ]);
    expect(others.map(String)).toEqual([
      ...['2', '3', '3', 'axc', '0', '1', "ReplyError: ERR wrong number of arguments for 'append' command"],
      ...['OK', `ReplyError: ${wrongType}`, '3'],
    ]);
    expect(
      await exchange('CLIENT REPLY OFF\r\nAPPEND t x\r\nAPPEND u x\r\nCLIENT REPLY ON\r\nGET u\r\n'),
    ).toBe('+OK\r\n$1\r\nx\r\n');
  });

  test('is refused by Redis, as whom it logs in', async () => {
    const admin = await connect(redis.port);
    await admin.send('ACL', 'SETUSER', 'ada', 'on', '>pw', '~a:*', '+@read', '+@connection', '+eval_ro');
    try {
      const client = await connect();
      expect(String(await client.send('AUTH', 'ada', 'pw'))).toBe('OK');
      expect(String(await client.send('AI.TENSORGET', 'a:t', 'VALUES'))).toContain('tensor key is empty');
      expect(String(await client.send('AI.TENSORGET', 'b:t', 'VALUES'))).toMatch(/NOPERM/);
      expect(String(await client.send('AI.TENSORSET', 'a:t', 'FLOAT', 1))).toMatch(/NOPERM/);
    } finally {
      await admin.send('ACL', 'DELUSER', 'ada');
    }
  });
});

test('places of a Redis', () => {
  expect(parseUpstream('unix:/run/redis.sock')).toMatchObject({ path: '/run/redis.sock' });
  expect(parseUpstream('redis://ada:p%40w@[::1]:7000')).toMatchObject({
    host: '::1',
    port: 7000,
    user: 'ada',
    password: 'p@w',
    secure: false,
  });
  expect(parseUpstream('rediss://host')).toMatchObject({ host: 'host', port: 6379, secure: true });
  for (const wrong of ['unix:', 'host:0', 'host:99999', '', 'a b'])
    expect(() => parseUpstream(wrong)).toThrow();
});
