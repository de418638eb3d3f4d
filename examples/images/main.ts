// Reads digits from images of any size: npm run example:images
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { connect, tensor } from 'tessera/client';
import { type GreyImage, readPgm } from './pgm.ts';

await using ai = await connect(process.env.TESSERA_URL ?? 'redis://127.0.0.1:7000');
const here = (file: string) => path.join(import.meta.dirname, file);

await ai.model('digits{images}').storeFile(here('digits.onnx'));
await ai.script('steps{images}').store(await readFile(here('preparation.py'), 'utf8'), ['prepare', 'best']);

// Everything but the image itself, to be run again and again.
const classify = async (image: GreyImage) =>
  ai
    .dag()
    .set({ image: tensor(image.pixels, [1, image.height, image.width]) })
    .script('steps{images}', 'prepare', { inputs: ['image'], outputs: ['pixels'] })
    .model('digits{images}', { inputs: ['pixels'], outputs: ['chances'] })
    .script('steps{images}', 'best', { inputs: ['chances'], outputs: ['digits', 'best'] })
    .get('digits', 'INT64')
    .get('best', 'FLOAT')
    .run();

/** The image in characters, 24 to a line. */
function draw({ width, height, pixels }: GreyImage): string {
  const columns = 24;
  const rows = Math.round((columns * height) / width / 2);
  const at = (row: number, column: number) => {
    const y = Math.floor(((row + 0.5) * height) / rows);
    return pixels[y * width + Math.floor(((column + 0.5) * width) / columns)] as number;
  };
  const line = (_: unknown, row: number) =>
    Array.from({ length: columns }, (_, column) => ' .:*#'[Math.min(4, Math.floor(at(row, column) / 51.2))])
      .join('')
      .trimEnd();
  return Array.from({ length: rows }, line).join('\n');
}

for (const file of (await readdir(here('digits'))).sort()) {
  const image = readPgm(await readFile(here(`digits/${file}`)));
  const { digits, best } = await classify(image);
  const percent = (i: number) => `${digits.data[i]} (${(100 * (best.data[i] ?? 0)).toFixed(0)} %)`;
  console.log(`${draw(image)}\n${file}, ${image.width}x${image.height}: ${percent(0)}, else ${percent(1)}\n`);
}
