import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServeOn } from '../support/serve.ts';
import { randomFrom, Writer } from './writers.ts';

/** `npm run test:faults` makes it 200; the usual run is short. */
const ROUNDS = Number(process.env.TESSERA_FAULT_ROUNDS ?? 4);

let node: ServedNode | undefined;

afterEach(() => node?.kill());

describe.each(['everysec', 'always'])('durability %s', (durability) => {
  test(`nothing acknowledged is lost in ${ROUNDS} rounds of kill -9`, {
    timeout: 60_000 + ROUNDS * 10_000,
  }, async () => {
    const data = mkdtempSync(path.join(tmpdir(), 'tessera-'));
    const writers = Array.from({ length: 6 }, (_, i) => new Writer(`w${i}`, i + 1));
    const random = randomFrom(7);
    const acknowledged = () => writers.reduce((sum, writer) => sum + writer.steps, 0);
    const lost: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      node = await startServeOn(data, '--durability', durability);
      const { port } = node;
      const client = await RespClient.connect(node.port);
      for (const writer of writers) lost.push(...(await writer.check(client)));
      client.close();
      const before = acknowledged();
      const writing = writers.map((writer) => writer.write(port));
      // Some rounds have a checkpoint under way when the end comes.
      if (round % 2 === 1)
        void RespClient.connect(port)
          .then((c) => c.send('BGSAVE'))
          .catch(() => {});
      // However slow the disk is, a round without a write would show nothing.
      await vi.waitFor(() => expect(acknowledged()).toBeGreaterThan(before), {
        timeout: 20_000,
        interval: 5,
      });
      await new Promise((resolve) => setTimeout(resolve, random(450)));
      await node.kill();
      await Promise.all(writing);
    }
    node = await startServeOn(data);
    const client = await RespClient.connect(node.port);
    for (const writer of writers) lost.push(...(await writer.check(client)));
    client.close();
    await node.stop();
    console.info(
      `${durability}: ${ROUNDS} rounds, ${acknowledged()} writes acknowledged, ${lost.length} lost`,
    );
    expect(lost).toEqual([]);
  });
});
