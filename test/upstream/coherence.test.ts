import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildModel } from '../../scripts/onnx-builder.ts';
import type { TesseraNode } from '../../src/node.ts';
import { parseUpstream } from '../../src/upstream/upstream-address.ts';
import { randomFrom } from '../faults/writers.ts';
import { oneOperator } from '../support/models.ts';
import { startNode } from '../support/node.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { Register } from '../support/register.ts';
import { type Parsed, RespClient } from '../support/resp-client.ts';

/** `npm run test:coherence` makes it 20,000; the usual run is short. */
const CHECKS = Number(process.env.TESSERA_COHERENCE_CHECKS ?? 1500);
const SEED = Number(process.env.TESSERA_COHERENCE_SEED ?? 1);
const NODES = 3;
const READERS = 6;
/** Models that are told apart by what they add. */
const MODELS = 4;

/** What readers see under a key: the number that a tensor is made of, or one of these. */
const ABSENT = 0;
const OTHER = -1;
const TORN = Number.NaN;

type Call = (...args: (string | number | Uint8Array)[]) => Promise<Parsed>;

/** A tensor of as many rows as its number says, all of it that number: pieces of two of them fit together nowhere. */
const rows = (content: number) => 1 + (content % 61) * (content % 5 === 0 ? 40 : 1);
const bytesOf = (content: number) => new Uint8Array(new Float32Array(2 * rows(content)).fill(content).buffer);
const set = (key: string, content: number) =>
  ['AI.TENSORSET', key, 'FLOAT', rows(content), 2, 'BLOB', bytesOf(content)] as const;

/** The number that a tensor is made of; TORN where it is of more than one. @param sign what a model has made of it. */
function contentOf(reply: Parsed | undefined, sign = 1): number {
  if (reply instanceof Error) {
    if (/tensor key is empty/.test(reply.message)) return ABSENT;
    if (/^WRONGTYPE/.test(reply.message)) return OTHER;
    throw reply;
  }
  const bytes = Buffer.from(reply as Buffer | string);
  const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const content = sign * (numbers[0] ?? TORN);
  const isWhole = numbers.length === 2 * rows(content) && numbers.every((x) => sign * x === content);
  return isWhole ? content : TORN;
}

const adding = (n: number) =>
  buildModel({
    name: `adds${n}`,
    inputs: [{ name: 'x', type: 'float', shape: [1] }],
    outputs: [{ name: 'y', type: 'float', shape: [1] }],
    initializers: [{ name: 'n', shape: [1], data: Float32Array.of(n) }],
    operators: [{ type: 'Add', inputs: ['x', 'n'], outputs: ['y'] }],
  });

describe.skipIf(noRedis !== undefined)('what nodes keep at hand', () => {
  let redis: RedisServer;
  let nodes: TesseraNode[];
  const clients: RespClient[] = [];
  const callerOf = async (port: number): Promise<Call> => {
    const client = await RespClient.connect(port);
    clients.push(client);
    return (...args) => client.send(...args);
  };
  /** For what must not fail. */
  const strict =
    (call: Call): Call =>
    async (...args) => {
      const reply = await call(...args);
      if (reply instanceof Error) throw new Error(`${args[0]} ${args[1]}: ${reply.message}`);
      return reply;
    };

  beforeAll(async () => {
    redis = await startRedis();
    const address = parseUpstream(`127.0.0.1:${redis.port}`);
    nodes = await Promise.all(Array.from({ length: NODES }, () => startNode({}, 0, { redis: { address } })));
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await Promise.all(nodes.map((node) => node.close()));
    await redis.stop();
  });

  const runs = Math.max(60_000, CHECKS * 30);
  test('is never older than what was acknowledged, and never of two writes', { timeout: runs }, async () => {
    const random = randomFrom(SEED);
    const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;
    const behind = strict(await callerOf(redis.port));
    const tensors = Array.from({ length: 4 }, (_, i) => new Register(`tensor:${i}`, ABSENT));
    const pairs = Array.from({ length: 2 }, (_, i) => new Register(`pair:${i}`, ABSENT));
    const models = Array.from({ length: 2 }, (_, i) => new Register(`model:${i}`, ABSENT));
    const all = [...tensors, ...pairs, ...models];
    const checks = () => all.reduce((sum, { checks }) => sum + checks, 0);
    const isOver = () => checks() >= CHECKS || all.some(({ wrong }) => wrong.length > 0);

    for (let n = 1; n <= MODELS; n++)
      await strict(await callerOf(nodes[0]?.port as number))(
        ...['AI.MODELSTORE', `adds${n}`, 'ONNX', 'CPU', 'BLOB', adding(n)],
      );
    const first = strict(await callerOf(nodes[0]?.port as number));
    await first('AI.MODELSTORE', 'neg', 'ONNX', 'CPU', 'BLOB', oneOperator('Neg'));
    await first('AI.TENSORSET', 'zero', 'FLOAT', 1, 'VALUES', 0);
    await behind('RPUSH', 'list', 'no tensor');

    const writersOf = async () => Promise.all(nodes.map(async ({ port }) => strict(await callerOf(port))));

    const writeTensors = async (register: Register<number>) => {
      const { name: key } = register;
      const through = await writersOf();
      const [spare, archive] = [`${key}:spare`, `${key}:archive`];
      await pick(through)(...set(archive, 1));
      for (let content = 2; !isOver(); content++) {
        await pick(through)(...set(spare, content));
        const ways: (() => Promise<void>)[] = [
          () => register.write(content, () => pick(through)(...set(key, content))),
          () => register.write(content, () => pick(through)(...set(key, content))),
          () => register.write(content, () => behind('RENAME', spare, key)),
          () => register.write(content, () => pick(through)('RENAME', spare, key)),
          () =>
            register.write(content, () =>
              behind('EVAL', "return redis.call('COPY',KEYS[1],KEYS[2],'REPLACE')", 2, spare, key),
            ),
          () =>
            register.write(content, async () => {
              const payload = (await behind('DUMP', spare)) as Buffer;
              await behind('RESTORE', key, 0, payload, 'REPLACE');
            }),
          async () => {
            await register.write(ABSENT, () => behind('DEL', key));
            await register.write(content, () => behind('COPY', spare, key));
          },
          () => register.write(ABSENT, () => pick(through)('UNLINK', key)),
          // A value that was there before, with the header that it had.
          () => register.write(1, () => behind('COPY', archive, key, 'REPLACE')),
          () => register.write(OTHER, () => behind('SET', key, 'no tensor, but as long as a header')),
          () => register.write(OTHER, () => behind('COPY', 'list', key, 'REPLACE')),
          async () => {
            // What runs write over must be a tensor.
            await register.write(ABSENT, () => behind('DEL', key));
            await pick(through)('AI.MODELEXECUTE', 'neg', 'INPUTS', 1, spare, 'OUTPUTS', 1, `${key}:minus`);
            const run = ['AI.MODELEXECUTE', 'neg', 'INPUTS', 1, `${key}:minus`, 'OUTPUTS', 1, key] as const;
            await register.write(content, () => pick(through)(...run));
          },
        ];
        await pick(ways)();
      }
    };

    /** Two tensors that are written together and have to be seen together. */
    const writePairs = async (register: Register<number>) => {
      const [a, b] = [`${register.name}:a`, `${register.name}:b`];
      const through = await writersOf();
      for (let content = 1; !isOver(); content++) {
        const node = pick(through);
        const ways: (() => Promise<unknown>)[] = [
          () => node('AI.DAGEXECUTE', 'PERSIST', 2, a, b, '|>', ...set(a, content), '|>', ...set(b, content)),
          async () => {
            await Promise.all([
              node('MULTI'),
              node(...set(a, content)),
              node(...set(b, content)),
              node('EXEC'),
            ]);
          },
          async () => {
            await node(...set(`${a}:spare`, content));
            await node(...set(`${b}:spare`, content));
            const script = "redis.call('RENAME',KEYS[1],KEYS[2]) return redis.call('RENAME',KEYS[3],KEYS[4])";
            await behind('EVAL', script, 4, `${a}:spare`, a, `${b}:spare`, b);
          },
        ];
        await register.write(content, pick(ways));
      }
    };

    const writeModels = async (register: Register<number>) => {
      const { name: key } = register;
      const through = await writersOf();
      while (!isOver()) {
        const n = 1 + random(MODELS);
        const ways: (() => Promise<void>)[] = [
          () =>
            register.write(n, () => pick(through)('AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB', adding(n))),
          () => register.write(n, () => behind('COPY', `adds${n}`, key, 'REPLACE')),
          async () => {
            await register.write(n, () => behind('COPY', `adds${n}`, key, 'REPLACE'));
            await register.write(ABSENT, () => pick(through)('AI.MODELDEL', key));
          },
        ];
        await pick(ways)();
      }
    };

    const inDag = async (call: Call, ...args: (string | number)[]) => {
      const reply = await call('AI.DAGEXECUTE_RO', ...args);
      return Array.isArray(reply) ? reply : [reply];
    };
    const negated = (key: string) => ['AI.MODELEXECUTE', 'neg', 'INPUTS', 1, key, 'OUTPUTS', 1] as const;

    const readTensor = (call: Call, { name: key }: Register<number>, own: string) => ({
      get: async () => contentOf(await call('AI.TENSORGET', key, 'BLOB')),
      run: async () => {
        const reply = await call(...negated(key), own);
        return reply instanceof Error
          ? contentOf(reply)
          : contentOf(await call('AI.TENSORGET', own, 'BLOB'), -1);
      },
      dag: async () => {
        const replies = await inDag(
          call,
          ...['LOAD', 1, key, '|>', 'AI.TENSORGET', key, 'BLOB', '|>', ...negated(key), 'out'],
          ...['|>', 'AI.TENSORGET', 'out', 'BLOB'],
        );
        const [got, , ran] = replies;
        if (replies.length === 1) return contentOf(got);
        const content = contentOf(got);
        return contentOf(ran, -1) === content ? content : TORN;
      },
    });

    const readPair = async (call: Call, { name }: Register<number>) => {
      const [a, b] = [`${name}:a`, `${name}:b`];
      const replies = await inDag(
        call,
        ...['LOAD', 2, a, b, '|>', 'AI.TENSORGET', a, 'BLOB', '|>', 'AI.TENSORGET', b, 'BLOB'],
      );
      const content = contentOf(replies[0]);
      return replies.length === 1 || contentOf(replies[1]) === content ? content : TORN;
    };

    const readModel = async (call: Call, { name: key }: Register<number>, own: string) => {
      const reply = await call('AI.MODELEXECUTE', key, 'INPUTS', 1, 'zero', 'OUTPUTS', 1, own);
      if (reply instanceof Error) {
        if (/model key is empty/.test(reply.message)) return ABSENT;
        throw reply;
      }
      const [added] = (await call('AI.TENSORGET', own, 'VALUES')) as string[];
      return Number(added);
    };

    const read = async (index: number) => {
      const call = await callerOf(nodes[index % NODES]?.port as number);
      const own = `reader:${index}`;
      while (!isOver()) {
        const register = pick(all);
        if (pairs.includes(register)) await register.read('DAG', () => readPair(call, register));
        else if (models.includes(register))
          await register.read('MODELEXECUTE', () => readModel(call, register, own));
        else {
          const ways = readTensor(call, register, own);
          const how = pick(Object.keys(ways) as (keyof typeof ways)[]);
          await register.read(how, ways[how]);
        }
      }
    };

    await Promise.all([
      ...tensors.map(writeTensors),
      ...pairs.map(writePairs),
      ...models.map(writeModels),
      ...Array.from({ length: READERS }, (_, i) => read(i)),
    ]);
    console.info(`${checks()} checks of ${all.reduce((sum, { writes }) => sum + writes, 0)} writes`);
    expect(all.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(checks()).toBeGreaterThanOrEqual(CHECKS);
  });
});
