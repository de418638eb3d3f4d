import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { startNode } from '../support/node.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { type RecordedLine, replay, replyIn } from './recording.ts';

const FILES = ['language', 'libraries', 'calls', 'commands'];
const RUNS = FILES.flatMap((file) => [2, 3].map((protocol) => [file, protocol as 2 | 3] as const));

function recording(file: string): RecordedLine[] {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, 'recorded', `${file}.json`), 'utf8'));
}

async function differing(port: number, protocol: 2 | 3, lines: readonly RecordedLine[]): Promise<unknown[]> {
  const replies = await replay(port, protocol, lines);
  return lines
    .map((line, i) => ({ cmd: line.cmd, recorded: replyIn(line, protocol), reply: replies[i] }))
    .filter(({ recorded, reply }) => JSON.stringify(recorded) !== JSON.stringify(reply));
}

describe('scripts are answered as Redis 7.0 answered them', () => {
  let node: TesseraNode;

  beforeAll(async () => {
    node = await startNode();
  });
  afterAll(() => node.close());

  test.each(RUNS)('%s in RESP%i', async (file, protocol) => {
    expect(await differing(node.port, protocol, recording(file))).toEqual([]);
  });
});

if (noRedis !== undefined) console.log(`recordings are not compared with a real Redis: ${noRedis}`);

describe.skipIf(noRedis !== undefined)('the recordings are those of a real Redis', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  test.each(RUNS)('%s in RESP%i', async (file, protocol) => {
    expect(await differing(redis.port, protocol, recording(file))).toEqual([]);
  });
});
