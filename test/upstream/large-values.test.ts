import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { buildLargeModel } from '../../scripts/onnx-builder.ts';
import type { TesseraNode } from '../../src/node.ts';
import { parseUpstream } from '../../src/upstream/upstream-address.ts';
import { model, startNode } from '../support/node.ts';
import { promote, type RedisNodes, startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { type Parsed, RespClient } from '../support/resp-client.ts';

const PIECE_BYTES = 64 * 1024;
/** 1 MiB: 17 pieces. */
const LARGE = buildLargeModel(1);
const INPUT = new Float32Array(1024).fill(1);

async function store(client: RespClient, key: string, blob = LARGE): Promise<void> {
  expect(String(await client.send('AI.MODELSTORE', key, 'ONNX', 'CPU', 'TAG', 'v1', 'BLOB', blob))).toBe(
    'OK',
  );
}

async function blobOf(client: RespClient, key: string): Promise<Parsed> {
  return client.send('AI.MODELGET', key, 'BLOB');
}

/** Connections to a node that are closed after each test. */
function connections(node: () => TesseraNode): (port?: number) => Promise<RespClient> {
  const clients: RespClient[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  return async (port = node().port) => {
    const client = await RespClient.connect(port);
    clients.push(client);
    return client;
  };
}

describe.skipIf(noRedis !== undefined)('a value that is too long for one string', () => {
  let redis: RedisServer;
  let node: TesseraNode;
  const before = (pieceBytes?: number) =>
    startNode({}, 0, {
      redis: { address: parseUpstream(`127.0.0.1:${redis.port}`), ...(pieceBytes && { pieceBytes }) },
    });
  beforeAll(async () => {
    redis = await startRedis();
    node = await before(PIECE_BYTES);
  });
  afterAll(async () => {
    await node.close();
    await redis.stop();
  });
  const connect = connections(() => node);
  beforeEach(async () => {
    await (await connect()).send('FLUSHALL');
  });
  /** A node that has seen nothing yet. */
  const withAnother = async (use: (client: RespClient) => Promise<void>, pieceBytes = PIECE_BYTES) => {
    const other = await before(pieceBytes);
    const client = await RespClient.connect(other.port);
    await use(client);
    client.close();
    await other.close();
  };

  test('is one key, which is renamed, copied, expired, restored and deleted as one', async () => {
    const client = await connect();
    await store(client, 'm');
    expect(await client.send('DBSIZE')).toBe(1);
    expect(await client.send('HLEN', 'm')).toBe(1 + Math.ceil((LARGE.length + 100) / PIECE_BYTES));
    await client.send('RENAME', 'm', 'n');
    await client.send('COPY', 'n', 'c');
    const dump = (await client.send('DUMP', 'n')) as Buffer;
    await client.send('RESTORE', 'r', 0, dump);
    await withAnother(async (other) => {
      for (const key of ['n', 'c', 'r'])
        expect(((await blobOf(other, key)) as Buffer).equals(LARGE), key).toBe(true);
    });
    await client.send('PEXPIRE', 'c', 1);
    await client.send('DEL', 'r');
    expect(String(await client.send('AI.MODELDEL', 'n'))).toBe('OK');
    while ((await client.send('EXISTS', 'c')) !== 0);
    expect(await client.send('DBSIZE')).toBe(0);
    expect(await client.error('AI.MODELGET', 'c', 'BLOB')).toContain('model key is empty');
  });

  test('runs, is listed and described, and is replaced by a short one and back', async () => {
    const client = await connect();
    await store(client, 'm');
    await client.send('AI.TENSORSET', 'in', 'FLOAT', 1, 1024, 'BLOB', Buffer.from(INPUT.buffer));
    const run = async (reader: RespClient) => {
      expect(String(await reader.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'in', 'OUTPUTS', 1, 'out'))).toBe(
        'OK',
      );
      return reader.send('AI.TENSORGET', 'out', 'META');
    };
    const described = await run(client);
    await withAnother(async (other) => {
      expect(await other.send('AI._MODELSCAN')).toEqual([['m', 'v1']]);
      expect(await run(other)).toEqual(described);
    });
    await store(client, 'm', model('mul'));
    expect(await client.send('TYPE', 'm')).toBe('string');
    await store(client, 'm');
    await client.send('AI.TENSORSET', 'm', 'FLOAT', 1, 'VALUES', 1);
    expect(await client.send('AI.TENSORGET', 'm', 'VALUES')).toEqual(['1']);
  });

  test('leaves the order of replies as it is, and later commands see it', async () => {
    const client = await connect();
    const blob = Buffer.alloc(4 * PIECE_BYTES, 255);
    const replies = await Promise.all([
      client.send('AI.TENSORSET', 'a', 'UINT8', blob.length, 'BLOB', blob),
      client.send('TYPE', 'a'),
      client.send('AI.TENSORGET', 'a', 'META'),
    ]);
    expect(replies.slice(0, 2).map(String)).toEqual(['OK', 'hash']);
    await withAnother(async (other) => {
      const later = await Promise.all([
        other.send('AI.TENSORGET', 'a', 'BLOB'),
        other.send('PING'),
        other.send('AI.TENSORGET', 'a', 'BLOB'),
        other.send('SET', 'k', 'v'),
        other.send('GET', 'k'),
      ]);
      expect(blob.equals(later[0] as Buffer) && blob.equals(later[2] as Buffer)).toBe(true);
      expect([later[1], later[3], later[4]].map(String)).toEqual(['PONG', 'OK', 'v']);
      const hungUp = await RespClient.connect(other.socket.remotePort as number);
      await client.send('AI.TENSORSET', 'b', 'UINT8', blob.length, 'BLOB', blob);
      const last = hungUp.send('AI.TENSORGET', 'b', 'BLOB');
      hungUp.socket.end();
      expect(blob.equals((await last) as Buffer)).toBe(true);
      await other.send('MULTI');
      await other.send('AI.TENSORGET', 'a', 'META', 'BLOB');
      await other.send('PING');
      expect(
        ((await other.send('EXEC')) as Parsed[]).map((reply) =>
          Array.isArray(reply) ? reply.length : String(reply),
        ),
      ).toEqual([6, 'PONG']);
    });
  });

  test('is an error where it is damaged, or goes while it is read', async () => {
    const client = await connect();
    await store(client, 'm');
    await client.send('HDEL', 'm', '3');
    await client.send('HSET', 'other', 'tessera', 'x');
    await withAnother(async (other) => {
      expect(await other.error('AI.MODELGET', 'm', 'BLOB')).toMatch(
        /^ERR the value of m is damaged: piece 4 of \d+ is missing$/,
      );
      expect(await other.error('AI.MODELGET', 'other', 'BLOB')).toMatch(/^WRONGTYPE/);
      await store(other, 'm');
      const replies = await Promise.all([other.send('AI.MODELGET', 'm', 'META'), other.send('DEL', 'm')]);
      expect(replies[1]).toBe(1);
    });
    await store(client, 'm');
    await withAnother(async (other) => {
      const [read, gone] = await Promise.all([
        other.send('AI.MODELGET', 'm', 'BLOB'),
        other.send('DEL', 'm'),
      ]);
      expect(String(read)).toContain('TRYAGAIN The value was replaced while it was read');
      expect(gone).toBe(1);
    });
  });

  test('leaves nothing behind where Redis has no room for it, or does not let the user', async () => {
    const client = await connect();
    await client.send('ACL', 'SETUSER', 'ada', 'on', 'nopass', '~a:*', '+@all', '-rename', '-eval');
    const ada = await connect();
    await ada.send('AUTH', 'ada', 'x');
    expect(await ada.error('AI.MODELSTORE', 'b:m', 'ONNX', 'CPU', 'BLOB', LARGE)).toMatch(/NOPERM/);
    expect(await ada.error('AI.MODELSTORE', 'a:m', 'ONNX', 'CPU', 'BLOB', LARGE)).toMatch(/NOPERM.*'eval'/);
    await client.send('ACL', 'SETUSER', 'ada', '+eval', '+rename');
    await store(ada, 'a:m');
    await client.send('DEL', 'a:m');
    const memory = Number(/used_memory:(\d+)/.exec(String(await client.send('INFO', 'memory')))?.[1]);
    await client.send('CONFIG', 'SET', 'maxmemory', memory + 500_000);
    try {
      expect(await client.error('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', LARGE)).toMatch(/^OOM/);
    } finally {
      await client.send('CONFIG', 'SET', 'maxmemory', 0);
    }
    expect(await client.send('KEYS', '*')).toEqual([]);
  });

  test('of 70 MB is stored and run with the sizes that nodes have', { timeout: 60_000 }, async () => {
    const blob = buildLargeModel(70);
    await withAnother(async (client) => {
      await store(client, 'm', blob);
      expect(await client.send('HLEN', 'm')).toBe(3);
    }, 0);
    await withAnother(async (client) => {
      expect(((await blobOf(client, 'm')) as Buffer).equals(blob)).toBe(true);
    }, 0);
  });
});

describe.skipIf(noRedis !== undefined)('a value in pieces in a cluster', () => {
  let cluster: RedisNodes;
  beforeAll(async () => {
    cluster = await startRedisNodes(2, 1, 2000, {
      pieceBytes: PIECE_BYTES,
      acknowledgement: { replicas: 1, timeoutMs: 5000 },
    });
  });
  afterAll(() => cluster.stop());
  const connect = connections(() => cluster.nodes[0] as TesseraNode);

  test('is read from a replica, and moves with its slot while it is asked for', {
    timeout: 30_000,
  }, async () => {
    const [first = 0, second = 0, replica = 0] = cluster.ports;
    const key = ['m{a}', 'm{b}', 'm{c}', 'm{d}'].find((name) => cluster.portOf(name) === first) as string;
    const [source, target, reader] = await Promise.all([connect(first), connect(second), connect(replica)]);
    await store(source, key);
    await reader.send('READONLY');
    expect(((await blobOf(reader, key)) as Buffer).equals(LARGE)).toBe(true);
    const slot = Number(await source.send('CLUSTER', 'KEYSLOT', key));
    const [from, to] = await Promise.all([source, target].map((client) => client.send('CLUSTER', 'MYID')));
    await target.send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(from));
    await source.send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(to));
    // A new one is put together where the slot goes to.
    const fresh = key.replace('m', 'n');
    expect(await source.error('AI.MODELSTORE', fresh, 'ONNX', 'CPU', 'BLOB', LARGE)).toBe(
      `ASK ${slot} 127.0.0.1:${second}`,
    );
    expect(String(await source.send('MIGRATE', '127.0.0.1', second, key, 0, 5000))).toBe('OK');
    expect(await source.error('AI.MODELGET', key, 'BLOB')).toBe(`ASK ${slot} 127.0.0.1:${second}`);
    await target.send('ASKING');
    expect(((await blobOf(target, key)) as Buffer).equals(LARGE)).toBe(true);
    await target.send('ASKING');
    await store(target, key);
    await target.send('ASKING');
    const storing = store(target, fresh);
    await source.send('CLUSTER', 'SETSLOT', slot, 'NODE', String(to));
    const admin = await connect(second);
    await admin.send('CLUSTER', 'SETSLOT', slot, 'NODE', String(to));
    await storing;
    for (const name of [key, fresh])
      expect(((await blobOf(target, name)) as Buffer).equals(LARGE), name).toBe(true);
    expect(await target.send('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(2);
  });
});

describe.skipIf(noRedis !== undefined)('a value in pieces whose replica is promoted', () => {
  test('is read, replaced and deleted there', { timeout: 60_000 }, async () => {
    const cluster = await startRedisNodes(2, 1, 2000, { pieceBytes: PIECE_BYTES });
    onTestFinished(() => cluster.stop());
    const [, second = 0, , replica = 0] = cluster.ports;
    const key = ['p{a}', 'p{b}', 'p{c}', 'p{d}'].find((name) => cluster.portOf(name) === second) as string;
    const [master, reader] = await Promise.all([RespClient.connect(second), RespClient.connect(replica)]);
    await store(master, key);
    expect(await master.send('WAIT', 1, 5000)).toBe(1);
    await reader.send('READONLY');
    await promote(reader);
    expect(((await blobOf(reader, key)) as Buffer).equals(LARGE)).toBe(true);
    await store(reader, key);
    expect(((await blobOf(reader, key)) as Buffer).equals(LARGE)).toBe(true);
    expect(await reader.send('AI.MODELDEL', key)).toBe('OK');
    for (const client of [master, reader]) client.close();
  });
});
