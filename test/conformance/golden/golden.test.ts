import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { GoldenClient, type GoldenReply } from '../../support/golden-client.ts';
import { type ServedNode, startServe } from '../../support/serve.ts';
import { EXCEPTIONS, type Exception } from './exceptions.ts';

type Argument =
  | string
  | number
  | { file: string; part?: [number, number?] }
  | { f32: number[] }
  | { b64: string };

interface Line {
  readonly cmd: Argument[];
  readonly reply: GoldenReply;
  readonly crashed?: true;
}

function bytesOf(argument: Argument): string | number | Uint8Array {
  if (typeof argument !== 'object') return argument;
  if ('f32' in argument) return new Uint8Array(Float32Array.from(argument.f32).buffer);
  if ('b64' in argument) return Buffer.from(argument.b64, 'base64');
  const bytes = readFileSync(path.join(import.meta.dirname, 'models', argument.file));
  return bytes.subarray(...(argument.part ?? [0]));
}

function recording(name: string): Line[] {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, `${name}.json`), 'utf8'));
}

/** Durations differ from run to run; the recordings have a mark in their place. */
function withoutDuration(command: Argument[], reply: GoldenReply): GoldenReply {
  if (command[0] !== 'AI.INFO' || !Array.isArray(reply)) return reply;
  return reply.map((value, i) => (/^[$+]duration$/.test(String(reply[i - 1])) ? '(us)' : value));
}

function allowed(exception: Exception | undefined, reply: GoldenReply, recorded: GoldenReply): boolean {
  if (exception === undefined) return false;
  if (typeof exception.reply === 'function') return exception.reply(reply, recorded);
  return JSON.stringify(exception.reply) === JSON.stringify(reply);
}

describe('replies recorded from RedisAI', () => {
  let node: ServedNode;

  beforeAll(async () => {
    node = await startServe('--model-execution-timeout', '1000');
  });
  afterAll(() => node.stop());

  const files = ['tensor', 'model', 'deprecated', 'dag', 'script', 'misc'];
  test.each(files.flatMap((file) => [2, 3].map((protocol) => [file, protocol as 2 | 3] as const)))(
    '%s in RESP%i',
    async (file, protocol) => {
      const client = await GoldenClient.connect(node.port, protocol);
      await client.send(['FLUSHALL']);
      const differing: unknown[] = [];
      const used = new Set<Exception>();
      for (const { cmd, reply: recorded } of recording(`${file}.resp${protocol}`)) {
        const reply = withoutDuration(cmd, await client.send(cmd.map(bytesOf)));
        if (JSON.stringify(reply) === JSON.stringify(recorded)) continue;
        const command = JSON.stringify(cmd);
        const exception = EXCEPTIONS.find((e) => e.file === file && command.startsWith(e.command));
        if (exception !== undefined) used.add(exception);
        if (!allowed(exception, reply, recorded)) differing.push({ command, recorded, reply });
      }
      client.close();
      expect(differing).toEqual([]);
      // An exception that nothing needs any more must go.
      expect(EXCEPTIONS.filter((e) => e.file === file && !used.has(e))).toEqual([]);
    },
  );
});

describe('replies recorded from a cluster of RedisAI', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    // As recorded: the slots of {1} and {2} belong to different nodes.
    cluster = await startCluster(['0-8191', '8192-12287', '12288-16383']);
  });
  afterAll(() => cluster.stop());

  test('are the same but for the port that a client is sent to', async () => {
    const client = await GoldenClient.connect(cluster.ports[1] as number, 2);
    const differing: unknown[] = [];
    for (const { cmd, reply: recorded } of recording('cluster.resp2')) {
      const reply = await client.send(cmd.map(bytesOf));
      const withoutPort = (r: GoldenReply) =>
        JSON.stringify(r).replace(/(MOVED \d+ 127\.0\.0\.1:)\d+/, '$1port');
      if (withoutPort(reply) !== withoutPort(recorded)) differing.push({ cmd, recorded, reply });
    }
    client.close();
    expect(differing).toEqual([]);
  });
});
