import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Random } from '../support/differential.ts';
import {
  exportedSamples,
  type ModelSample,
  onnxSamples,
  scriptedSamples,
  tensorflowSamples,
  tfliteSamples,
} from '../support/model-samples.ts';
import { model } from '../support/node.ts';
import { floats, RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServe } from '../support/serve.ts';

/** `npm run test:fuzz` makes 2,000, and takes real models too where there are some. */
const COPIES = Number(process.env.TESSERA_FUZZ_MODELS ?? 200);
const SEED = Number(process.env.TESSERA_FUZZ_SEED ?? 3);
const MEBIBYTE = 1024 * 1024;
const EXECUTION_TIMEOUT_MS = 1000;
/** Memory is looked at this often. */
const SAMPLE_EVERY = 10;

let node: ServedNode | undefined;
let client: RespClient | undefined;

afterEach(async () => {
  client?.close();
  await node?.kill();
});

/**
 * The bytes with one or two accidents. Most keep the length, or few copies would get past the protobuf parser: a byte changed, a bit
 * turned, zeros. The others cut a piece out, double one, or end the file early. Half of them are near the beginning or the end, where the
 * structure of a model with large weights is.
 */
function mutate(bytes: Uint8Array, random: Random): Buffer {
  let out = Buffer.from(bytes);
  for (let i = 1 + random.below(2); i > 0; i--) {
    const edge = random.below(Math.min(2048, out.length));
    const at = random.pick([random.below(out.length), random.below(out.length), edge, out.length - 1 - edge]);
    const length = 1 + random.below(Math.min(16, out.length - at));
    const replace = (until: number, piece: Uint8Array) =>
      Buffer.concat([out.subarray(0, at), piece, out.subarray(until)]);
    const accidents = [
      () => replace(at + 1, Uint8Array.of(random.below(256))),
      () => replace(at + 1, Uint8Array.of((out[at] as number) ^ (1 << random.below(8)))),
      () => replace(at + length, new Uint8Array(length)),
      () => replace(at + length, new Uint8Array(0)),
      () => replace(at, out.subarray(at, at + length)),
      () => out.subarray(0, Math.max(at, 1)),
    ];
    out = Buffer.from(
      (accidents[random.below(random.below(4) > 0 ? 2 : accidents.length)] as () => Buffer)(),
    );
  }
  return out;
}

/** Starts a node with an undamaged model and the tensors that the samples run on. */
async function startOver(samples: readonly ModelSample[]): Promise<RespClient> {
  client?.close();
  await node?.kill();
  node = await startServe('--model-execution-timeout', String(EXECUTION_TIMEOUT_MS), '--log-format', 'json');
  client = await RespClient.connect(node.port);
  expect(await client.send('AI.MODELSTORE', 'good', 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
  expect(await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'BLOB', floats(3, 4))).toBe('OK');
  for (const [s, { inputs }] of samples.entries()) {
    for (const [i, { dtype, shape }] of inputs.entries()) {
      expect(await client.send('AI.TENSORSET', `in:${s}:${i}`, dtype, ...shape)).toBe('OK');
    }
  }
  return client;
}

async function figures(from: RespClient) {
  const text = String(await from.send('INFO', 'everything'));
  const field = (name: string) => Number(new RegExp(`^${name}:(.*)\\r$`, 'm').exec(text)?.[1]);
  return {
    usedBytes: field('used_memory'),
    sessions: field('ai_sessions'),
    stuckThreads: field('ai_stuck_threads'),
    rssBytes: field('used_memory_rss'),
    workersReplaced: field('ai_workers_replaced'),
  };
}

type Outcome = 'refused' | 'ran' | 'failed';

/** Stores the model, runs it where it is taken, and deletes it. @throws Error where the node ends or tells of a bug. */
async function tryModel(on: RespClient, s: number, sample: ModelSample, bytes: Uint8Array): Promise<Outcome> {
  const stored = await on.send(
    'AI.MODELSTORE',
    'damaged',
    sample.backend,
    'CPU',
    ...sample.storeArguments,
    'BLOB',
    bytes,
  );
  if (stored instanceof Error) {
    expect(stored.message).not.toBe('ERR internal error');
    return 'refused';
  }
  expect(stored).toBe('OK');
  const meta = (await on.send('AI.MODELGET', 'damaged', 'META')) as unknown[];
  // A damaged model may have lost an input, or an output.
  const [inputs, outputs] = [meta[11] as unknown[], meta[13] as unknown[]];
  const from = inputs.map((_, i) => `in:${s}:${Math.min(i, sample.inputs.length - 1)}`);
  const to = outputs.map((_, i) => `out:${i}`);
  const ran = await on.send(
    ...['AI.MODELEXECUTE', 'damaged', 'INPUTS', from.length, ...from, 'OUTPUTS', to.length, ...to],
  );
  if (ran instanceof Error) expect(ran.message).not.toBe('ERR internal error');
  expect(await on.send('AI.MODELDEL', 'damaged')).toBe('OK');
  if (to.length > 0) await on.send('DEL', ...to);
  return ran instanceof Error ? 'failed' : 'ran';
}

async function checkGoodModel(on: RespClient): Promise<void> {
  expect(await on.send('AI.MODELEXECUTE', 'good', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'c')).toBe('OK');
  expect(await on.send('AI.TENSORGET', 'c', 'VALUES')).toEqual(['9', '16']);
  await on.send('DEL', 'c');
}

/** Keeps a file that did harm, so that it can be looked into. */
function keep(index: number, { name }: ModelSample, bytes: Uint8Array): string {
  const folder = path.join(import.meta.dirname, '../../test-output');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `model-${SEED}-${index}-${name}`);
  writeFileSync(file, bytes);
  return `copy ${index} of ${name}, ${file}`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

test(`${COPIES} damaged models are stored and run, or refused; the node lives and an undamaged one stays right`, {
  timeout: 60_000 + COPIES * 2000,
}, async () => {
  // Samples of other formats join here.
  const withReal = process.env.TESSERA_FUZZ_MODELS !== undefined;
  const samples = [
    ...(await onnxSamples(withReal)),
    ...(await tfliteSamples(withReal)),
    ...tensorflowSamples(),
    ...exportedSamples(),
    ...scriptedSamples(withReal),
  ];
  let on = await startOver(samples);
  const before = await figures(on);
  const outcomes: Record<Outcome, number> = { refused: 0, ran: 0, failed: 0 };
  /** What ended the process, and what was answered in time but still holds its thread: no run can be stopped inside the runtime. */
  const [deadly, late]: [string[], string[]] = [[], []];
  let slowest = { ms: 0, copy: '' };
  /** Since the node was started last. */
  let resident: number[] = [];
  for (let i = 0; i < COPIES; i++) {
    const s = i % samples.length;
    const sample = samples[s] as ModelSample;
    const bytes = mutate(sample.bytes, new Random(Math.imul(SEED, 0x9e3779b1) ^ Math.imul(i, 0x85ebca6b)));
    const started = performance.now();
    /** Whether the node is of no more use. */
    let isSpent = false;
    try {
      outcomes[await tryModel(on, s, sample, bytes)]++;
      await checkGoodModel(on);
      isSpent = performance.now() - started > EXECUTION_TIMEOUT_MS && (await figures(on)).stuckThreads > 0;
      if (isSpent) late.push(keep(i, sample, bytes));
    } catch (error) {
      const copy = keep(i, sample, bytes);
      if ((error as Error).message !== 'connection closed') throw new Error(copy, { cause: error });
      deadly.push(copy);
      isSpent = true;
    }
    const ms = Math.round(performance.now() - started);
    if (ms > slowest.ms) slowest = { ms, copy: `copy ${i} of ${sample.name}` };
    if (isSpent) {
      on = await startOver(samples);
      resident = [];
    } else if (i % SAMPLE_EVERY === 0) resident.push((await figures(on)).rssBytes);
  }
  await vi.waitFor(async () => expect((await figures(on)).sessions).toBe(before.sessions), {
    timeout: 10_000,
  });
  const after = await figures(on);
  const quarter = resident.length >> 2;
  const [residentEarly, residentLate] = [
    median(resident.slice(quarter, 2 * quarter)),
    median(resident.slice(-quarter)),
  ];
  console.info(
    JSON.stringify({
      copies: COPIES,
      seed: SEED,
      models: samples.length,
      outcomes,
      deadly,
      late,
      slowest,
      before,
      residentEarly,
      residentLate,
      after,
    }),
  );
  expect(deadly).toEqual([]);
  expect(late.length).toBeLessThanOrEqual(COPIES / 200);
  // The seed has some of each, or the test would look at one way only.
  for (const [outcome, count] of Object.entries(outcomes))
    expect([outcome, count > 0]).toEqual([outcome, true]);
  expect(after.usedBytes).toBe(before.usedBytes);
  // Single figures jump with what the runtime keeps of the last large model.
  if (quarter > 1) expect(residentLate).toBeLessThan(residentEarly + 256 * MEBIBYTE);
  expect(node?.log()).not.toMatch(/"level":[56]0/);
});
