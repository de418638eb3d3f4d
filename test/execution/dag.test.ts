import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { model, startNode } from '../support/node.ts';
import { floats, RespClient } from '../support/resp-client.ts';

let node: TesseraNode;
const clients: RespClient[] = [];

async function connect(): Promise<RespClient> {
  const client = await RespClient.connect(node.port);
  clients.push(client);
  return client;
}

let client: RespClient;

beforeEach(async () => {
  node = await startNode({ executionTimeoutMs: 1000, threadsPerQueue: 2 });
  client = await connect();
});

afterEach(async () => {
  for (const each of clients.splice(0)) each.close();
  await node.close();
});

const store = (key: string, name: string, ...options: (string | number)[]) =>
  client.send('AI.MODELSTORE', key, 'ONNX', 'CPU', ...options, 'BLOB', model(name));

describe('AI.DAGEXECUTE', () => {
  test('an operation reads what the last one before it wrote under that name', async () => {
    await store('m', 'mul');
    const set = (name: string, value: number) =>
      ['|>', 'AI.TENSORSET', name, 'FLOAT', 1, 2, 'VALUES', value, value] as const;
    const mul = (a: string, b: string, out: string) =>
      ['|>', 'AI.MODELEXECUTE', 'm', 'INPUTS', 2, a, b, 'OUTPUTS', 1, out] as const;
    const get = (name: string) => ['|>', 'AI.TENSORGET', name, 'VALUES'] as const;
    const dag = [...set('x', 2), ...mul('x', 'x', 'y'), ...set('x', 3), ...mul('x', 'y', 'y'), ...get('y')];
    const reply = await client.send('AI.DAGEXECUTE', 'PERSIST', 1, 'y', ...dag, ...get('x'));
    expect(reply).toEqual(['OK', 'OK', 'OK', 'OK', ['12', '12'], ['3', '3']]);
    expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['12', '12']);
    expect(await client.send('EXISTS', 'x')).toBe(0);
  });

  test('operations of different devices run at the same time, and what waits for neither as well', async () => {
    // The first run on CPU never ends; the ones on CPU:1 are done before it is given up.
    await store('loop', 'endless_loop');
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU:1', 'BLOB', model('mul'));
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 0);
    await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 2, 3);
    const reply = (await client.send(
      ...['AI.DAGEXECUTE', 'LOAD', 2, 'x', 'a', 'PERSIST', 1, 'c'],
      ...['|>', 'AI.MODELEXECUTE', 'loop', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y'],
      ...['|>', 'AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'c'],
      ...['|>', 'AI.TENSORGET', 'c', 'VALUES', '|>', 'AI.TENSORGET', 'y'],
    )) as unknown[];
    expect((reply[0] as Error).message).toBe('Exiting due to terminate flag being set to true');
    expect(reply.slice(1)).toEqual(['OK', ['4', '9'], 'NA']);
    expect(await client.send('EXISTS', 'c')).toBe(0);
  });

  test('runs of a DAG and of other clients share a batch', async () => {
    await store('m', 'mlp_dyn', 'BATCHSIZE', 2, 'MINBATCHSIZE', 2);
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 64);
    const other = await connect();
    const dag = client.send(
      ...['AI.DAGEXECUTE', 'LOAD', 1, 'x'],
      ...[
        '|>',
        'AI.MODELEXECUTE',
        'm',
        'INPUTS',
        1,
        'x',
        'OUTPUTS',
        1,
        'y',
        '|>',
        'AI.TENSORGET',
        'y',
        'META',
      ],
    );
    // Neither would ever run alone.
    expect(await other.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'z')).toBe('OK');
    expect(await dag).toEqual(['OK', ['dtype', 'FLOAT', 'shape', [1, 10]]]);
  });

  test('TIMEOUT counts until the first run begins: before it, all is off; after it, nothing is late', async () => {
    await store('m', 'mlp_dyn', 'BATCHSIZE', 2, 'MINBATCHSIZE', 2);
    await store('slow', 'mlp_dyn', 'BATCHSIZE', 2, 'MINBATCHSIZE', 2, 'MINBATCHTIMEOUT', 900);
    await store('now', 'mlp_dyn');
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 64);
    const run = (key: string, out: string) =>
      ['|>', 'AI.MODELEXECUTE', key, 'INPUTS', 1, 'x', 'OUTPUTS', 1, out] as const;
    const head = ['AI.DAGEXECUTE', 'LOAD', 1, 'x', 'PERSIST', 1, 'y', 'TIMEOUT'] as const;
    expect(await client.send(...head, 20, ...run('m', 'y'))).toBe('TIMEDOUT');
    expect(await client.send('EXISTS', 'y')).toBe(0);
    expect(await client.send(...head, 500, ...run('now', 'z'), ...run('slow', 'y'))).toEqual(['OK', 'OK']);
    expect(await client.send('EXISTS', 'y')).toBe(1);
  });

  test('a loaded tensor is the one of the start, whatever happens to its key meanwhile', async () => {
    await store('m', 'mlp_dyn', 'BATCHSIZE', 2, 'MINBATCHSIZE', 2, 'MINBATCHTIMEOUT', 50);
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 64, 'BLOB', floats(...Array(64).fill(1)));
    const dag = client.send(
      ...['AI.DAGEXECUTE', 'LOAD', 1, 'x', '|>', 'AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y'],
      ...['|>', 'AI.TENSORGET', 'x', 'BLOB'],
    );
    const other = await connect();
    await other.send('AI.TENSORSET', 'x', 'FLOAT', 1, 64);
    const [, bytes] = (await dag) as [string, Buffer];
    expect(new Uint8Array(Buffer.from(bytes))).toEqual(floats(...Array(64).fill(1)));
  });

  test('persisting over a value that is no tensor is refused, and nothing is persisted', async () => {
    await client.send('SET', 's', 'v');
    const reply = await client.error(
      ...['AI.DAGEXECUTE', 'PERSIST', 2, 'a', 's', '|>', 'AI.TENSORSET', 'a', 'FLOAT', 1],
      ...['|>', 'AI.TENSORSET', 's', 'FLOAT', 1],
    );
    expect(reply).toBe('WRONGTYPE Operation against a key holding the wrong kind of value');
    expect(await client.send('EXISTS', 'a')).toBe(0);
    expect(await client.send('GET', 's')).toBe('v');
  });

  test('no tensor is copied on its way through', async () => {
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 50_000, 'BLOB', new Uint8Array(200_000));
    await client.send('AI.DAGEXECUTE', 'LOAD', 1, 'x', 'PERSIST', 1, 'x', '|>', 'AI.TENSORGET', 'x', 'META');
    await client.send('COPY', 'x', 'y');
    const buffers = ['x', 'y'].map((key) => {
      const value = node.context.keyspace.get(key);
      return value?.type === 'tensor' ? value.tensor.buffer : undefined;
    });
    expect(buffers[0]).toBe(buffers[1]);
    expect(node.context.keyspace.usedBytes).toBeLessThan(201_000);
  });

  test('a chain of ten thousand operations neither fails nor holds up others for long', async () => {
    const chain: (string | number)[] = [];
    for (let i = 0; i < 10_000; i++) chain.push('|>', 'AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', i);
    const reply = await client.send(
      'AI.DAGEXECUTE',
      'ROUTING',
      'x',
      ...chain,
      '|>',
      'AI.TENSORGET',
      'x',
      'VALUES',
    );
    expect((reply as unknown[]).at(-1)).toEqual(['9999']);
  });

  test('a model that is deleted while the DAG runs is an error of its operation', async () => {
    await store('m', 'mlp_dyn', 'BATCHSIZE', 2, 'MINBATCHSIZE', 2);
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 64);
    const dag = client.send(
      ...['AI.DAGEXECUTE', 'LOAD', 1, 'x', '|>', 'AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y'],
      ...['|>', 'AI.TENSORGET', 'y'],
    );
    const other = await connect();
    expect(await other.send('AI.MODELDEL', 'm')).toBe('OK');
    const [error, rest] = (await dag) as [Error, string];
    expect(error.message).toBe('ERR model key is empty');
    expect(rest).toBe('NA');
  });
});
