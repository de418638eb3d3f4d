import { expect, test } from 'vitest';
import { countedLoop } from '../support/models.ts';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import { RespClient } from '../support/resp-client.ts';
import { startServe } from '../support/serve.ts';

const fixture = nodeFixture();
const LATE = 'Exiting due to terminate flag being set to true';
/** Several times the limit of 50 ms below, on any processor. */
const LONG = 300_000;

async function storeLoop(client: RespClient): Promise<void> {
  expect(await client.send('AI.MODELSTORE', 'slow', 'ONNX', 'CPU', 'BLOB', countedLoop())).toBe('OK');
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 1);
  await client.send('AI.TENSORSET', 'long', 'INT64', 1, 'VALUES', LONG);
  await client.send('AI.TENSORSET', 'short', 'INT64', 1, 'VALUES', 1);
}

const slow = (rounds: string) =>
  ['AI.MODELEXECUTE', 'slow', 'INPUTS', 2, 'x', rounds, 'OUTPUTS', 1, 'y'] as const;

test('a run past the execution timeout is answered, its worker replaced, others go on', async () => {
  const client = await fixture.start({ executionTimeoutMs: 300 });
  await client.send('AI.MODELSTORE', 'loop', 'ONNX', 'CPU', 'BLOB', model('endless_loop'));
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 0);
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 2);
  const other = await fixture.connect();
  const late = client.error('AI.MODELEXECUTE', 'loop', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y');
  expect(await other.send('PING')).toBe('PONG');
  expect(await late).toBe(LATE);
  expect(await other.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'c')).toBe('OK');
  expect(await other.error('AI.MODELEXECUTE', 'loop', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y')).toBe(
    'ERR model is set aside: an earlier run is past MODEL_EXECUTION_TIMEOUT and has not ended',
  );
  expect(String(await other.send('INFO', 'MODULES'))).toContain('ai_runs_timed_out:1\r\n');
});

test('a run that ends after its time is over does no harm, and its model is served again', async () => {
  const client = await fixture.start({ executionTimeoutMs: 50 });
  const { devices } = fixture.node.context;
  await storeLoop(client);
  expect(await client.error(...slow('long'))).toBe(LATE);
  expect(devices.stuckThreads).toBe(1);
  await expect.poll(() => devices.stuckThreads, { timeout: 30_000 }).toBe(0);
  expect(await client.send('EXISTS', 'y')).toBe(0);
  expect(await client.send(...slow('short'))).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['-1']);
  expect(devices.counters()).toMatchObject({ timedOutRuns: 1, workersReplaced: 1 });
  await expect.poll(() => devices.sessions).toBe(1);
});

test('a model that is replaced while its run is late is served at once', async () => {
  const client = await fixture.start({ executionTimeoutMs: 50 });
  await storeLoop(client);
  expect(await client.error(...slow('long'))).toBe(LATE);
  expect(await client.send('AI.MODELSTORE', 'slow', 'ONNX', 'CPU', 'BLOB', countedLoop())).toBe('OK');
  expect(await client.send(...slow('short'))).toBe('OK');
  await expect.poll(() => fixture.node.context.devices.stuckThreads, { timeout: 30_000 }).toBe(0);
});

test.each([
  ['ends while it stops', countedLoop(), 'INPUTS 2 x rounds', 0],
  ['never ends', model('endless_loop'), 'INPUTS 1 x', null],
] as const)('a node that is told to stop during a run that %s ends, too', async (_, blob, inputs, code) => {
  const node = await startServe('--model-execution-timeout', '60000');
  const [client, other] = [await RespClient.connect(node.port), await RespClient.connect(node.port)];
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', blob);
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1);
  await client.send('AI.TENSORSET', 'rounds', 'INT64', 1, 'VALUES', 100_000);
  const run = client.send('AI.MODELEXECUTE', 'm', ...inputs.split(' '), 'OUTPUTS', 1, 'y').catch(String);
  await expect.poll(async () => String(await other.send('CLIENT', 'LIST'))).toContain('cmd=ai.modelexecute');
  process.kill(node.pid, 'SIGTERM');
  expect(await run).toBe('Error: connection closed');
  expect(await node.exited).toBe(code);
});
