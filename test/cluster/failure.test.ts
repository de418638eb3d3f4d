import { availableParallelism, loadavg } from 'node:os';
import calculateSlot from 'cluster-key-slot';
import { afterEach, expect, test, vi } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { model } from '../support/node.ts';
import { type Parsed, RespClient } from '../support/resp-client.ts';

/** A requirement: how long after its death a node serves again. */
const BACK_WITHIN_MS = 3000;
const CLIENTS = 24;
const PAUSE_MS = 20;
/** Busy processes a core before the test begins; beyond it the time tells of the machine and not of the server. */
const MOST_CROWDED = 3;

let cluster: TestCluster | undefined;
const clients: RespClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  const running = cluster;
  cluster = undefined;
  expect(await running?.stop()).toBe(0);
});

async function connect(port: number): Promise<RespClient> {
  const client = await RespClient.connect(port);
  clients.push(client);
  return client;
}

/** A hash tag whose slot the node of that index has. */
function tagOf(index: number): string {
  for (let i = 0; ; i++) if (Math.floor(calculateSlot(`t${i}`) / 5461) === index) return `{t${i}}`;
}

/** Tries until a command is answered; every refusal on the way is that of a node that does not run. */
async function firstReply(port: number): Promise<Parsed> {
  for (;;) {
    const client = await RespClient.connect(port).catch((error: NodeJS.ErrnoException) => {
      expect(['ECONNREFUSED', 'ECONNRESET']).toContain(error.code);
      return null;
    });
    const reply = await client?.send('PING').catch(() => undefined);
    client?.close();
    if (reply !== undefined) return reply;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('kill -9 of a node under load: the others answer all they are asked, and it serves again within 3 s', async () => {
  const crowd = (loadavg()[0] as number) / availableParallelism();
  cluster = await startCluster();
  const { ports } = cluster;
  const [first, second, victim] = ports as [number, number, number];
  for (const [index, port] of ports.entries()) {
    const client = await connect(port);
    const tag = tagOf(index);
    expect(await client.send('AI.MODELSTORE', `m${tag}`, 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
    await client.send('AI.TENSORSET', `a${tag}`, 'FLOAT', 1, 2, 'VALUES', 3, 4);
  }
  let stopped = false;
  const answered = [0, 0, 0];
  /** One round of each client is five commands, each compared with what it has to be. */
  const load = async (client: RespClient, index: number, id: number): Promise<void> => {
    const tag = tagOf(index);
    const [m, a, c, k] = [`m${tag}`, `a${tag}`, `c${id}${tag}`, `k${id}${tag}`];
    for (let round = 0; !stopped; round++) {
      expect(await client.send('SET', k, round)).toBe('OK');
      expect(await client.send('GET', k)).toBe(String(round));
      expect(await client.send('AI.MODELEXECUTE', m, 'INPUTS', 2, a, a, 'OUTPUTS', 1, c)).toBe('OK');
      expect(await client.send('AI.TENSORGET', c, 'VALUES')).toEqual(['9', '16']);
      expect(await client.send('DEL', k)).toBe(1);
      answered[index] = (answered[index] as number) + 5;
      // Some thousand commands a second in all: the load is there, and leaves the machine room to start a process.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const others = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => connect(i % 2 === 0 ? first : second)),
  );
  const loads = others.map((client, i) => load(client, i % 2, i));
  const onVictim = await Promise.all(Array.from({ length: CLIENTS / 2 }, () => connect(victim)));
  const lost = onVictim.map((client, i) => load(client, 2, i).catch((error: Error) => error.message));
  const pid = Number(
    /process_id:(\d+)/.exec(String(await (await connect(victim)).send('INFO', 'SERVER')))?.[1],
  );

  await vi.waitFor(() => expect(Math.min(...answered)).toBeGreaterThan(0), { timeout: 20_000, interval: 5 });
  const before = [...answered];
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  const reply = await firstReply(victim);
  const away = performance.now() - killedAt;
  stopped = true;

  expect(reply).toBe('PONG');
  await Promise.all(loads);
  for (const [index, count] of before.slice(0, 2).entries()) expect(answered[index]).toBeGreaterThan(count);
  expect(new Set(await Promise.all(lost))).toEqual(new Set(['connection closed']));
  if (crowd > MOST_CROWDED) {
    console.warn(
      `skipped: the limit of 3 s, with ${crowd.toFixed(1)} busy processes a core; it took ${away} ms`,
    );
  } else expect(away).toBeLessThan(BACK_WITHIN_MS);

  // What it had acknowledged is there, and its model runs.
  const again = await connect(victim);
  const tag = tagOf(2);
  const run = ['AI.MODELEXECUTE', `m${tag}`, 'INPUTS', 2, `a${tag}`, `a${tag}`, 'OUTPUTS', 1, `c${tag}`];
  expect(await again.send(...run)).toBe('OK');
  expect(await again.send('AI.TENSORGET', `c${tag}`, 'VALUES')).toEqual(['9', '16']);
});
