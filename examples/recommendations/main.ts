// Films like those that somebody liked: npm run example:recommendations
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { connect, tensor } from 'tessera/client';
import catalogue from './films.json' with { type: 'json' };

await using ai = await connect(process.env.TESSERA_URL ?? 'redis://127.0.0.1:7000');
const here = (file: string) => path.join(import.meta.dirname, file);

await ai.model('nearest{films}').storeFile(here('nearest.onnx'));
await ai.script('taste{films}').store(await readFile(here('taste.py'), 'utf8'), ['taste']);

// The embeddings: a row of length 1 for each film.
const titles = Object.keys(catalogue.films);
const rows = Object.values(catalogue.films).map((row) => row.map((x) => x / Math.hypot(...row)));
await ai.setTensor('embeddings{films}', tensor('FLOAT', rows));

/** Keeps what somebody likes as a tensor under a key, from which the other films are ranked. */
async function like(who: string, liked: string[]): Promise<void> {
  const numbers = tensor(
    'INT64',
    liked.map((title) => titles.indexOf(title)),
  );
  await ai
    .dag()
    .load({ films: 'embeddings{films}' })
    .set({ numbers })
    .script('taste{films}', 'taste', { inputs: ['films', 'numbers'], outputs: ['taste', 'seen'] })
    .persist({ taste: `taste:${who}{films}`, seen: `seen:${who}{films}` })
    .run();
}

const nearest = ai.model('nearest{films}', {
  inputs: { taste: 'FLOAT', films: 'FLOAT', seen: 'FLOAT' },
  outputs: { scores: 'FLOAT', indices: 'INT64' },
});

/** The three films that are nearest to somebody's taste. Only the answer crosses the network: all inputs lie under keys. */
async function recommend(who: string): Promise<string[]> {
  const { scores, indices } = await nearest.run({
    taste: `taste:${who}{films}`,
    films: 'embeddings{films}',
    seen: `seen:${who}{films}`,
  });
  return Array.from(indices.data, (film, i) => `${titles[Number(film)]} (${scores.data[i]?.toFixed(2)})`);
}

const likes = { ana: ['Alien', 'The Matrix'], ben: ['Notting Hill', 'Amelie'], eva: ['Toy Story'] };
for (const [who, liked] of Object.entries(likes)) {
  await like(who, liked);
  console.log(`${who} likes ${liked.join(', ')}\n    next: ${(await recommend(who)).join(', ')}`);
}
