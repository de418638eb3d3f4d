import { beforeEach, describe, expect, test } from 'vitest';
import type { LiveEvent, NodeSnapshot } from '../../src/observability/live/snapshot-types.ts';
import { model } from '../support/node.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { get, startHttpNode } from './http-node.ts';

const shared = useSharedNode(() => startHttpNode());
let client: RespClient;

beforeEach(async () => {
  client = await shared.connect();
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  await client.send('AI.TENSORSET', 'x', 'FLOAT', '1', '2', 'VALUES', '1', '2');
});

const runModel = () => client.send('AI.MODELEXECUTE', 'm', 'INPUTS', '2', 'x', 'x', 'OUTPUTS', '1', 'y');

async function snapshot(): Promise<NodeSnapshot> {
  const reply = await get(shared.node, '/api/snapshot');
  expect(reply.headers.get('content-type')).toContain('application/json');
  return (await reply.json()) as NodeSnapshot;
}

/** The data of events as they come, until `isEnough` or the time of the test is over. */
async function eventsUntil(isEnough: (event: LiveEvent) => boolean): Promise<LiveEvent[]> {
  const abort = new AbortController();
  const reply = await get(shared.node, '/api/events', { signal: abort.signal });
  expect(reply.headers.get('content-type')).toBe('text/event-stream');
  const found: LiveEvent[] = [];
  let text = '';
  for await (const chunk of reply.body as ReadableStream<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    const parts = text.split('\n\n');
    text = parts.pop() as string;
    for (const part of parts) {
      const data = /^event: sample\ndata: (.*)$/.exec(part)?.[1];
      if (data !== undefined) found.push(JSON.parse(data) as LiveEvent);
    }
    const last = found.at(-1);
    if (last !== undefined && isEnough(last)) break;
  }
  abort.abort();
  return found;
}

describe('over HTTP', () => {
  test('a snapshot has the node, its keys, models, devices, errors and slow runs', async () => {
    await client.send('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
    await runModel();
    await client.send('CONFIG', 'SET', 'slowlog-log-slower-than', '10000');
    for (let i = 0; i < 3; i++) await client.send('NOPE', 'secret');
    const found = await snapshot();
    expect(found.node).toMatchObject({
      name: 'test',
      port: shared.node.port,
      engine: 'embedded',
      ready: true,
    });
    expect(found.cluster).toBeNull();
    expect(found.upstream).toBeNull();
    expect(found.keys.byType.model).toEqual({ keys: 1, bytes: model('mul').length });
    expect(found.models).toMatchObject([{ model: 'm', device: 'CPU', runs: 1, failures: 0, pending: 0 }]);
    expect(found.models[0]?.bytes).toBeGreaterThan(model('mul').length);
    expect(found.models[0]?.stagesUs.compute).toBeGreaterThan(0);
    expect(found.devices).toMatchObject([{ device: 'CPU', queueLength: 0, stuckThreads: 0 }]);
    const unknown = found.errors.find(({ message }) => message.includes("'NOPE'"));
    expect(unknown?.count).toBe(3);
    expect(unknown?.message).not.toContain('secret');
    const [slow] = found.slowRuns;
    expect(slow?.model).toBe('m');
    const { queue = 0, assembly = 0, compute = 0, reply = 0 } = slow?.stagesUs ?? {};
    expect(queue + assembly + compute + reply).toBeCloseTo(slow?.totalUs ?? 0, 1);
  });

  test('events come each second, and tell what models did in it', async () => {
    let isDone = false;
    const running = (async () => {
      while (!isDone) expect(await runModel()).toBe('OK');
    })();
    const events = await eventsUntil(({ models }) => (models[0]?.runsPerSecond ?? 0) > 0);
    isDone = true;
    await running;
    const last = events.at(-1) as LiveEvent;
    expect(last.models[0]).toMatchObject({ model: 'm', batchRows: 1 });
    expect(last.models[0]?.p50Us).toBeGreaterThan(0);
    expect(last.models[0]?.p99Us).toBeGreaterThanOrEqual(last.models[0]?.p50Us as number);
    expect(last.sample.runsPerSecond).toBeGreaterThan(0);
    expect(last.sample.commandsPerSecond).toBeGreaterThanOrEqual(last.sample.runsPerSecond);
    expect((await snapshot()).history.map(({ at }) => at)).toContain(last.sample.at);
  });

  test('the node closes while somebody listens to events', async () => {
    const node = await startHttpNode();
    const reply = await get(node, '/api/events');
    await node.close();
    await expect(reply.text()).rejects.toThrow();
  });
});
