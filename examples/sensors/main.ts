// Scores readings of a pump as they arrive in a list: npm run example:sensors
import path from 'node:path';
import { connect, tensor } from 'tessera/client';
import { readings } from './readings.ts';

const url = process.env.TESSERA_URL ?? 'redis://127.0.0.1:7000';
const [ai, producer] = await Promise.all([connect(url), connect(url)]);

const LARGEST_BATCH = 16;
/** In standard deviations of normal readings. */
const ALARM = 5;
const [queue, pending, scores] = ['readings{pump}', 'pending{pump}', 'scores{pump}'];

await ai.redis.del([queue, pending, scores]);
const model = ai.model('distance{pump}', { inputs: { readings: 'FLOAT' }, outputs: { distances: 'FLOAT' } });
await model.storeFile(path.join(import.meta.dirname, 'distance.onnx'), { batchSize: 64 });

/** What a device does: it sends its reading and goes on. */
async function produce(): Promise<void> {
  for (const reading of readings(40)) await producer.redis.rPush(queue, JSON.stringify(reading));
}

/** Waits for a reading, takes those that have come meanwhile, and runs them as one batch. */
async function scoreNext(): Promise<number> {
  // Readings stay in `pending` until their scores are kept: a scorer that dies loses none.
  const first = await ai.redis.blMove(queue, pending, 'LEFT', 'RIGHT', 5);
  if (first === null) return 0;
  const others = Array.from({ length: LARGEST_BATCH - 1 }, () =>
    ai.redis.lMove(queue, pending, 'LEFT', 'RIGHT'),
  );
  const taken = [first, ...(await Promise.all(others))].filter((text) => text !== null);
  const batch = taken.map((text) => JSON.parse(text) as { at: string; values: number[] });
  const { distances } = await model.run({
    readings: tensor(
      'FLOAT',
      batch.map(({ values }) => values),
    ),
  });
  await ai.redis
    .multi()
    .zAdd(
      scores,
      batch.map(({ at }, i) => ({ value: at, score: distances.data[i] as number })),
    )
    .lTrim(pending, taken.length, -1)
    .exec();
  batch.forEach(({ at, values }, i) => {
    const distance = distances.data[i] as number;
    const [temperature, vibration, current] = values.map((value) => value.toFixed(1));
    if (distance > ALARM) {
      console.log(`${at}  ALARM ${distance.toFixed(1)}: ${temperature} C, ${vibration} mm/s, ${current} A`);
    }
  });
  return batch.length;
}

const producing = produce();
for (let scored = 0; scored < 40; ) scored += await scoreNext();
await producing;
const worst = await ai.redis.zRangeWithScores(scores, 0, 2, { REV: true });
console.log(`scored ${await ai.redis.zCard(scores)}; furthest from normal:`);
for (const { value, score } of worst) console.log(`  ${value}  ${score.toFixed(1)}`);
await Promise.all([ai.close(), producer.close()]);
