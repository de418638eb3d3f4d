import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Random } from '../../support/differential.ts';
import { mutate } from './mutations.ts';
import { validStream } from './streams.ts';
import { type Figures, Target } from './target.ts';

/** `npm run test:fuzz` sends 100,000. */
const INPUTS = Number(process.env.TESSERA_FUZZ_INPUTS ?? 2000);
const SEED = Number(process.env.TESSERA_FUZZ_SEED ?? 20_240_229);
const SWEEP_EVERY = 250;
const MEBIBYTE = 1024 * 1024;

let target: Target | undefined;
afterEach(async () => {
  target?.close();
  await target?.node.kill();
});

/** The input of this number: the same in every run with the same seed. */
function input(index: number, dumps: readonly Uint8Array[]): { bytes: Buffer; random: Random } {
  const random = new Random(Math.imul(SEED, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
  const valid = validStream(random, dumps);
  if (random.below(10) === 0) return { bytes: valid, random };
  return { bytes: mutate(valid, random, random.below(4) === 0 ? validStream(random, dumps) : valid), random };
}

/** Keeps what broke the node, so that it can be sent again. */
function keep(index: number, bytes: Uint8Array): string {
  const folder = path.join(import.meta.dirname, '../../../test-output');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `resp-fuzz-${SEED}-${index}.bin`);
  writeFileSync(file, bytes);
  return file;
}

test(`${INPUTS} damaged requests (seed ${SEED}) neither end the node, nor reach what others have, nor leave anything behind`, {
  timeout: 60_000 + INPUTS * 50,
}, async () => {
  target = await Target.start(mkdtempSync(path.join(tmpdir(), 'tessera-')));
  const before = await target.figures();
  await target.plantCanaries();
  await target.plantProps();
  const dumps = target.dumps();
  const outcomes = { inStep: 0, outOfStep: 0, closed: 0, dropped: 0, deaf: 0 };
  let warm: Figures | undefined;
  for (let i = 0; i < INPUTS; i++) {
    const { bytes, random } = input(i, dumps);
    try {
      const { ending, inStep } = await target.attack(bytes, random);
      outcomes[ending !== 'marked' ? ending : inStep ? 'inStep' : 'outOfStep']++;
      await target.check();
      if (i % SWEEP_EVERY === SWEEP_EVERY - 1) await target.sweep();
    } catch (error) {
      const { message } = error as Error;
      const hint = `TESSERA_FUZZ_SEED=${SEED} repeats it, ${keep(i, bytes)} holds it`;
      throw new Error(`input ${i}: ${message}; ${hint}`, { cause: error });
    }
    if (i === Math.min(INPUTS >> 1, 1000)) warm = await target.figures();
  }
  // Requests that are all refused at once, or connections that all end alike, would look at one side only.
  for (const [outcome, count] of Object.entries(outcomes))
    expect([outcome, count > 0]).toEqual([outcome, true]);
  const done = await target.figures();
  expect(done.commands).toBeGreaterThan(2 * INPUTS);
  expect(done.commandNames).toBeGreaterThan(Math.min(200, INPUTS / 10));
  const attacked = target;
  await attacked.empty();
  await vi.waitFor(
    async () => {
      const { clients, blocked, channels, usedBytes, sessions } = await attacked.figures();
      expect({ clients, blocked, channels, usedBytes, sessions }).toEqual({
        ...{ clients: 1, blocked: 0, channels: 0, usedBytes: before.usedBytes, sessions: 0 },
      });
    },
    { timeout: 10_000, interval: 100 },
  );
  const after = await attacked.figures();
  console.info(JSON.stringify({ inputs: INPUTS, seed: SEED, outcomes, before, warm, done, after }));
  expect(after.descriptors).toBeLessThanOrEqual((warm as Figures).descriptors);
  expect(after.rssBytes).toBeLessThan((warm as Figures).rssBytes + 256 * MEBIBYTE);
});
