import { once } from 'node:events';
import { seededRandom } from '../../scripts/onnx-builder.ts';
import type { Address } from '../connection.ts';
import { type BenchModel, expectTensor, tensorset } from '../models.ts';
import { describe, expectOk, type ReplyCheck } from '../operation.ts';
import type { Argument } from '../requests.ts';
import { type Recorder, TimedConnection } from './recorder.ts';

/** A client of the load: does its next step when its turn comes. */
export interface SoakClient {
  readonly name: string;
  step(): Promise<void>;
  close(): void;
}

/** Keys of each kind: the data stops growing once all are there. */
const KEYS = 50;
const TENSOR_BYTES = [16, 4096, 65_536, 600_000] as const;
/** Models are stored anew this often, so that sessions come and go. */
const RUNS_PER_MODEL = 200;
/** Replies that a slow reader asks for at once, 600 kB each, and how long it does not read. */
const SLOW_REPLIES = 8;
const SLOW_MS = 300;

type Step = (connection: TimedConnection, below: (limit: number) => number) => Promise<void>;

const anything: ReplyCheck = (reply) => (reply instanceof Error ? describe(reply) : null);
const expectBytes =
  (expected: Uint8Array): ReplyCheck =>
  (reply) =>
    Buffer.isBuffer(reply) && reply.equals(expected)
      ? null
      : `not the bytes that were stored: ${describe(reply)}`;

/** One client of each kind, tensors and models twice. */
export async function makeClients(
  address: Address,
  model: BenchModel,
  recorder: Recorder,
): Promise<SoakClient[]> {
  const steps: [string, Step][] = [
    ['tensors 1', tensors('1')],
    ['tensors 2', tensors('2')],
    ['models 1', models('1', model)],
    ['models 2', models('2', model)],
    ['DAGs', dags(model)],
    ['strings', strings],
    ['expiries', expiries],
    ['hashes and sets', hashesAndSets],
    ['lists and sorted sets', listsAndSortedSets],
    ['scripts', scripts],
    ['transactions', transactions],
  ];
  const clients: SoakClient[] = [];
  for (const [i, [name, step]] of steps.entries()) {
    const connection = await TimedConnection.connect(address, recorder);
    const random = seededRandom(i);
    const below = (limit: number) => Math.floor(random() * limit);
    clients.push({ name, step: () => step(connection, below), close: () => connection.close() });
  }
  return [...clients, reconnecting(address, recorder), slowReader(address, recorder)];
}

function tensors(name: string): Step {
  const stored = new Map<string, Buffer>();
  return async (connection, below) => {
    const size = TENSOR_BYTES[below(10) === 0 ? 3 : below(3)] as number;
    const key = `tensor:${name}:${size}:${below(size > 100_000 ? 4 : KEYS)}`;
    const bytes = stored.get(key);
    if (bytes === undefined || below(2) === 0) {
      const fresh = Buffer.alloc(size, below(256));
      stored.set(key, fresh);
      await connection.ask(expectOk, 'AI.TENSORSET', key, 'UINT8', size, 'BLOB', fresh);
    } else await connection.ask(expectBytes(bytes), 'AI.TENSORGET', key, 'BLOB');
  };
}

function models(name: string, model: BenchModel): Step {
  const key = `model:${name}`;
  let runs = 0;
  return async (connection, below) => {
    if (runs++ % RUNS_PER_MODEL === 0) {
      // Under its own key and a second one, which is deleted: both ways in which sessions go.
      for (const to of [key, `${key}:b`]) {
        await connection.ask(
          expectOk,
          'AI.MODELSTORE',
          to,
          'ONNX',
          'CPU',
          'BATCHSIZE',
          8,
          'BLOB',
          model.bytes,
        );
      }
      await connection.ask(expectOk, 'AI.MODELDEL', `${key}:b`);
    }
    const sample = model.samples[below(model.samples.length)] as BenchModel['samples'][number];
    const inputs = sample.inputs.map((_, i) => `in:${name}:${i}`);
    const outputs = sample.outputs.map((_, i) => `out:${name}:${i}`);
    for (const [i, input] of sample.inputs.entries()) {
      await connection.ask(expectOk, ...tensorset(inputs[i] as string, input));
    }
    await connection.ask(expectOk, ...execute(key, inputs, outputs));
    for (const [i, output] of sample.outputs.entries()) {
      await connection.ask(expectTensor(output), 'AI.TENSORGET', outputs[i] as string, 'BLOB');
    }
  };
}

function execute(key: string, inputs: readonly string[], outputs: readonly string[]): Argument[] {
  return [
    ...['AI.MODELEXECUTE', key, 'INPUTS', inputs.length, ...inputs],
    ...['OUTPUTS', outputs.length, ...outputs],
  ];
}

function dags(model: BenchModel): Step {
  const sample = model.samples[0] as BenchModel['samples'][number];
  const inputs = sample.inputs.map((_, i) => `a${i}`);
  const outputs = sample.outputs.map((_, i) => `b${i}`);
  const operations = [
    ...sample.inputs.flatMap((input, i) => ['|>', ...tensorset(inputs[i] as string, input)]),
    ...['|>', ...execute('model:dag', inputs, outputs)],
    ...outputs.flatMap((name) => ['|>', 'AI.TENSORGET', name, 'BLOB']),
  ];
  const checks: ReplyCheck[] = [
    ...sample.inputs.map(() => expectOk),
    expectOk,
    ...sample.outputs.map((output) => expectTensor(output)),
  ];
  const check: ReplyCheck = (reply) => {
    if (!Array.isArray(reply) || reply.length !== checks.length) return describe(reply);
    return checks.map((one, i) => one(reply[i] ?? null)).find((wrong) => wrong !== null) ?? null;
  };
  let stored = false;
  return async (connection) => {
    if (!stored)
      await connection.ask(expectOk, 'AI.MODELSTORE', 'model:dag', 'ONNX', 'CPU', 'BLOB', model.bytes);
    stored = true;
    await connection.ask(check, 'AI.DAGEXECUTE', 'PERSIST', 1, outputs[0] as string, ...operations);
  };
}

const strings: Step = async (connection, below) => {
  const key = `string:${below(KEYS)}`;
  const value = Buffer.alloc(1 + below(2000), below(256));
  await connection.ask(expectOk, 'SET', key, value);
  await connection.ask(expectBytes(value), 'GET', key);
  await connection.ask(anything, 'INCR', `counter:${below(KEYS)}`);
};

const expiries: Step = async (connection, below) => {
  // Names without end: only expiry takes them away.
  await connection.ask(expectOk, 'SET', `expiring:${below(2 ** 31)}`, 'x'.repeat(100), 'PX', 1 + below(3000));
  await connection.ask(anything, 'PEXPIRE', `string:${below(KEYS)}`, 1 + below(10_000));
};

const hashesAndSets: Step = async (connection, below) => {
  const [hash, set] = [`hash:${below(KEYS)}`, `set:${below(KEYS)}`];
  await connection.ask(anything, 'HSET', hash, `f${below(200)}`, 'v'.repeat(below(100)));
  await connection.ask(anything, 'HDEL', hash, `f${below(200)}`);
  await connection.ask(anything, 'SADD', set, below(500), below(500));
  await connection.ask(anything, 'SPOP', set);
};

const listsAndSortedSets: Step = async (connection, below) => {
  const [list, scores] = [`list:${below(KEYS)}`, `scores:${below(KEYS)}`];
  await connection.ask(anything, 'RPUSH', list, 'e'.repeat(below(100)));
  await connection.ask(expectOk, 'LTRIM', list, -100, -1);
  await connection.ask(anything, 'ZADD', scores, below(1000), `m${below(300)}`);
  await connection.ask(anything, 'ZREMRANGEBYRANK', scores, 100, -1);
};

const SCRIPTS = [
  "redis.call('set', KEYS[1], ARGV[1]) return redis.call('strlen', KEYS[1])",
  'local t = {} for i = 1, 100 do t[i] = i * tonumber(ARGV[1]) end return cjson.encode(t)',
  "return redis.call('hincrby', KEYS[1] .. ':h', ARGV[1], 1)",
];

const scripts: Step = async (connection, below) => {
  const source = SCRIPTS[below(SCRIPTS.length)] as string;
  await connection.ask(anything, 'EVAL', source, 1, `script:${below(KEYS)}`, below(100));
};

const transactions: Step = async (connection, below) => {
  const key = `pair:${below(KEYS)}`;
  const queued: ReplyCheck = (reply) => (String(reply) === 'QUEUED' ? null : describe(reply));
  await connection.ask(expectOk, 'WATCH', key);
  await connection.ask(expectOk, 'MULTI');
  await connection.ask(queued, 'SET', key, below(1000));
  await connection.ask(queued, 'GET', key);
  await connection.ask(anything, 'EXEC');
};

/** Comes, says who it is, does a little, and goes: in order, or in the midst of a reply, or while it waits for a list. */
function reconnecting(address: Address, recorder: Recorder): SoakClient {
  let visits = 0;
  return {
    name: 'reconnecting',
    async step() {
      const connection = await TimedConnection.connect(address, recorder);
      await connection.ask(expectOk, 'CLIENT', 'SETNAME', `visit-${visits++}`);
      await connection.ask(anything, 'SUBSCRIBE', `channel:${visits % 7}`);
      await connection.ask(anything, 'UNSUBSCRIBE');
      if (visits % 3 === 0) connection.socket.write('BLPOP nothing 0\r\n');
      if (visits % 3 === 1) connection.socket.write('AI.TENSORGET slow BLOB\r\n'.repeat(3));
      if (visits % 5 === 0) connection.socket.resetAndDestroy();
      connection.close();
    },
    close() {},
  };
}

/** Asks for more than a socket takes, looks away for a while, and reads it all: the node has to hold its replies meanwhile. */
function slowReader(address: Address, recorder: Recorder): SoakClient {
  const bytes = Buffer.alloc(600_000, 7);
  return {
    name: 'slow reader',
    async step() {
      const connection = await TimedConnection.connect(address, recorder);
      await connection.ask(expectOk, 'AI.TENSORSET', 'slow', 'UINT8', bytes.length, 'BLOB', bytes);
      connection.close();
      const { socket } = await TimedConnection.connect(address, recorder);
      socket.pause();
      socket.write('AI.TENSORGET slow BLOB\r\n'.repeat(SLOW_REPLIES));
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      const before = socket.bytesRead;
      socket.resume();
      socket.end('QUIT\r\n');
      await once(socket, 'close');
      const read = socket.bytesRead - before;
      if (read < SLOW_REPLIES * bytes.length) recorder.failed(`a slow reader got ${read} bytes only`);
    },
    close() {},
  };
}
