// Scores card purchases against the habits of whoever pays: npm run example:fraud
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { connect, tensor } from 'tessera/client';

await using ai = await connect(process.env.TESSERA_URL ?? 'redis://127.0.0.1:7000');
const here = (file: string) => path.join(import.meta.dirname, file);

// All keys have the tag {fraud}: a DAG runs in one hash slot.
await ai.model('model{fraud}').storeFile(here('fraud.onnx'));
await ai.script('features{fraud}').store(await readFile(here('features.py'), 'utf8'), ['features']);

// The reference data: what each customer usually spends (mean and spread), and how far from home (km).
const habits = { ana: [40, 15, 4], ben: [900, 300, 60] };
for (const [who, values] of Object.entries(habits)) {
  await ai.setTensor(`habits:${who}{fraud}`, tensor('FLOAT', values));
}

/** The chance that each purchase (amount, km from home, hour, minutes since the last one) is a fraud: one round trip. */
async function score(who: string, purchases: number[][]): Promise<Float32Array> {
  const { chances } = await ai
    .dag()
    .load({ habits: `habits:${who}{fraud}` })
    .set({ purchases: tensor('FLOAT', purchases) })
    .script('features{fraud}', 'features', { inputs: ['purchases', 'habits'], outputs: ['features'] })
    .model('model{fraud}', { inputs: ['features'], outputs: ['chances'] })
    .persist({ chances: `latest:${who}{fraud}` })
    .get('chances', 'FLOAT')
    .run();
  return chances.data;
}

const purchases = [
  [35, 3, 13, 900],
  [800, 40, 15, 600],
  [800, 5200, 3, 2],
];
for (const who of Object.keys(habits)) {
  const chances = await score(who, purchases);
  purchases.forEach(([amount, km, hour], i) => {
    // Two columns for each purchase: honest, fraud.
    const chance = chances[2 * i + 1] as number;
    const verdict = chance > 0.5 ? 'STOP' : 'ok';
    const what = `${amount} EUR, ${km} km from home, ${hour}:00`.padEnd(36);
    console.log(`${who}  ${what} ${(100 * chance).toFixed(1).padStart(5)} %  ${verdict}`);
  });
}
