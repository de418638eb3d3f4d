import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Writes pages that are made from the code; with --check on the command line only tells, by the exit code too, whether they are up to date.
 * @param pages paths relative to this folder, and their texts.
 */
export function writeOrCheck(pages: readonly (readonly [path: string, text: string])[]): void {
  for (const [path, text] of pages) {
    const file = new URL(path, import.meta.url);
    if (!process.argv.includes('--check')) writeFileSync(file, text);
    else if (readFileSync(file, 'utf8') !== text) {
      process.stderr.write(`${path} is out of date: npm run docs\n`);
      process.exitCode = 1;
    }
  }
}
