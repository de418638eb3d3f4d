import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPS } from '../../../src/backends/tensorflow/ops/index.ts';

const folder = new URL('./', import.meta.url);
const support = new URL('../../support/', import.meta.url);
const files = [
  ...readdirSync(folder).map((name) => new URL(name, folder)),
  ...readdirSync(support)
    .filter((name) => name.startsWith('tensorflow'))
    .map((name) => new URL(name, support)),
];
const sources = files.map((file) => readFileSync(file, 'utf8')).join('\n');
/** Names as nodes have them: in quotes. One that a test puts together from parts is not found, so write them out. */
const named = new Set(Array.from(sources.matchAll(/'(_?[A-Z]\w*)'/g), ([, name]) => name));

test('every op that can be lowered is named by a test', () => {
  expect(OPS.size).toBeGreaterThan(300);
  expect([...OPS.keys()].filter((op) => !named.has(op))).toEqual([]);
});
