import { describe, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import type { RespClient } from '../support/resp-client.ts';

const fixture = nodeFixture();

const run = (name: string, input = 'x', output = `out-${name}`) =>
  ['AI.MODELEXECUTE', name, 'INPUTS', 1, input, 'OUTPUTS', 1, output] as const;

async function store(client: RespClient, name: string, ...options: (string | number)[]): Promise<void> {
  const reply = await client.send('AI.MODELSTORE', name, 'ONNX', 'CPU', ...options, 'BLOB', model('mlp_dyn'));
  expect(reply).toBe('OK');
}

/** Sends without waiting; the flag tells whether the reply came. */
function begin(client: RespClient, command: readonly (string | number)[]) {
  const request = { answered: false, reply: client.send(...command) };
  void request.reply.then(() => {
    request.answered = true;
  });
  return request;
}

describe('a model that waits for MINBATCHSIZE', () => {
  test.each([1, 2])('does not hold up others on its device (threads: %i)', async (threadsPerQueue) => {
    const client = await fixture.start({ threadsPerQueue });
    const others = await Promise.all([fixture.connect(), fixture.connect(), fixture.connect()]);
    await store(client, 'waits', 'BATCHSIZE', 8, 'MINBATCHSIZE', 4);
    await store(client, 'plain');
    await store(client, 'batches', 'BATCHSIZE', 8);
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 64);
    const [first, second] = await Promise.all([fixture.connect(), fixture.connect()]);
    const waiting = [begin(first, run('waits', 'x', 'w1')), begin(second, run('waits', 'x', 'w2'))];
    for (let i = 0; i < 50; i++) {
      const replies = others.map((other, k) => other.send(...run(k === 0 ? 'batches' : 'plain')));
      expect(await Promise.all(replies)).toEqual(['OK', 'OK', 'OK']);
    }
    expect(waiting.map(({ answered }) => answered)).toEqual([false, false]);
    expect(fixture.node.context.devices.queueLength).toBe(2);
    // Two rows more, and all four go together.
    await client.send('AI.TENSORSET', 'two', 'FLOAT', 2, 64);
    const before = fixture.node.context.devices.counters().runs;
    expect(await client.send(...run('waits', 'two', 'w3'))).toBe('OK');
    expect(await Promise.all(waiting.map(({ reply }) => reply))).toEqual(['OK', 'OK']);
    expect(fixture.node.context.devices.counters().runs).toBe(before + 1);
  });

  test('waits no longer than MINBATCHTIMEOUT, and for ever without it', async () => {
    const client = await fixture.start();
    const other = await fixture.connect();
    await store(client, 'waits', 'BATCHSIZE', 4, 'MINBATCHSIZE', 2);
    await store(client, 'limited', 'BATCHSIZE', 4, 'MINBATCHSIZE', 2, 'MINBATCHTIMEOUT', 50);
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 64);
    const waiting = begin(client, run('waits'));
    expect(await other.send(...run('limited'))).toBe('OK');
    expect(waiting.answered).toBe(false);
    expect(await other.send(...run('waits'))).toBe('OK');
    expect(await waiting.reply).toBe('OK');
  });

  test('is answered without its run when it is deleted', async () => {
    const client = await fixture.start();
    const other = await fixture.connect();
    await store(client, 'waits', 'BATCHSIZE', 8, 'MINBATCHSIZE', 4);
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 64);
    const waiting = begin(other, run('waits'));
    await expect.poll(() => fixture.node.context.devices.queueLength).toBe(1);
    expect(await client.send('DEL', 'waits')).toBe(1);
    expect(String(await waiting.reply)).toBe('ReplyError: ERR model key is empty');
    expect(await client.send('EXISTS', 'out-waits')).toBe(0);
  });
});
