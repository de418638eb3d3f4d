import { networkInterfaces } from 'node:os';
import calculateSlot from 'cluster-key-slot';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { SlotMap } from '../../../cluster/slot-map.ts';
import type { NodeOptions, TesseraNode } from '../../../src/node.ts';
import { parseUpstream } from '../../../src/upstream/upstream-address.ts';
import { model, startNode } from '../../support/node.ts';
import { freePort, noRedis, type RedisServer, startRedis, startRedisOn } from '../../support/redis-server.ts';
import { RespClient } from '../../support/resp-client.ts';
import { startServe } from '../../support/serve.ts';
import { get, startHttpNode } from '../http-node.ts';
import { ask, basic, infer, refusal } from './v2-client.ts';

const request = {
  inputs: ['a', 'b'].map((name) => ({ name, shape: [1, 2], datatype: 'FP32', data: [1, 2] })),
};
const http = { host: '127.0.0.1', port: 0, inference: true };

let node: TesseraNode;
let redis: RedisServer | undefined;
let admin: RespClient | undefined;
afterEach(async () => {
  admin?.close();
  await node.close();
  await redis?.stop();
  redis = undefined;
  admin = undefined;
});

/** A node whose default user has the password `secret`, with a model m. */
async function startLocked(engine: string): Promise<RespClient> {
  if (engine === 'redis') {
    redis = await startRedis('--requirepass', 'secret');
    const address = parseUpstream(`redis://:secret@127.0.0.1:${redis.port}`);
    node = await startHttpNode({ http, redis: { address } });
  } else node = await startHttpNode({ http, access: { requirepass: 'secret' } });
  admin = await RespClient.connect(node.port);
  await admin.send('AUTH', 'secret');
  await admin.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  return admin;
}

describe.each(['embedded', 'redis'])('who may run models over HTTP, keys: %s', (engine) => {
  if (engine === 'redis' && noRedis !== undefined) {
    test.skip(noRedis, () => {});
    return;
  }

  test('those who may over RESP, by their passwords', async () => {
    await startLocked(engine);
    const stranger = await infer(node, 'm', request);
    expect([stranger.status, stranger.json]).toEqual([401, { error: 'NOAUTH Authentication required.' }]);
    expect(stranger.headers.get('www-authenticate')).toBe('Basic realm="tessera", charset="UTF-8"');
    expect((await ask(node, '/models/m')).status).toBe(401);
    expect(await refusal(infer(node, 'm', request, basic('default', 'wrong')))).toBe(
      '401 WRONGPASS invalid username-password pair or user is disabled.',
    );
    expect(await refusal(infer(node, 'm', request, { authorization: 'Bearer x' }))).toBe(
      '401 the Authorization header must be of the kind Basic, with user and password',
    );
    for (const user of ['default', '']) {
      expect((await infer(node, 'm', request, basic(user, 'secret'))).status).toBe(200);
    }
    // What another one was allowed on the same connection to the node is forgotten.
    expect((await infer(node, 'm', request)).status).toBe(401);
    expect((await ask(node, '/health/ready')).status).toBe(200);
  });

  test('a user runs the models that it may read', async () => {
    const client = await startLocked(engine);
    await client.send('AI.MODELSTORE', 'other', 'ONNX', 'CPU', 'BLOB', model('mul'));
    const commands = ['+ai.modelsignature', '+ai.dagexecute_ro'];
    // A Redis knows none of the AI commands.
    const rules = engine === 'redis' ? ['+@all'] : commands;
    expect(await client.send('ACL', 'SETUSER', 'ann', 'on', '>pass:word', '%R~m', ...rules)).toBe('OK');
    const ann = basic('ann', 'pass:word');
    expect((await infer(node, 'm', request, ann)).status).toBe(200);
    expect((await ask(node, '/models/m', { headers: ann })).status).toBe(200);
    expect(await refusal(infer(node, 'other', request, ann))).toMatch(/^403 NOPERM /);
    await client.send('ACL', 'SETUSER', 'ann', 'resetpass', '>new');
    expect((await infer(node, 'm', request, ann)).status).toBe(401);
    expect((await infer(node, 'm', request, basic('ann', 'new'))).status).toBe(200);
  });

  test('a body is not read from who may not run the model', async () => {
    await startLocked(engine);
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (sent > 256 * 1024 * 1024) controller.close();
        else controller.enqueue(new Uint8Array(1024 * 1024));
        sent += 1024 * 1024;
      },
    });
    const options = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const reply = await get(node, '/v2/models/m/infer', options).catch(() => null);
    // The connection may end before all of the answer is read.
    if (reply !== null) expect(reply.status).toBe(401);
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });
});

async function startOpen(others: Partial<NodeOptions> = {}): Promise<RespClient> {
  node = await startHttpNode({ http, ...others });
  admin = await RespClient.connect(node.port);
  return admin;
}

test('a node with all clients that it may have says so', async () => {
  const client = await startOpen();
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  await client.send('CONFIG', 'SET', 'maxclients', '1');
  expect(await refusal(infer(node, 'm', request))).toBe('503 max number of clients reached');
  await client.send('CONFIG', 'SET', 'maxclients', '2');
  expect((await infer(node, 'm', request)).status).toBe(200);
  const list = String(await client.send('CLIENT', 'LIST'));
  expect(list).toContain('addr=127.0.0.1:0 ');
  await client.send('CLIENT', 'KILL', 'ADDR', '127.0.0.1:0');
  expect((await infer(node, 'm', request)).status).toBe(200);
});

/** A node that has all slots but that of the key `m`, which is at `port`. */
function slotsWithout(port: number, name: 'test' | 'other'): SlotMap {
  const slot = calculateSlot('m');
  const rest = [`0-${slot - 1}`, `${slot + 1}-16383`];
  return new SlotMap(
    [
      { name: 'test', host: '127.0.0.1', port: 0, slots: rest },
      { name: 'other', host: '127.0.0.1', port, slots: [`${slot}-${slot}`] },
    ],
    name,
  );
}

test('any node of a cluster serves the models of all, in the name of who asks', async () => {
  const port = await freePort();
  const access = { requirepass: 'secret' };
  const secret = basic('default', 'secret');
  await startOpen({ access, slots: slotsWithout(port, 'test') });
  expect(await refusal(infer(node, 'm', request, secret))).toBe(
    `503 the model's node cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}`,
  );
  const owner = await startNode({}, 0, { port, access, slots: slotsWithout(port, 'other') });
  const client = await RespClient.connect(port);
  try {
    await client.send('AUTH', 'secret');
    expect(await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
    const { json } = await infer(node, 'm', request, secret);
    expect(json).toMatchObject({ outputs: [{ data: [1, 4] }] });
    expect((await ask(node, '/models/m', { headers: secret })).json).toMatchObject({ inputs: [{}, {}] });
    expect((await infer(node, 'm', request)).status).toBe(401);
    await client.send('ACL', 'SETUSER', 'ann', 'on', '>x', '%R~n*', '+@all');
    await admin?.send('AUTH', 'secret');
    await admin?.send('ACL', 'SETUSER', 'ann', 'on', '>x', '%R~*', '+@all');
    expect(await refusal(infer(node, 'm', request, basic('ann', 'x')))).toMatch(/^403 NOPERM /);
  } finally {
    client.close();
    await owner.close();
  }
});

test('a model of a node that cannot be reached this way is told where it is', async () => {
  await startOpen({ slots: slotsWithout(0, 'test') });
  expect(await refusal(infer(node, 'm', request))).toBe('421 the model "m" is at the node 127.0.0.1:0');
});

test.skipIf(noRedis !== undefined)('a node whose Redis is away says so, and serves again', async () => {
  const server = await startRedis();
  await startOpen({ redis: { address: parseUpstream(`127.0.0.1:${server.port}`) } });
  await admin?.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  expect((await infer(node, 'm', request)).status).toBe(200);
  await server.stop();
  await vi.waitFor(async () => expect((await ask(node, '/health/ready')).status).toBe(503));
  expect((await infer(node, 'm', request)).status).toBe(503);
  redis = await startRedisOn(server.port);
  await vi.waitFor(async () => expect((await ask(node, '/health/ready')).status).toBe(200), 10_000);
  expect((await infer(node, 'm', request)).status).toBe(404);
});

const ownAddress = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address;

test.skipIf(ownAddress === undefined)('in protected mode models run for this machine only', async () => {
  await startOpen({ http: { ...http, host: '0.0.0.0' } });
  await admin?.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  const reply = await fetch(`http://${ownAddress}:${node.http?.port}/v2/models/m`);
  expect([reply.status, await reply.json()]).toEqual([
    403,
    { error: 'the node is in protected mode: without a password it serves its own machine only' },
  ]);
  expect((await infer(node, 'm', request)).status).toBe(200);
});

test('a run that takes too long is ended', async () => {
  node = await startNode({ executionTimeoutMs: 1000 }, 0, { http });
  admin = await RespClient.connect(node.port);
  await admin.send('AI.MODELSTORE', 'loop', 'ONNX', 'CPU', 'BLOB', model('endless_loop'));
  const { json } = await ask(node, '/models/loop');
  const { inputs } = json as { inputs: { name: string; datatype: string; shape: number[] }[] };
  const given = inputs.map(({ name, datatype, shape }) => {
    const sizes = shape.map((size) => Math.abs(size));
    return { name, datatype, shape: sizes, data: new Array(sizes.reduce((a, b) => a * b, 1)).fill(1) };
  });
  expect(await refusal(infer(node, 'loop', { inputs: given }))).toBe(
    '504 Exiting due to terminate flag being set to true',
  );
});

test('a node that is not told to runs no models over HTTP', async () => {
  node = await startHttpNode();
  expect(await refusal(infer(node, 'm', request))).toBe('404 not found');
});

test('serve takes it as an argument', async () => {
  node = await startHttpNode();
  const port = await freePort();
  const served = await startServe('--http-port', String(port), '--http-inference', 'yes');
  try {
    const reply = await fetch(`http://127.0.0.1:${port}/v2/models/m`);
    expect([reply.status, await reply.json()]).toEqual([404, { error: 'there is no model "m"' }]);
  } finally {
    await served.stop();
  }
});
