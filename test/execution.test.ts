import { afterEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../src/node.ts';
import { model, startNode } from './support/node.ts';
import { floats, RespClient } from './support/resp-client.ts';

let node: TesseraNode;
const clients: RespClient[] = [];

async function connect(): Promise<RespClient> {
  const client = await RespClient.connect(node.port);
  clients.push(client);
  return client;
}

async function start(...settings: Parameters<typeof startNode>): Promise<RespClient> {
  node = await startNode(...settings);
  return connect();
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await node.close();
});

describe('model runs', () => {
  test('a model is stored, run on tensors and its result read', async () => {
    const client = await start();
    expect(await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
    await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 2, 'BLOB', floats(1, 2, 3, 4));
    await client.send('AI.TENSORSET', 'b', 'FLOAT', 2, 2, 'VALUES', 2, 3, 4, 5);
    expect(await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'b', 'OUTPUTS', 1, 'c')).toBe('OK');
    expect(await client.send('AI.TENSORGET', 'c', 'VALUES')).toEqual(['2', '6', '12', '20']);
  });

  test('64 clients on a batched model get exactly their own rows back', async () => {
    const first = await start();
    await first.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BATCHSIZE', 16, 'BLOB', model('mlp_dyn'));
    const session = await describeModel(first);
    const others = await Promise.all(Array.from({ length: 64 }, connect));
    const alone = new Map<number, unknown>();
    for (let i = 0; i < 64; i++) {
      await first.send('AI.TENSORSET', `in${i}`, 'FLOAT', 1, 64, 'BLOB', rowOf(i));
      await first.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, `in${i}`, 'OUTPUTS', 1, `alone${i}`);
      alone.set(i, await first.send('AI.TENSORGET', `alone${i}`, 'VALUES'));
    }
    await first.send('AI.INFO', 'm', 'RESETSTAT');
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        others.map(async (client, i) => {
          const done = client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, `in${i}`, 'OUTPUTS', 1, `out${i}`);
          expect(await done).toBe('OK');
          const got = (await client.send('AI.TENSORGET', `out${i}`, 'VALUES')) as string[];
          const want = alone.get(i) as string[];
          got.forEach((value, k) => {
            expect(Number(value)).toBeCloseTo(Number(want[k]), 4);
          });
        }),
      );
    }
    const info = (await first.send('AI.INFO', 'm')) as unknown[];
    expect(info[info.indexOf('calls') + 1]).toBe(320);
    expect(info[info.indexOf('samples') + 1]).toBe(320);
    // Fewer runs than requests: they did share batches.
    expect(node.context.devices.counters().runs).toBeLessThan(64 + 320);
    expect(session).toContain('batchsize');
  });

  test('a run waits for MINBATCHSIZE rows, and no longer than MINBATCHTIMEOUT', async () => {
    const client = await start();
    const options = ['BATCHSIZE', 4, 'MINBATCHSIZE', 2] as const;
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', ...options, 'BLOB', model('mlp_dyn'));
    const timeout = ['MINBATCHTIMEOUT', 50] as const;
    await client.send('AI.MODELSTORE', 't', 'ONNX', 'CPU', ...options, ...timeout, 'BLOB', model('mlp_dyn'));
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 64);
    const other = await connect();
    let answered = false;
    const waiting = client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y');
    void waiting.then(() => {
      answered = true;
    });
    expect(await other.send('AI.MODELEXECUTE', 't', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'z')).toBe('OK');
    expect(answered).toBe(false);
    expect(await other.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'z')).toBe('OK');
    expect(await waiting).toBe('OK');
  });

  test('TIMEOUT counts the time in the queue', async () => {
    const client = await start();
    const options = ['BATCHSIZE', 4, 'MINBATCHSIZE', 2] as const;
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', ...options, 'BLOB', model('mlp_dyn'));
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 64);
    const run = ['AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y', 'TIMEOUT', 30] as const;
    expect(await client.send(...run)).toBe('TIMEDOUT');
  });

  test('a model that drops its batch dimension fails the whole batch, not the node', async () => {
    const client = await start();
    const options = ['BATCHSIZE', 4, 'MINBATCHSIZE', 4] as const;
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', ...options, 'BLOB', model('sum_rows'));
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
    const other = await connect();
    const run = ['AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y'] as const;
    const errors = await Promise.all([client.error(...run), other.error(...run)]);
    expect(errors).toEqual(Array(2).fill('ERR Model did not generate the expected batch size'));
  });

  test('a run past the execution timeout is answered, its worker replaced, others go on', async () => {
    const client = await start({ executionTimeoutMs: 300 });
    await client.send('AI.MODELSTORE', 'loop', 'ONNX', 'CPU', 'BLOB', model('endless_loop'));
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 0);
    await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 2);
    const other = await connect();
    const late = client.error('AI.MODELEXECUTE', 'loop', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y');
    expect(await other.send('PING')).toBe('PONG');
    expect(await late).toBe('Exiting due to terminate flag being set to true');
    expect(await other.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'c')).toBe('OK');
    expect(await other.error('AI.MODELEXECUTE', 'loop', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y')).toMatch(
      /^ERR model is set aside/,
    );
    expect(String(await other.send('INFO', 'MODULES'))).toContain('ai_runs_timed_out:1\r\n');
  });

  test('the int64 path is exact', async () => {
    const client = await start();
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('add_int64'));
    await client.send('AI.TENSORSET', 'i', 'INT64', 2, 'VALUES', '9007199254740993', 2);
    await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'i', 'i', 'OUTPUTS', 1, 'o');
    const bytes = Buffer.from((await client.send('AI.TENSORGET', 'o', 'BLOB')) as Buffer);
    expect(bytes.readBigInt64LE(0)).toBe(18014398509481986n);
  });
});

describe('memory', () => {
  test('above maxmemory writes are refused, reads and deletes go on', async () => {
    const client = await start({}, 100_000);
    await client.send('AI.TENSORSET', 'big', 'FLOAT', 50_000);
    const oom = "OOM command not allowed when used memory > 'maxmemory'.";
    expect(await client.error('SET', 'k', 'v')).toBe(oom);
    expect(await client.error('AI.TENSORSET', 'x', 'FLOAT', 1)).toBe(oom);
    expect(await client.send('EXISTS', 'big')).toBe(1);
    expect(await client.send('DEL', 'big')).toBe(1);
    expect(await client.send('SET', 'k', 'v')).toBe('OK');
  });
});

function rowOf(seed: number): Uint8Array {
  return floats(...Array.from({ length: 64 }, (_, k) => Math.sin(seed * 64 + k)));
}

async function describeModel(client: RespClient): Promise<unknown[]> {
  return (await client.send('AI.MODELGET', 'm', 'META')) as unknown[];
}
